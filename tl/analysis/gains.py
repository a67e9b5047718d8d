"""Which interval a gain or an accuracy has, from what is known of the runs; the one place that decides it.

1. The networks' answers on the same test pictures: seeds and pictures (`certainty.gain_interval`).
2. Splits drawn anew for every seed: the corrected resampled t (`certainty.resampled_interval`).
3. Neither, as in runs of earlier versions: Student's t over seeds, which holds for these test pictures only.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tl.analysis import certainty
from tl.analysis.looks import confidence_of
from tl.analysis.paired import Pair, asked
from tl.analysis.records import RunRecord
from tl.analysis.results import Interval
from tl.analysis.statistics import CONFIDENCE, MIN_PAIRS
from tl.config import ACCURACY, BALANCED_ACCURACY, Experiment


@dataclass(frozen=True, kw_only=True)
class Judging:
    """By what a comparison is judged, and what is known of its pictures."""

    judge_by: str = ACCURACY  # or BALANCED_ACCURACY
    look: int = 1  # how many times the comparison has been judged by now
    resplit: bool = False  # whether every seed drew its own split
    train_pictures: int | None = None  # in the training part, also where an arm used a sample of it
    test_pictures: int | None = None

    @property
    def balanced(self) -> bool:
        """Whether every class counts alike."""
        return self.judge_by == BALANCED_ACCURACY


def judging_of(
    experiment: Experiment, judge_by: str, train_pictures: int | None = None, test_pictures: int | None = None
) -> Judging:
    """How an experiment is judged: looks with fewer than 3 seeds make no claim and don't count."""
    return Judging(
        judge_by=judge_by,
        look=max(1, sum(seeds >= MIN_PAIRS for seeds in experiment.looks)),
        resplit=bool(experiment.resplit),
        train_pictures=train_pictures,
        test_pictures=test_pictures,
    )


def figure(run: RunRecord, judge_by: str) -> float | None:
    """What the run reached on the test set, 0..1; None where that isn't known."""
    if judge_by == ACCURACY or run.test_accuracy is None or run.answers is None:
        return run.test_accuracy if judge_by == ACCURACY else None
    _, place = np.unique(run.answers.label, return_inverse=True)
    return float(np.mean(np.bincount(place, run.answers.right) / np.bincount(place)))


def figures(pairs: Sequence[Pair], judge_by: str) -> list[tuple[float, float]]:
    """(baseline's, arm's) of every pair that knows both."""
    found = [(figure(base, judge_by), figure(run, judge_by)) for base, run in pairs]
    return [(base, arm) for base, arm in found if base is not None and arm is not None]


def differences(pairs: Sequence[Pair], judge_by: str) -> list[float]:
    """By how much the arm's run did better, of every such pair."""
    return [arm - base for base, arm in figures(pairs, judge_by)]


def answered(how: Judging, pairs: Sequence[Pair]) -> tuple[NDArray[np.bool_], NDArray[np.bool_], dict[str, Any]] | None:
    """What all seeds' networks answered on one and the same test set, as tl.analysis.certainty takes it: the arm's (S, N), the
    baseline's, and of the pictures their clusters and, where balanced accuracy judges, their classes, (N,).

    None where a run kept no predictions, or seeds were tested on different pictures.
    """
    found = asked(pairs)
    if found is None or not found.same:
        return None
    kept = {"clusters": found.groups[0], "classes": found.labels[0] if how.balanced else None}
    return np.stack(found.arm), np.stack(found.baseline), kept


def pictures_tested(how: Judging, pairs: Sequence[Pair]) -> int | None:
    """Number of test pictures, the mean over splits; None where it isn't known."""
    found = asked(pairs)
    return how.test_pictures if found is None else round(float(np.mean([len(each) for each in found.labels])))


def gain_of(how: Judging, pairs: Sequence[Pair], arms: int = 1) -> Interval | None:
    """The gain over the pairs with the interval that decides, of the best of so many arms; None for no pair."""
    gained = differences(pairs, how.judge_by)
    if not gained:
        return None
    without = Interval(float(np.mean(gained)))
    if how.resplit and len(pairs) >= MIN_PAIRS:  # t over seeds would be too narrow here
        sizes = _sizes(how, pairs)
        return certainty.resampled_interval(gained, **sizes, look=how.look, arms=arms) if sizes else without
    if known := answered(how, pairs):
        arm, baseline, kept = known
        return certainty.gain_interval(arm, baseline, look=how.look, arms=arms, **kept)
    if how.resplit and (told := asked(pairs)):
        confidence, classes = confidence_of(how.look, arms), told.labels if how.balanced else None
        return certainty.splits_interval(
            told.arm, told.baseline, confidence=confidence, clusters=told.groups, classes=classes
        )
    if how.resplit or _coarse(how, gained):
        return without
    return certainty.of_seeds(gained, pictures=how.test_pictures, look=how.look, arms=arms)


def accuracy_of(how: Judging, runs: Sequence[RunRecord]) -> Interval | None:
    """One arm's accuracy on the test set with its 95 % interval, within 0..1; None where no run was tested."""
    tested = [run for run in runs if figure(run, how.judge_by) is not None]
    reached = [value for run in tested if (value := figure(run, how.judge_by)) is not None]
    if not reached:
        return None
    own, without = [(run, run) for run in tested], Interval(float(np.mean(reached)))
    if how.resplit and len(tested) >= MIN_PAIRS:
        sizes = _sizes(how, own)
        return certainty.resampled_share(reached, **sizes) if sizes else without
    if known := answered(how, own):
        return certainty.share_interval(known[0], **known[2])
    if how.resplit and (told := asked(own)):
        classes = told.labels if how.balanced else None
        return certainty.splits_share(told.arm, clusters=told.groups, classes=classes)
    if how.resplit or _coarse(how, reached):
        return without
    return certainty.of_seeds(reached, CONFIDENCE, (0.0, 1.0), how.test_pictures)


def _sizes(how: Judging, pairs: Sequence[Pair]) -> dict[str, float] | None:
    """Of the splits."""
    tested = pictures_tested(how, pairs)
    if not tested or not how.train_pictures:
        return None
    return {"test_pictures": tested, "train_pictures": how.train_pictures}


def _coarse(how: Judging, values: list[float]) -> bool:
    """Whether all seeds came out alike and it isn't known on how many pictures: by luck, or too few of them."""
    return how.test_pictures is None and max(values) - min(values) < 1e-9
