"""What the intervals of a sweep hold for: from what its networks answered, on disk, on the same test pictures."""

import json
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from tests import verdict_lab
from tests.analysis.test_sweep import CURVES, SPREAD, found_in, swept
from tests.verdict_lab import FULL, SCRATCH
from tl.analysis import break_even_wording, data_size, experiment, sweep_runs, sweep_wording
from tl.analysis.records import RunRecord
from tl.analysis.results import NEW_PICTURES, NEW_TRAINING, NO_INTERVAL, THESE_NETWORKS
from tl.analysis.sweep import sweep_result
from tl.analysis.sweep_results import SweepFinding
from tl.jobs import sweep
from tl.store.files import write_json
from tl.store.home import Home
from tl.store.predictions import Predictions, write_predictions

TESTED = 150  # pictures
HARD = np.random.default_rng(0).permutation((np.arange(TESTED) + 0.5) / TESTED)  # shared by all networks


@pytest.fixture
def home(tmp_path):
    return Home(tmp_path)


def answered(home: Home, sweep_id: str, classes: np.ndarray | None = None) -> str:
    """The same sweep with what each network answered, as its accuracy wants it; two classes in turn, or `classes`."""
    label = np.arange(TESTED) % 2 if classes is None else classes
    for run in sweep(home, sweep_id)["runs"]:
        luck = np.random.default_rng([run.seed, run.samples, run.arm == "scratch"]).normal(0, 0.03, TESTED)
        right = HARD + luck > CURVES[run.arm](run.samples) + SPREAD[run.seed]
        predicted = np.where(right, label, 1 - label)
        found = Predictions(
            picture=np.arange(TESTED),
            label=label,
            predicted=predicted,
            group=np.full(TESTED, -1),
            probabilities=np.eye(2)[predicted].astype(np.float16),
        )
        write_predictions(home.run(run.run_id).predictions, {"test": found})
        document = json.loads(home.run(run.run_id).result.read_text())
        write_json(home.run(run.run_id).result, document | {"test_accuracy": float(right.mean())})
    return sweep_id


def test_a_sweep_whose_answers_are_known_is_judged_for_new_pictures_and_read_once(home, monkeypatch):
    sweep_id = swept(home)
    before = found_in(home, sweep_id)
    answered(home, sweep_id)
    read, record = [], experiment._record
    monkeypatch.setattr(experiment, "_record", lambda home, row: read.append(row.run_id) or record(home, row))
    found = found_in(home, sweep_id)
    assert len(read) == len(set(read)) == 24
    assert found.best.basis == NEW_PICTURES
    assert {entry.accuracy.basis for sizes in found.arms.values() for entry in sizes.values()} == {NEW_PICTURES}
    assert all(entry.accuracy.low >= 0 for entry in found.arms["scratch"].values())
    assert {gain.basis for gain in found.best.gain.values()} == {NEW_PICTURES}
    assert (
        f"(95 % interval {break_even_wording.between(found.best.break_even)} for new pictures; 3 seeds)" in found.text
    )
    assert width(found) > 2 * width(before), "other pictures move it further than other seeds"
    assert sweep_wording.covers(found) == "95 % interval for new pictures"


def pairs_of(baseline: list[RunRecord], arm: list[RunRecord]) -> data_size.Pairs:
    """Of a sweep of one size."""
    result = SimpleNamespace(verdict=SimpleNamespace(judge_by="accuracy"))
    size = sweep_runs.SizeRuns(
        experiment=verdict_lab.experiment(SCRATCH, FULL), records=[*baseline, *arm], result=result
    )
    return sweep_runs.SweepRuns(sizes={100: size}, info=None).pairs(SCRATCH, FULL)


def test_only_seeds_that_both_arms_have_are_compared():
    pairs = pairs_of(
        [verdict_lab.run(SCRATCH, [0.5], 0.5, seed=seed) for seed in (2, 0)],
        [verdict_lab.run(FULL, [0.75], 0.75, seed=2)],
    )
    assert (pairs.sizes.tolist(), pairs.baseline[0].tolist(), pairs.arm[0].tolist()) == ([100], [0.5], [0.25])
    assert not len(pairs_of([], [verdict_lab.run(FULL, [0.75], 0.75)]).sizes)


def test_answers_that_are_missing_or_of_other_pictures_leave_seeds_alone():
    right = [True, False, True, True]
    both = [[verdict_lab.answered(arm, right, seed) for seed in range(2)] for arm in (SCRATCH, FULL)]
    assert pairs_of(*both).rights[0][1].tolist() == [[1, 0, 1, 1]] * 2
    assert pairs_of(both[0], [both[1][0], verdict_lab.run(FULL, [0.7], 0.7, seed=1)]).rights is None
    assert pairs_of(both[0], [both[1][0], verdict_lab.answered(FULL, right, 1, pictures=[1, 2, 3, 4])]).rights is None


def width(found: SweepFinding) -> float:
    """Of the interval of what 300 pictures are worth."""
    worth = found.best.worth_in_pictures[300]
    return (worth.high or 20) - worth.low


def test_one_seed_has_an_interval_from_the_pictures_for_these_networks(home):
    found = found_in(home, answered(home, swept(home, seeds=1)))
    assert found.best.basis == THESE_NETWORKS == found.arms["scratch"][100].accuracy.basis
    even = found.best.break_even
    assert even.low < even.n < (even.high or 6000)
    assert " for these networks; another training may differ)" in found.text
    assert "One run each is a hint, not a proof." in found.text
    assert sweep_wording.covers(found) == "95 % interval for these networks on new pictures"


def test_one_seed_without_answers_has_no_interval(home):
    found = found_in(home, swept(home, seeds=1))
    assert (found.best.basis, found.best.break_even.low) == (NO_INTERVAL, None)
    assert sweep_wording.covers(found) == "no 95 % interval"


def test_splits_drawn_anew_are_pairs_with_the_share_of_their_test_pictures(home):
    runs = sweep_runs.read_sweep_runs(home, answered(home, swept(home)))
    alone = runs.pairs("scratch", "full_finetuning")
    assert (alone.basis, alone.test_share) == (NEW_PICTURES, 0.0)
    for size, own in runs.sizes.items():
        spec = replace(own.experiment, resplit=True)
        records = [
            replace(run, answers=replace(run.answers, picture=run.answers.picture + run.seed)) for run in own.records
        ]
        runs.sizes[size] = replace(own, experiment=spec, records=records)
    pairs = runs.pairs("scratch", "full_finetuning")
    assert pairs.rights is None and pairs.basis == NEW_TRAINING
    assert pairs.test_share == TESTED / runs.info.train
    unknown = replace(runs, info=None).pairs("scratch", "full_finetuning")
    assert unknown.basis == NO_INTERVAL, "seeds alone would be too sure"


def test_uneven_classes_are_judged_by_balanced_accuracy_throughout(home):
    rare = (np.arange(TESTED) % 5 == 0).astype(int)
    sweep_id = swept(home, judge_by="balanced_accuracy")
    found = found_in(home, answered(home, sweep_id, rare))
    assert found.judge_by == "balanced_accuracy" and "every class counts alike" in found.text
    run = next(
        run for run in sweep_runs.read_sweep_runs(home, sweep_id).records if run.arm == "scratch" and run.seed == 0
    )
    right, label = run.answers.right, run.answers.label
    balanced = (right[label == 0].mean() + right[label == 1].mean()) / 2
    assert found.arms["scratch"][100].test_accuracies[0] == pytest.approx(balanced) != pytest.approx(right.mean())
    pairs = sweep_runs.read_sweep_runs(home, sweep_id).pairs("scratch", "full_finetuning")
    assert pairs.classes.tolist() == rare.tolist() and 1 - pairs.baseline[0][0] == pytest.approx(balanced)
    plain = sweep_result(home, sweep_id, judge_by="accuracy")
    assert plain.arms["scratch"][100].test_accuracies[0] == pytest.approx(right.mean())
