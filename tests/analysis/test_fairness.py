"""The ledger of what every arm was given, and the comparison that gives one of them more."""

import pytest

from tl.analysis.fairness import steps_per_epoch, with_more_epochs
from tl.analysis.records import RunRecord
from tl.analysis.results import Learning, Ledger
from tl.analysis.verdict import verdict
from tl.config import ArmConfig, Experiment
from tl.store.documents import Result
from tl.store.metrics import METRICS, table

ARMS = (
    ArmConfig(name="scratch", strategy="scratch", learning_rate=3e-3),
    ArmConfig(name="full_finetuning", strategy="full_finetuning", epochs=8),
)


def experiment(**settings) -> Experiment:
    """Two arms of 500 pictures in batches of 32."""
    return Experiment(**{"dataset": "blossoms", "samples": 500, "epochs": 20, "arms": ARMS} | settings)


def run(arm: str, accuracies, status: str = "finished", **result) -> RunRecord:
    """A run with one epoch per validation accuracy."""
    rows = [{"epoch": epoch, "val_accuracy": accuracy} for epoch, accuracy in enumerate(accuracies, 1)]
    record = {"run_id": arm, "arm": arm, "seed": 0, "status": status}
    return RunRecord(
        **record, metrics=table(rows, METRICS), result=Result(**{"status": status, "test_accuracy": 0.5} | result)
    )


def ledgers(spec: Experiment, *runs: RunRecord) -> dict[str, Ledger]:
    """Arm -> its ledger in the verdict's summary."""
    return {arm: own.ledger for arm, own in verdict(spec, runs).summary.items()}


def test_every_arm_shows_what_it_was_given():
    found = ledgers(
        experiment(),
        run("scratch", [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.65, 0.68, 0.7, 0.74]),
        run("full_finetuning", [0.5, 0.7, 0.7], stopped_early=True),
    )
    scratch, full = found["scratch"], found["full_finetuning"]
    assert (scratch.budget, full.budget) == (20, 8)
    assert (scratch.steps, full.steps) == (10 * 16, 3 * 16)
    assert (scratch.learning_rate, scratch.rate_chosen) == (3e-3, "given")
    assert (full.learning_rate, full.rate_chosen) == (1e-4, "default")
    assert (scratch.stopped_early, scratch.out_of_budget) == (0, 1)
    assert (full.stopped_early, full.out_of_budget) == (1, 0)
    # the last fifth of ten epochs and the one before: 0.68, 0.70, 0.74, least squares slope 0.03
    assert scratch.late_slope == pytest.approx(0.03)
    assert scratch.late_rise == pytest.approx(0.06)
    assert (scratch.learning, full.learning) == (Learning.STILL_IMPROVING, Learning.CONVERGED)


def test_a_rate_from_a_range_test_is_named_as_one():
    arms = (ARMS[0], ArmConfig(name="full_finetuning", strategy="full_finetuning"))
    found = ledgers(experiment(arms=arms, find_rate=True), run("full_finetuning", [0.5], learning_rate=4e-4))
    assert found["scratch"].rate_chosen == "given", "its own rate comes first"
    assert (found["full_finetuning"].learning_rate, found["full_finetuning"].rate_chosen) == (4e-4, "found")
    unknown = ledgers(experiment(arms=arms, find_rate=True), run("full_finetuning", [0.5]))
    assert unknown["full_finetuning"].learning_rate is None


def test_a_run_that_was_cut_short_is_counted_as_that():
    entry = ledgers(experiment(), run("scratch", [0.1, 0.2], status="stopped"))["scratch"]
    assert (entry.cut_short, entry.out_of_budget, entry.stopped_early) == (1, 0, 0)


def test_a_run_that_is_not_counted_is_not_what_an_arm_is_judged_by():
    finished = [run("scratch", [0.3, 0.5, 0.7, 0.7, 0.7]) for _ in range(3)]
    diverged = run("scratch", [0.1, 0.4], status="failed", reason="diverged")
    entry = ledgers(experiment(), *finished, diverged)["scratch"]
    assert (entry.learning, entry.late_rise, entry.late_slope) == ("converged", 0.0, pytest.approx(0.0))
    assert ledgers(experiment(), diverged)["scratch"].learning == Learning.STILL_IMPROVING, "the only one there is"


def test_a_rise_of_exactly_the_margin_counts_as_converged():
    assert ledgers(experiment(), run("scratch", [0.5, 0.5, 0.5, 0.5, 0.51]))["scratch"].late_rise <= 0.0100001
    found = verdict(experiment(), [run("scratch", [0.5] * 4 + [0.51])], margin=0.0101)
    assert found.summary["scratch"].ledger.learning == Learning.CONVERGED


@pytest.mark.parametrize("batch_size", [2, 32, 500])
def test_steps_are_those_the_trainer_takes(batch_size):
    from tl.train.batches import number_of_batches

    counts = [2, 3, 31, 32, 33, 34, 63, 64, 65, 499, 500, 501, 1001]
    trained = [number_of_batches(count, batch_size) for count in counts]
    assert [steps_per_epoch(count, batch_size) for count in counts] == trained
    assert steps_per_epoch(None, batch_size) is None


def test_more_epochs_are_a_new_comparison_that_changes_one_budget():
    longer = with_more_epochs(experiment(patience=3), "scratch", stopped_early=False)
    assert [arm.epochs for arm in longer.arms] == [40, 8]
    assert longer.patience == 3
    assert longer == experiment(patience=3, arms=longer.arms), "everything else stays"
    patient = with_more_epochs(experiment(patience=3), "full_finetuning", stopped_early=True)
    assert ([arm.epochs for arm in patient.arms], patient.patience) == ([None, 16], 6)
    assert with_more_epochs(experiment(epochs=1000), "scratch", stopped_early=False) is None
