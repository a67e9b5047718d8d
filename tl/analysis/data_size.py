"""Up to how many pictures an arm is worth it, and what its pictures are worth: two arms at several sizes.

Intervals come from a bootstrap: at every size the pairs (same seed in both arms) are drawn anew, and everything is
fitted and read again. Where it is known what each network answered, the test pictures are drawn anew, too (`two_way`):
then they hold on new pictures, else on these test pictures only. README.md has how often. Errors are shares of wrong
answers, 0..1; balanced, of every class alike.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from tl.analysis import learning_curves, two_way
from tl.analysis.results import NEW_PICTURES, NEW_TRAINING, NO_INTERVAL, THESE_NETWORKS, THESE_PICTURES
from tl.analysis.statistics import MIN_PAIRS
from tl.analysis.sweep_results import BreakEven, Worth
from tl.analysis.two_way import UPPER

DRAWS = 1000
STEPS = 600  # points on the log axis between the smallest size and the largest that is looked at


@dataclass(frozen=True)
class Pairs:
    """Errors of two arms at the sizes and seeds that both have; (sizes,) lists of (seeds of that size,) arrays."""

    sizes: np.ndarray  # ascending
    baseline: list[np.ndarray]
    arm: list[np.ndarray]
    rights: two_way.Rights | None = None  # (baseline's, the arm's) answers at each size, 0 or 1, (seeds, N) each
    clusters: np.ndarray | None = None  # (N,) pictures with the same number belong together, -1 alone
    classes: np.ndarray | None = None  # (N,) true class of each picture, where errors are balanced
    # Test pictures per training picture, where every seed drew its own split; None: not known, so there is no interval.
    test_share: float | None = 0.0

    @property
    def fitted(self) -> bool:
        """Whether there are enough sizes for a curve."""
        return len(self.sizes) >= learning_curves.MIN_SIZES

    @property
    def basis(self) -> str:
        """What intervals cover: NEW_PICTURES, NEW_TRAINING, THESE_NETWORKS, THESE_PICTURES or NO_INTERVAL."""
        if not self.fitted:
            return NO_INTERVAL
        few = min(map(len, self.arm)) < MIN_PAIRS
        if self.rights is not None:
            return THESE_NETWORKS if few else NEW_PICTURES
        if few or self.test_share is None:
            return NO_INTERVAL
        return NEW_TRAINING if self.test_share else THESE_PICTURES

    @property
    def limit(self) -> float:
        """The largest size anything is said about."""
        return float(self.sizes[-1] * (learning_curves.REACH if self.fitted else 1))

    @cached_property
    def grid(self) -> np.ndarray:
        """(G,) sizes at which curves are compared, evenly spaced on a log axis; every measured size is among them."""
        return np.unique(np.concatenate([np.geomspace(self.sizes[0], self.limit, STEPS), self.sizes]))

    @cached_property
    def measured(self) -> tuple[np.ndarray, np.ndarray]:
        """Errors of baseline and arm at `grid`, (1, G) each."""
        baseline, arm = (np.array([[values.mean() for values in side]]) for side in (self.baseline, self.arm))
        return _curve(self, baseline, self.baseline), _curve(self, arm, self.arm)

    @cached_property
    def drawn(self) -> tuple[np.ndarray, np.ndarray]:
        """The same as they might have come out, (DRAWS, G) each: break-even and worth are read from the same curves."""
        random = np.random.default_rng(0)  # the same runs give the same interval
        errors, share = list(zip(self.baseline, self.arm, strict=True)), self.test_share or 0.0
        baseline, arm = two_way.draw_errors(errors, DRAWS, random, self.rights, self.clusters, share, self.classes)
        return _curve(self, baseline, self.baseline), _curve(self, arm, self.arm)


def break_even(pairs: Pairs, margin: float) -> BreakEven | None:
    """The smallest size at which the fitted advantage of the arm falls below `margin`; looked for up to twice the largest.

    What its interval covers, or that there is none, is the pairs' `basis`; None for fewer sizes than a curve needs.
    """
    if not pairs.fitted:
        return None

    def read(baseline: np.ndarray, arm: np.ndarray) -> np.ndarray:
        return learning_curves.falls_below(pairs.grid, baseline - arm, margin)

    point = float(read(*(side[0] for side in pairs.measured)))
    low, high = _ends(read(*pairs.drawn)) if pairs.basis != NO_INTERVAL else (None, None)
    low_at_most = low is not None and bool(low <= pairs.sizes[0])
    limit = round(pairs.limit)
    if np.isinf(point):
        lowest = None if low is None or np.isinf(low) else round(low)
        return BreakEven(n=None, beyond=limit, low=lowest, low_at_most=low_at_most)
    endless = high is not None and np.isinf(high)
    return BreakEven(
        n=round(point),
        low=None if low is None else round(min(low, point)),
        high=None if high is None or endless else round(max(high, point)),
        at_most=bool(point <= pairs.sizes[0]),
        low_at_most=low_at_most,
        high_beyond=limit if endless else None,
    )


def worth_in_pictures(pairs: Pairs) -> dict[int, Worth]:
    """For each size n: with how many pictures m the baseline does as well as the arm with n (arXiv 2102.01293).

    `bound` is "at_least" where the baseline does not get there up to the limit (twice the largest size with a fitted
    curve, else the largest size), "at_most" where it is there with the smallest size already, else None. Where there
    are too few sizes for a curve, it is read from straight lines between the sizes on a log axis.
    """
    if len(pairs.sizes) < 2:
        return {}

    def read(baseline: np.ndarray, arm: np.ndarray) -> np.ndarray:
        reached = arm[:, np.searchsorted(pairs.grid, pairs.sizes)]
        return learning_curves.first_below(pairs.grid, baseline[:, None, :], reached)  # (draws, sizes)

    points = read(*pairs.measured)[0]
    draws = read(*pairs.drawn) if pairs.basis != NO_INTERVAL else None
    found = {}
    for place, (size, pictures) in enumerate(zip(pairs.sizes, points)):
        bound = "at_least" if np.isinf(pictures) else "at_most" if pictures <= pairs.sizes[0] else None
        pictures = min(float(pictures), pairs.limit)
        low, high = (None, None) if draws is None else _ends(draws[:, place])
        found[int(size)] = Worth(
            pictures=round(pictures),
            ratio=pictures / float(size),
            low=None if low is None else min(low, pictures) / float(size),
            high=None if high is None or np.isinf(high) else max(high, pictures) / float(size),
            bound=bound,
        )
    return found


def _curve(pairs: Pairs, means: np.ndarray, values: list[np.ndarray]) -> np.ndarray:
    """Curves through the means (draws, sizes): (draws, G)."""
    if not pairs.fitted:  # straight lines between the sizes on a log axis
        return np.stack([np.interp(np.log(pairs.grid), np.log(pairs.sizes), row) for row in means])
    parameters = learning_curves.fit_many(
        pairs.sizes, means, learning_curves.weights_of([*map(np.ndarray.tolist, values)])
    )
    return learning_curves.errors_at(parameters, pairs.grid)


def _ends(draws: np.ndarray) -> tuple[float, float]:
    """Ends of the percentile interval; infinite draws count as larger than any other."""
    low, high = np.quantile(draws, (1 - UPPER, UPPER), method="nearest")
    return float(low), float(high)
