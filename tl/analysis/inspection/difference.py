"""Which pictures one arm gets right that another gets wrong, and the other way round: the two on the same pictures.

"Fixed": the other was wrong, this one is right; "broken": the other was right, this one is wrong.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tl.analysis.certainty import gain_interval, resampled_interval, splits_interval
from tl.analysis.results import Interval
from tl.analysis.statistics import CONFIDENCE, MIN_PAIRS
from tl.store.predictions import Answers
from tl.store.shifted import Shifted

Pair = tuple[Answers, Answers]  # (this arm's, the other's), of one seed
Mask = NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True)
class Difference:
    """Two networks that were trained with the same seed, on the same n pictures."""

    fixed: Mask  # (n,)
    broken: Mask  # (n,)
    both_right: Mask  # (n,)
    both_wrong: Mask  # (n,)
    net: Interval  # fixed minus broken, in pictures; for these networks on other pictures

    @property
    def pictures(self) -> int:
        """How many both were asked about."""
        return len(self.fixed)


@dataclass(frozen=True, kw_only=True)
class OverSeeds:
    """The same over several seeds."""

    pictures: int  # of a seed, the mean where each seed has a test set of its own
    fixed: tuple[int, ...]  # of each seed
    broken: tuple[int, ...]
    net: Interval  # fixed minus broken, in pictures, the mean over the seeds


def difference(arm: Answers, other: Answers) -> Difference | None:
    """Picture by picture; None where they were asked about different pictures."""
    if not same_pictures((arm, other)):
        return None
    found = gain_interval(arm.right[None], other.right[None], confidence=CONFIDENCE, clusters=arm.group)
    return Difference(
        fixed=arm.right & ~other.right,
        broken=~arm.right & other.right,
        both_right=arm.right & other.right,
        both_wrong=~arm.right & ~other.right,
        net=_in_pictures(found, len(arm.label)),
    )


def over_seeds(pairs: Sequence[Pair], train_pictures: int | None) -> OverSeeds | None:
    """Over all seeds that both arms have; None for fewer than two, or where a pair was asked about different pictures.

    For `train_pictures` and the interval see `gain_over_seeds`.
    """
    if len(pairs) < 2 or not all(same_pictures(pair) for pair in pairs):
        return None
    arm, other = [one.right for one, _ in pairs], [one.right for _, one in pairs]
    pictures = round(float(np.mean([len(right) for right in arm])))
    return OverSeeds(
        pictures=pictures,
        fixed=tuple(int((right & ~wrong).sum()) for right, wrong in zip(arm, other, strict=True)),
        broken=tuple(int((wrong & ~right).sum()) for right, wrong in zip(arm, other, strict=True)),
        net=_in_pictures(gain_over_seeds(arm, other, [one for one, _ in pairs], train_pictures), pictures),
    )


def same_pictures(answers: Sequence[Answers | Shifted]) -> bool:
    """Whether all were asked about the same pictures, in the same order."""
    return all(np.array_equal(answers[0].picture, each.picture) for each in answers[1:])


def gain_over_seeds(
    own: Sequence[NDArray[Any]],
    other: Sequence[NDArray[Any]],
    asked: Sequence[Answers | Shifted],
    train_pictures: int | None,
) -> Interval:
    """By how much `own` values, (n,) of each seed, are higher than `other`, on what each was `asked` about: for other pictures
    and, from 3 seeds on, other networks, as a verdict's (`analysis.gains`).

    `train_pictures` of each split, where every seed drew its own: the interval then holds for other training pictures.
    """
    groups = [one.group for one in asked]
    if same_pictures(asked):
        return gain_interval(np.stack(own), np.stack(other), confidence=CONFIDENCE, clusters=groups[0])
    gains = [float(one.mean() - another.mean()) for one, another in zip(own, other, strict=True)]
    found = None
    if len(gains) < MIN_PAIRS:
        found = splits_interval(own, other, clusters=groups)
    elif train_pictures:
        tested = float(np.mean([len(each) for each in groups]))
        found = resampled_interval(gains, test_pictures=tested, train_pictures=train_pictures, confidence=CONFIDENCE)
    return found or Interval(float(np.mean(gains)))


def _in_pictures(share: Interval, pictures: int) -> Interval:
    def times(end: float | None) -> float | None:
        return None if end is None else end * pictures

    return replace(share, mean=share.mean * pictures, low=times(share.low), high=times(share.high))
