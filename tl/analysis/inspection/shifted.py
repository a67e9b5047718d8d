"""Which of two arms holds up better on test pictures that are blurred, noisy, strongly compressed or darker.

Everything is paired: the same pictures, shifted in the same way, and networks of the same seed.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tl.analysis import certainty
from tl.analysis.results import NO_INTERVAL, Interval
from tl.analysis.statistics import CONFIDENCE, MIN_PAIRS
from tl.store.shifted import AS_THEY_ARE, SHIFTS, Shift, Shifted

CLEAN: Shift = (AS_THEY_ARE, 0)
Pair = tuple[Shifted, Shifted]  # (this arm's, the other's), of one seed
Values = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class ArmUnderShift:
    """One arm's networks: accuracies, 0..1, with intervals for other pictures of the kind."""

    seeds: int
    pictures: int  # a network was asked about, each 13 times; the mean where seeds have splits of their own
    clean: Interval  # as the pictures are
    shifted: Interval  # the mean over all shifts
    by_shift: dict[Shift, Interval]

    @property
    def loss(self) -> float:
        """What the shifts cost on average, 0..1."""
        return self.clean.mean - self.shifted.mean


@dataclass(frozen=True, kw_only=True)
class ShiftComparison:
    """One arm against another, over seeds that both have."""

    seeds: int
    gain: Interval  # on shifted pictures: by how much more often this arm is right
    gain_clean: Interval  # the same on the pictures as they are
    kept: Interval  # how much less the shifts cost this arm than the other; positive: it holds up better
    by_shift: dict[Shift, Interval]  # gain at each


def of_arm(runs: Sequence[Shifted], train_pictures: int | None) -> ArmUnderShift | None:
    """What an arm's networks, one of each seed, reached; None for none. `train_pictures`: see `_gain`."""
    if not runs:
        return None
    return ArmUnderShift(
        seeds=len(runs),
        pictures=round(float(np.mean([len(run.picture) for run in runs]))),
        clean=_share([_right(run, CLEAN) for run in runs], runs, train_pictures),
        shifted=_share([_mean(run) for run in runs], runs, train_pictures),
        by_shift={shift: _share([_right(run, shift) for run in runs], runs, train_pictures) for shift in SHIFTS},
    )


def compare_under_shift(pairs: Sequence[Pair], train_pictures: int | None) -> ShiftComparison | None:
    """One arm against another; None where there is no pair, or where the two were asked about different pictures."""
    if not pairs or not all(np.array_equal(own.picture, other.picture) for own, other in pairs):
        return None

    def gain(of_run: list[tuple[Values, Values]]) -> Interval:
        return _gain(of_run, [own for own, _ in pairs], train_pictures)

    return ShiftComparison(
        seeds=len(pairs),
        gain=gain([(_mean(own), _mean(other)) for own, other in pairs]),
        gain_clean=gain([(_right(own, CLEAN), _right(other, CLEAN)) for own, other in pairs]),
        kept=gain([(_mean(own) - _right(own, CLEAN), _mean(other) - _right(other, CLEAN)) for own, other in pairs]),
        by_shift={
            shift: gain([(_right(own, shift), _right(other, shift)) for own, other in pairs]) for shift in SHIFTS
        },
    )


def _right(run: Shifted, shift: Shift) -> Values:
    return run.right(*shift).astype(np.float64)


def _mean(run: Shifted) -> Values:
    """(n,) how often each picture was answered rightly over all shifts, 0..1."""
    return np.asarray(np.mean([_right(run, shift) for shift in SHIFTS], axis=0))


def _gain(values: list[tuple[Values, Values]], runs: Sequence[Shifted], train_pictures: int | None) -> Interval:
    """By how much the first of each pair is higher, for other pictures and, from 3 seeds on, other networks.

    `train_pictures` of each split, where every seed drew its own: the interval then holds for other training pictures.
    """
    own, other = [each for each, _ in values], [each for _, each in values]
    if _same(runs):
        return certainty.gain_interval(np.stack(own), np.stack(other), confidence=CONFIDENCE, clusters=runs[0].group)
    clusters = [run.group for run in runs]
    found = None
    if len(runs) < MIN_PAIRS:
        found = certainty.splits_interval(own, other, confidence=CONFIDENCE, clusters=clusters)
    elif train_pictures:
        found = certainty.resampled_interval(
            [float((one - two).mean()) for one, two in values],
            test_pictures=float(np.mean([len(run.picture) for run in runs])),
            train_pictures=train_pictures,
            confidence=CONFIDENCE,
        )
    return found or _without([float((one - two).mean()) for one, two in values])


def _share(values: list[Values], runs: Sequence[Shifted], train_pictures: int | None) -> Interval:
    if _same(runs):
        return certainty.share_interval(np.stack(values), confidence=CONFIDENCE, clusters=runs[0].group)
    found = None
    if len(runs) < MIN_PAIRS:
        found = certainty.splits_share(values, confidence=CONFIDENCE, clusters=[run.group for run in runs])
    elif train_pictures:
        found = certainty.resampled_share(
            [float(each.mean()) for each in values],
            test_pictures=float(np.mean([len(run.picture) for run in runs])),
            train_pictures=train_pictures,
            confidence=CONFIDENCE,
        )
    return found or _without([float(each.mean()) for each in values])


def _without(values: list[float]) -> Interval:
    return Interval(float(np.mean(values)), None, None, NO_INTERVAL)


def _same(runs: Sequence[Shifted]) -> bool:
    """Whether all were asked about the same pictures."""
    return all(np.array_equal(runs[0].picture, run.picture) for run in runs[1:])
