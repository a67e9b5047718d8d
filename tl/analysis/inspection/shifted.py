"""Which of two arms holds up better on test pictures that are blurred, noisy, strongly compressed or darker.

Everything is paired: the same pictures, shifted in the same way, and networks of the same seed.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from tl.analysis import certainty
from tl.analysis.inspection.difference import gain_over_seeds, same_pictures
from tl.analysis.results import Interval
from tl.analysis.statistics import MIN_PAIRS
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
    """What an arm's networks, one of each seed, reached; None for none. `train_pictures`: see `gain_over_seeds`."""
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

    sides = [own for own, _ in pairs], [other for _, other in pairs]

    def gain(value: Callable[[Shifted], Values]) -> Interval:
        own, other = ([value(run) for run in runs] for runs in sides)
        return gain_over_seeds(own, other, sides[0], train_pictures)

    return ShiftComparison(
        seeds=len(pairs),
        gain=gain(_mean),
        gain_clean=gain(partial(_right, shift=CLEAN)),
        kept=gain(lambda run: _mean(run) - _right(run, CLEAN)),
        by_shift={shift: gain(partial(_right, shift=shift)) for shift in SHIFTS},
    )


def _right(run: Shifted, shift: Shift) -> Values:
    return run.right(*shift).astype(np.float64)


def _mean(run: Shifted) -> Values:
    """(n,) how often each picture was answered rightly over all shifts, 0..1."""
    return np.asarray(np.mean([_right(run, shift) for shift in SHIFTS], axis=0))


def _share(values: list[Values], runs: Sequence[Shifted], train_pictures: int | None) -> Interval:
    clusters = [run.group for run in runs]
    if same_pictures(runs):
        return certainty.share_interval(np.stack(values), clusters=clusters[0])
    reached, found = [float(each.mean()) for each in values], None
    if len(runs) < MIN_PAIRS:
        found = certainty.splits_share(values, clusters=clusters)
    elif train_pictures:
        tested = float(np.mean([len(each) for each in clusters]))
        sizes = {"test_pictures": tested, "train_pictures": float(train_pictures)}
        found = certainty.resampled_share(reached, **sizes)
    return found or Interval(float(np.mean(reached)))
