"""The learning curve of an arm of a sweep, and how its errors would vary together with other test pictures."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tl.analysis.forecasts.curve import MeasuredCurve
from tl.store.predictions import ALONE, Answers

SHARED = 0.7  # correlation of the errors of two trainings over test pictures, where single answers are not known


@dataclass(frozen=True, kw_only=True)
class FinishedTraining:
    """A finished training."""

    size: int  # training pictures
    error: float  # share of the test pictures that it got wrong
    answers: Answers | None  # to single test pictures; None: of an earlier version


def from_trainings(trained: Sequence[FinishedTraining], test_pictures: int, pool: int | None = None) -> MeasuredCurve:
    """The curve of at least one training, one error per seed at each size.

    `pool`: how many pictures each seed drew its training and test pictures from; None where all seeds share one split.
    There the scatter of seeds is that of test pictures, too, part of which is also in the covariance: the interval errs
    on the wide side.
    """
    sizes = sorted({one.size for one in trained})
    errors = [[one.error for one in trained if one.size == size] for size in sizes]
    covariance = _measured([[one.answers for one in trained if one.size == size] for size in sizes])
    if covariance is None:
        means = np.array([np.mean(values) for values in errors])
        deviations = np.sqrt(np.maximum(means * (1 - means) / test_pictures, _least(test_pictures)))
        covariance = (SHARED + (1 - SHARED) * np.eye(len(sizes))) * np.outer(deviations, deviations)
    return MeasuredCurve(
        sizes=tuple(sizes),
        errors=tuple(map(tuple, errors)),
        covariance=tuple(map(tuple, covariance.tolist())),
        pool=pool,
    )


def _measured(answers: Sequence[Sequence[Answers | None]]) -> NDArray[np.float64] | None:
    """(sizes, sizes) covariance of the mean errors; `answers`: for each size one per seed. None where one is missing.

    Test pictures are what was drawn at random, each with the pictures that belong with it (groups), and whatever was
    answered about them, with any seed and at any size, came with that draw: the usual sandwich estimate for clusters.
    With one test set for all seeds it is the covariance over its pictures divided by their number.
    """
    known = [[one for one in row if one is not None] for row in answers]
    if any(len(row) < len(given) for row, given in zip(known, answers, strict=True)):
        return None
    every = [_cluster(one) for row in known for one in row]
    clusters = np.unique(np.concatenate(every))
    if len(clusters) < 2:
        return None
    sums = np.zeros((len(known), len(clusters)))  # of errors beyond the mean, by cluster
    for place, row in enumerate(known):
        wrong = np.concatenate([~one.right for one in row]).astype(float)
        at = np.searchsorted(clusters, np.concatenate([_cluster(one) for one in row]))
        sums[place] = np.bincount(at, (wrong - wrong.mean()) / len(wrong), len(clusters))
    covariance = sums @ sums.T * len(clusters) / (len(clusters) - 1)
    return np.asarray(covariance + np.diag(np.maximum(_least(len(clusters)) - covariance.diagonal(), 0.0)))


def _least(pictures: float) -> float:
    """The variance that a share of so many pictures has at least: as if four more had been drawn, half of them wrong.

    That all were right is no proof that new ones would be, too (Agresti and Coull 1998).
    """
    share = 2 / (pictures + 4)
    return share * (1 - share) / (pictures + 4)


def _cluster(answers: Answers) -> NDArray[np.int64]:
    """(n,) number of what each picture belongs to: groups count up from 0, pictures that are alone down from -1."""
    return np.where(answers.group == ALONE, -1 - answers.picture, answers.group)
