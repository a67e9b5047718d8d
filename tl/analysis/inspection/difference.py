"""Which pictures one arm gets right that another gets wrong, and the other way round: the two on the same pictures.

"Fixed": the other was wrong, this one is right; "broken": the other was right, this one is wrong.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from tl.analysis.certainty import gain_interval, resampled_interval, splits_interval
from tl.analysis.results import NO_INTERVAL, Interval
from tl.analysis.statistics import CONFIDENCE, MIN_PAIRS
from tl.store.predictions import Answers

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

    The interval holds for other pictures and, from 3 seeds on, other networks, as a verdict's (`analysis.gains`). Where
    every seed has a split of its own it needs the number of pictures that the splits train on.
    """
    if len(pairs) < 2 or not all(same_pictures(pair) for pair in pairs):
        return None
    sides = [(arm.right, other.right) for arm, other in pairs]
    pictures = round(float(np.mean([len(right) for right, _ in sides])))
    return OverSeeds(
        pictures=pictures,
        fixed=tuple(int((right & ~wrong).sum()) for right, wrong in sides),
        broken=tuple(int((wrong & ~right).sum()) for right, wrong in sides),
        net=_in_pictures(_gain(pairs, train_pictures), pictures),
    )


def same_pictures(answers: Sequence[Answers]) -> bool:
    """Whether all were asked about the same pictures, in the same order."""
    return all(np.array_equal(answers[0].picture, each.picture) for each in answers[1:])


def _gain(pairs: Sequence[Pair], train_pictures: int | None) -> Interval:
    arm, other = [one.right for one, _ in pairs], [one.right for _, one in pairs]
    groups = [one.group for one, _ in pairs]
    if same_pictures([one for one, _ in pairs]):
        return gain_interval(np.stack(arm), np.stack(other), confidence=CONFIDENCE, clusters=groups[0])
    gains = [float(one.mean() - another.mean()) for one, another in zip(arm, other, strict=True)]
    if len(pairs) < MIN_PAIRS:
        found = splits_interval(arm, other, confidence=CONFIDENCE, clusters=groups)
    elif train_pictures:
        tested = float(np.mean([len(each) for each in arm]))
        found = resampled_interval(gains, test_pictures=tested, train_pictures=train_pictures, confidence=CONFIDENCE)
    else:
        found = None
    return found or Interval(float(np.mean(gains)), None, None, NO_INTERVAL)


def _in_pictures(share: Interval, pictures: int) -> Interval:
    def times(end: float | None) -> float | None:
        return None if end is None else end * pictures

    return replace(share, mean=share.mean * pictures, low=times(share.low), high=times(share.high))
