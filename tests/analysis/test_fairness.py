"""The ledger of what every arm was given, and the comparison that gives one of them more."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.verdict_lab import answers
from tl.analysis import fairness_wording
from tl.analysis.fairness import remedy, steps_per_epoch
from tl.analysis.guessing import Pictures, counted
from tl.analysis.records import RunRecord
from tl.analysis.results import Learning, Ledger
from tl.analysis.verdict import verdict
from tl.config import ArmConfig, Experiment
from tl.store.documents import Result
from tl.store.metrics import METRICS, typed_frame

ARMS = (
    ArmConfig(name="scratch", strategy="scratch", learning_rate=3e-3),
    ArmConfig(name="full_finetuning", strategy="full_finetuning", epochs=8),
)


def experiment(**settings) -> Experiment:
    """Two arms of 500 pictures in batches of 32: 16 steps an epoch."""
    return Experiment(**{"dataset": "blossoms", "samples": 500, "epochs": 20, "arms": ARMS} | settings)


def run(arm: str, accuracies, status: str = "finished", **result) -> RunRecord:
    """A run with one epoch per validation accuracy."""
    rows = [{"epoch": epoch, "val_accuracy": accuracy} for epoch, accuracy in enumerate(accuracies, 1)]
    record = {"run_id": arm, "arm": arm, "seed": 0, "status": status}
    return RunRecord(
        **record, metrics=typed_frame(rows, METRICS), result=Result(**{"status": status, "test_accuracy": 0.5} | result)
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
    assert (scratch.learning, full.learning) == (Learning.TOO_FEW_STEPS, Learning.CONVERGED)
    assert (scratch.patience_steps, full.patience_steps) == (300, 0), "pretrained weights need no least number"
    assert (full.patience, full.patience_start, full.patience_errors) == (3, 5, 1.0)


def test_a_rate_from_a_range_test_is_named_as_one():
    arms = (ARMS[0], ArmConfig(name="full_finetuning", strategy="full_finetuning"))
    found = ledgers(experiment(arms=arms, find_rate=True), run("full_finetuning", [0.5], learning_rate=4e-4))
    assert found["scratch"].rate_chosen == "given", "its own rate comes first"
    assert (found["full_finetuning"].learning_rate, found["full_finetuning"].rate_chosen) == (4e-4, "found")
    unknown = ledgers(experiment(arms=arms, find_rate=True), run("full_finetuning", [0.5]))
    assert unknown["full_finetuning"].learning_rate is None


def test_an_arm_that_is_computed_in_one_go_has_neither_rate_nor_steps_and_nothing_remedies_it():
    arms = (ARMS[0], ArmConfig(name="nearest_mean", strategy="nearest_mean", epochs=9, learning_rate=0.1))
    spec = experiment(arms=arms, find_rate=True)
    found = ledgers(spec, run("scratch", [0.1] * 20), run("nearest_mean", [0.8]))["nearest_mean"]
    assert (found.budget, found.steps, found.learning_rate, found.usual_rate) == (1, 0, None, None)
    assert (found.rate_chosen, found.learning) == ("none", Learning.CONVERGED)
    for learning in Learning:
        assert remedy(spec, "nearest_mean", replace(found, learning=learning)) is None


def test_a_run_that_was_cut_short_is_counted_as_that():
    entry = ledgers(experiment(), run("scratch", [0.1, 0.2], status="stopped"))["scratch"]
    assert (entry.cut_short, entry.out_of_budget, entry.stopped_early) == (1, 0, 0)


def test_a_run_that_is_not_counted_is_not_what_an_arm_is_judged_by():
    finished = [run("scratch", [0.3, 0.5, 0.7, 0.7, 0.7]) for _ in range(3)]
    diverged = run("scratch", [0.1, 0.4], status="failed", reason="diverged")
    entry = ledgers(experiment(patience_steps=80), *finished, diverged)["scratch"]
    assert (entry.learning, entry.late_rise, entry.late_slope) == ("converged", 0.0, pytest.approx(0.0))
    assert ledgers(experiment(), diverged)["scratch"].learning == Learning.DIVERGED, "the only one there is"


def test_a_rise_of_exactly_the_margin_counts_as_converged():
    assert ledgers(experiment(), run("scratch", [0.5, 0.5, 0.5, 0.5, 0.51]))["scratch"].late_rise <= 0.0100001
    found = verdict(experiment(patience_steps=0), [run("scratch", [0.5] * 4 + [0.51])], margin=0.0101)
    assert found.summary["scratch"].ledger.learning == Learning.CONVERGED


@pytest.mark.parametrize("batch_size", [2, 32, 500])
def test_steps_are_those_the_trainer_takes(batch_size):
    from tl.train.batches import number_of_batches

    counts = [2, 3, 31, 32, 33, 34, 63, 64, 65, 499, 500, 501, 1001]
    trained = [number_of_batches(count, batch_size) for count in counts]
    assert [steps_per_epoch(count, batch_size) for count in counts] == trained
    assert steps_per_epoch(None, batch_size) is None


def state(*runs: RunRecord, validation=(100,) * 10, test=(100,) * 10, **settings) -> Learning:
    """The state of from scratch after these runs; ten classes of 100 pictures each on either side."""
    pictures = {"validation": Pictures(validation), "test": Pictures(test)}
    return verdict(experiment(**settings), runs, **pictures).summary["scratch"].ledger.learning


FLAT = [0.5] * 20  # 20 epochs of 16 steps


def test_an_arm_has_converged_where_nothing_speaks_against_it():
    assert state(run("scratch", FLAT)) == Learning.CONVERGED
    assert state(run("scratch", FLAT[:18])) == Learning.TOO_FEW_STEPS, "288 steps"
    assert state(run("scratch", FLAT[:18]), patience_steps=288) == Learning.CONVERGED
    cut = run("scratch", [0.1], status="stopped")
    assert state(run("scratch", FLAT), cut) == Learning.CONVERGED, "the steps of what does not count don't count"
    assert state(run("scratch", [0.4] * 19 + [0.5])) == Learning.STILL_IMPROVING
    assert state(run("scratch", FLAT), run("scratch", FLAT[:3], status="running")) == Learning.UNKNOWN


def test_an_arm_whose_runs_were_all_cut_short_has_not_converged():
    for status in ("stopped", "interrupted", "failed"):
        assert state(run("scratch", FLAT, status=status)) == Learning.STOPPED


def test_a_plateau_of_few_validation_pictures_may_be_chance():
    few = (18, 18)
    assert state(run("scratch", FLAT, test_accuracy=0.9), validation=few, test=(300, 300)) == Learning.TOO_NOISY
    # standard error of 50 % on 278 pictures: 2.999 points, on 277: 3.004
    assert state(run("scratch", FLAT, test_accuracy=0.9), validation=(139, 139)) == Learning.CONVERGED
    assert state(run("scratch", FLAT, test_accuracy=0.9), validation=(139, 138)) == Learning.TOO_NOISY
    runs = [run("scratch", FLAT, test_accuracy=0.9) for _ in range(8)]
    assert state(*runs, validation=few, test=(300, 300)) == Learning.CONVERGED, "eight runs are 288 answers"
    # standard error of 50 % in each of two classes, of 900 and 20 pictures: 5.7 points, of all alike 1.6
    uneven = {"validation": (900, 20), "judge_by": "balanced_accuracy"}
    right = replace(run("scratch", FLAT, best_val_balanced_accuracy=0.5), answers=answers([True] * 100))
    assert state(right, **uneven) == Learning.TOO_NOISY
    assert state(right, **uneven | {"judge_by": "accuracy"}, test=(900, 20)) == Learning.LEARNED_NOTHING
    assert state(run("scratch", FLAT, test_accuracy=0.99), validation=(900, 20)) == Learning.CONVERGED


@pytest.mark.parametrize(
    ("right", "pictures", "above"),
    [
        (158, (84,) * 4 + (83,) * 8, True),  # 158 of 1,000, 12 classes: 8 standard errors above chance
        (111, (84,) * 4 + (83,) * 8, True),  # 3 standard errors above 8.4 % are 110.3
        (110, (84,) * 4 + (83,) * 8, False),
        (2, (2, 2), False),
        (4, (2, 2), False),  # guessing gets 4 of 4 right one time in 16
        (600, (600, 400), False),  # always the commonest
        (660, (600, 400), True),
    ],
)
def test_one_rule_says_what_is_better_than_guessing(right, pictures, above):
    accuracy = right / sum(pictures)
    tested = counted([run("scratch", [0.0], test_accuracy=accuracy)], Pictures((5, 5)), Pictures(pictures))
    assert (tested.accuracy, tested.above_guessing) == (accuracy, above), "the test set counts once there are results"
    validated = counted([run("scratch", [accuracy], status="stopped")], Pictures(pictures), Pictures((5, 5)))
    assert (validated.accuracy, validated.above_guessing) == (accuracy, above)


def test_what_guessing_reaches_where_classes_count_alike():
    uneven = Pictures((900, 100), balanced=True)
    # guessing each class half of the time: variance (1/4)(1/900 + 1/100)/4, standard error 2.635 points
    assert (uneven.chance, uneven.limit) == (0.5, pytest.approx(0.5 + 3 * 0.026352, abs=1e-5))
    labels = [0] * 900 + [1] * 100

    def answered(first: int, second: int) -> RunRecord:
        right = [True] * first + [False] * (900 - first) + [True] * second + [False] * (100 - second)
        return replace(run("scratch", [0.9], test_accuracy=(first + second) / 1000), answers=answers(right, labels))

    assert counted([answered(900, 0)], None, uneven).above_guessing is False, "always the commonest"
    assert counted([answered(720, 80)], None, uneven).above_guessing is True, "though that gets 90 % and this 80 %"
    assert counted([answered(720, 80)], None, uneven).accuracy == pytest.approx(0.8)
    assert counted([answered(720, 80)], None, None).above_guessing is None
    assert Pictures((50, 0, 50), balanced=True).chance == 0.5, "a class without pictures can't be recognised"


def test_an_arm_at_chance_has_learned_nothing_however_flat_its_curve():
    assert state(run("scratch", [0.1] * 20, test_accuracy=0.11)) == Learning.LEARNED_NOTHING
    assert state(run("scratch", [0.1, 0.1], test_accuracy=0.11)) == Learning.LEARNED_NOTHING
    assert state(run("scratch", [0.1] * 20, test_accuracy=0.2)) == Learning.CONVERGED


def exploding(train: float, validation: float, **result) -> RunRecord:
    """Twenty epochs at chance that end with these losses."""
    losses = {"train_loss": train, "val_loss": validation}
    rows = [{"epoch": epoch, "val_accuracy": 0.1} | losses for epoch in range(1, 21)]
    return replace(run("scratch", [], **{"test_accuracy": 0.1} | result), metrics=typed_frame(rows, METRICS))


def test_a_network_whose_losses_exploded_though_finite_has_diverged():
    assert state(exploding(13_978.0, 17_169.0)) == Learning.DIVERGED
    # guessing one of ten classes has a loss of 2.30
    assert state(exploding(2.31, 2.30)) == Learning.LEARNED_NOTHING
    assert state(exploding(0.05, 9.0)) == Learning.LEARNED_NOTHING, "learned by heart: sure and wrong on other pictures"
    assert state(exploding(2.4, 80.0)) == Learning.LEARNED_NOTHING, "BatchNorm's statistics have not settled"
    half = [exploding(90.0, 90.0), run("scratch", FLAT)]
    assert state(*half) == Learning.DIVERGED
    assert state(*half, run("scratch", FLAT)) == Learning.CONVERGED, "one of three"
    stopped = replace(exploding(90.0, 90.0), status="stopped")
    assert state(stopped) == Learning.DIVERGED, "to go on would not help"


def fairer(*runs: RunRecord, name="scratch", **settings) -> Experiment | None:
    """What `remedy` makes of an arm's runs; ten classes of 100 pictures on either side."""
    spec = experiment(**settings)
    pictures = Pictures((100,) * 10)
    found = verdict(spec, runs, validation=pictures, test=pictures).summary[name].ledger
    return remedy(spec, name, found)


RISING = [0.3] * 19 + [0.5]


def test_more_epochs_are_a_new_comparison_that_changes_one_budget():
    longer = fairer(run("scratch", RISING), patience=3)
    assert [arm.epochs for arm in longer.arms] == [40, 8]
    assert longer.patience == 3
    assert longer == experiment(patience=3, arms=longer.arms), "everything else stays"
    patient = fairer(run("full_finetuning", RISING[-8:], stopped_early=True), name="full_finetuning", patience=3)
    assert ([arm.epochs for arm in patient.arms], patient.patience) == ([None, 16], 6)
    assert fairer(run("scratch", RISING), epochs=1000) is None


def test_too_few_steps_are_mended_by_as_many_epochs_as_they_take():
    assert fairer(run("scratch", [0.5, 0.5]), epochs=2).arms[0].epochs == 19, "19 epochs of 16 steps are 304"
    assert fairer(run("scratch", [0.5, 0.5]), epochs=2, patience_steps=10**6).arms[0].epochs == 1000, "and no more"


def test_an_arm_that_learned_nothing_gets_what_it_clearly_lacked():
    nothing = {"test_accuracy": 0.1}
    assert fairer(run("scratch", [0.1] * 2, **nothing), epochs=2).arms[0].epochs == 19
    assert fairer(run("scratch", [0.1] * 20, **nothing)) is None, "it had its steps"
    far_below = run("scratch", [0.1] * 20, learning_rate=1e-7, **nothing)
    assert fairer(far_below).arms[0].learning_rate == 1e-3
    assert fairer(run("scratch", [0.1] * 20, learning_rate=2e-4, **nothing)) is None


def test_an_arm_that_diverged_gets_a_tenth_of_its_rate():
    assert fairer(exploding(90.0, 90.0, learning_rate=0.3)).arms[0].learning_rate == 0.03
    assert fairer(exploding(90.0, 90.0, learning_rate=1e-7)) is None


def test_nothing_is_offered_where_nothing_is_wrong_or_nothing_would_help():
    assert fairer(run("scratch", FLAT)) is None
    assert fairer(run("scratch", FLAT[:3], status="stopped")) is None, "to be resumed"


TEST = {"validation": Pictures((100,) * 10), "test": Pictures((100,) * 10)}


def told(scratch: RunRecord, full: RunRecord, **pictures) -> str:
    """What the verdict says last: of whether both had a fair chance."""
    found = verdict(experiment(), [scratch, full], **TEST | pictures)
    return fairness_wording.fairness_sentences(found, "full_finetuning", found.comparisons["full_finetuning"].gain.mean)


GOOD = run("full_finetuning", [0.8] * 20, test_accuracy=0.8)


@pytest.mark.parametrize(
    ("scratch", "words"),
    [
        (run("scratch", FLAT), "From scratch had converged."),
        (run("scratch", RISING), "From scratch had not converged: more epochs may narrow the gap."),
        (
            run("scratch", [0.5]),
            "From scratch took only 16 steps, with random weights at least 300 are needed: more epochs may narrow the gap.",
        ),
        (
            run("scratch", [0.1], test_accuracy=0.1),
            "From scratch did no better than chance in 1 epoch: more epochs or another learning rate may narrow the gap.",
        ),
        (
            run("scratch", [0.1] * 2, test_accuracy=0.1, learning_rate=1e-7),
            "From scratch did no better than chance in 2 epochs: a rate nearer to the usual 1e-3 than 1e-7 may narrow the "
            "gap.",
        ),
        (exploding(90.0, 90.0), "From scratch diverged: a lower learning rate may narrow the gap."),
        (
            run("scratch", FLAT[:6], status="stopped"),
            "From scratch was cut short after 6 of 20 epochs and may have gone on learning.",
        ),
    ],
)
def test_the_side_that_lost_is_told_by_its_state(scratch, words):
    assert told(scratch, GOOD) == words


def test_few_validation_pictures_are_said_to_be_few():
    words = "From scratch may still have been improving: 36 validation pictures are too few to tell."
    assert told(run("scratch", FLAT), GOOD, validation=Pictures((4,) * 9)) == words


def test_the_side_that_won_is_told_where_it_had_no_fair_chance():
    rising = run("full_finetuning", [0.6] * 7 + [0.8], test_accuracy=0.8)
    assert told(run("scratch", RISING), rising) == "Neither arm had converged: more epochs may change the gap."
    assert told(run("scratch", FLAT), rising) == (
        "From scratch had converged. Full fine-tuning had not converged: more epochs may widen the gap."
    )
    nothing = [
        run(arm, [0.1] * 20, test_accuracy=0.1 + gain) for arm, gain in (("scratch", 0), ("full_finetuning", 0.02))
    ]
    chance = "Neither arm did better than chance: more epochs or another learning rate may change that."
    assert told(*nothing) == chance
    assert told(nothing[0], replace(nothing[1], result=nothing[0].result)) == chance, "equal, and both worthless"
    assert told(run("scratch", RISING), run("full_finetuning", RISING)) == "", "no loser"
    seen = [nothing[0], run("full_finetuning", [0.1] * 20, test_accuracy=0.15)]
    few = told(*seen, test=Pictures((2,) * 10))
    assert few == "Neither arm was clearly better than chance: more epochs or another learning rate may change that."
    both = [exploding(90.0, 90.0), replace(exploding(90.0, 90.0, test_accuracy=0.2), arm="full_finetuning")]
    assert told(*both) == "Both arms diverged: a lower learning rate may change the gap."


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_converged_is_never_said_of_an_arm_that_had_no_chance(data):
    accuracies = st.lists(st.sampled_from([0.1, 0.3, 0.31, 0.5]), min_size=1, max_size=4)
    scratch = run(
        "scratch",
        data.draw(accuracies) * data.draw(st.integers(1, 10)),
        data.draw(st.sampled_from(["finished", "finished", "finished", "stopped", "failed", "interrupted", "running"])),
        test_accuracy=data.draw(st.sampled_from([0.1, 0.34, 0.5, 0.7])),
    )
    pictures = {split: Pictures((data.draw(st.integers(1, 200)),) * 3) for split in ("validation", "test")}
    text = verdict(experiment(), [scratch, GOOD], **pictures).text
    fair = (
        scratch.status == "finished"
        and scratch.epochs >= 19
        and scratch.test_accuracy > pictures["test"].limit
        and scratch.late_rise() <= 0.01
        and pictures["validation"].error(scratch.best_val_accuracy) <= 0.03
    )
    assert ("From scratch had converged." in text) == fair
