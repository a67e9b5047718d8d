"""Up to how many pictures an arm is worth it, and what its pictures are worth: two arms at several sizes.

Intervals come from a bootstrap over seeds: at every size the pairs (same seed in both arms) are drawn anew, and
everything is fitted and read again. In simulations these 95 % intervals cover the truth in about 90 % of repetitions.
Errors are shares of wrong answers, 0..1.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtri, stdtrit

from tl.analysis import curves
from tl.analysis.statistics import CONFIDENCE, MIN_PAIRS
from tl.analysis.sweep_results import BreakEven, Worth

DRAWS = 1000
UPPER = 0.5 + CONFIDENCE / 2
STEPS = 600  # points on the log axis between the smallest size and the largest that is looked at
Errors = Mapping[int, Mapping[int, float]]  # size -> seed -> error on the test set


@dataclass(frozen=True)
class Pairs:
    """Errors of two arms at the sizes and seeds that both have; (sizes,) lists of (seeds of that size,) arrays."""

    sizes: np.ndarray
    baseline: list[np.ndarray]
    arm: list[np.ndarray]

    @property
    def fitted(self) -> bool:
        """Whether there are enough sizes for a curve."""
        return len(self.sizes) >= curves.MIN_SIZES

    @property
    def can_draw(self) -> bool:
        """Whether there are enough seeds for intervals."""
        return self.fitted and min(map(len, self.arm)) >= MIN_PAIRS

    @property
    def limit(self) -> float:
        """The largest size anything is said about."""
        return float(self.sizes[-1] * (curves.REACH if self.fitted else 1))


def pairs_of(baseline: Errors, arm: Errors) -> Pairs:
    """The pairs of two arms, sizes ascending."""
    common = {size: sorted(set(baseline[size]) & set(arm[size])) for size in sorted(set(baseline) & set(arm))}
    common = {size: seeds for size, seeds in common.items() if seeds}
    return Pairs(
        sizes=np.array(list(common), dtype=float),
        baseline=[np.array([baseline[size][seed] for seed in seeds]) for size, seeds in common.items()],
        arm=[np.array([arm[size][seed] for seed in seeds]) for size, seeds in common.items()],
    )


def break_even(pairs: Pairs, margin: float) -> BreakEven | None:
    """The smallest size at which the fitted advantage of the arm falls below `margin`; looked for up to twice the largest.

    No interval for fewer than MIN_PAIRS seeds; None for fewer sizes than a curve needs.
    """
    if not pairs.fitted:
        return None
    grid = _grid(pairs)

    def read(baseline: np.ndarray, arm: np.ndarray) -> np.ndarray:
        return curves.falls_below(grid, baseline - arm, margin)

    point = float(read(*(side[0] for side in _curves(pairs, grid, draw=False))))
    low, high = _ends(read(*_curves(pairs, grid))) if pairs.can_draw else (None, None)
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
    grid = _grid(pairs)

    def read(baseline: np.ndarray, arm: np.ndarray) -> np.ndarray:
        return curves.first_below(grid, baseline[:, None, :], _at(grid, arm, pairs.sizes))  # (draws, sizes)

    points = read(*_curves(pairs, grid, draw=False))[0]
    draws = read(*_curves(pairs, grid)) if pairs.can_draw else None
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


def _grid(pairs: Pairs) -> np.ndarray:
    """Sizes at which curves are compared, evenly spaced on a log axis; every measured size is among them."""
    return np.unique(np.concatenate([np.geomspace(pairs.sizes[0], pairs.limit, STEPS), pairs.sizes]))


def _at(grid: np.ndarray, values: np.ndarray, sizes: np.ndarray) -> np.ndarray:
    return values[:, np.searchsorted(grid, sizes)]


def _curves(pairs: Pairs, grid: np.ndarray, draw: bool = True) -> tuple[np.ndarray, np.ndarray]:
    """Errors of baseline and arm at `grid`, (DRAWS, G) each; (1, G) of what was measured without `draw`."""
    random = np.random.default_rng(0)  # the same runs give the same interval
    freedom = sum(len(values) - 1 for values in pairs.arm)
    baseline: list[np.ndarray] = []
    arm: list[np.ndarray] = []
    for of_baseline, of_arm in zip(pairs.baseline, pairs.arm):
        count = len(of_arm)
        chosen = random.integers(0, count, (DRAWS, count)) if draw else np.arange(count)[None]
        # A bootstrap of n values spreads too little, by sqrt((n - 1) / n), and knows its spread from few values only.
        widen = np.sqrt(count / (count - 1)) * stdtrit(freedom, UPPER) / ndtri(UPPER) if draw else 1.0
        for values, means in ((of_baseline, baseline), (of_arm, arm)):
            means.append(values.mean() + widen * (values[chosen].mean(-1) - values.mean()))
    return (
        _curve(pairs, np.stack(baseline, -1), pairs.baseline, grid),
        _curve(pairs, np.stack(arm, -1), pairs.arm, grid),
    )


def _curve(pairs: Pairs, means: np.ndarray, values: list[np.ndarray], grid: np.ndarray) -> np.ndarray:
    """Curves through the means (draws, sizes): (draws, G)."""
    if not pairs.fitted:
        return np.stack([curves.line_errors(pairs.sizes, row, grid) for row in means])
    parameters = curves.fit_many(pairs.sizes, means, curves.weights_of(values))
    return curves.errors_at(parameters, grid)


def _ends(draws: np.ndarray) -> tuple[float, float]:
    """Ends of the percentile interval; infinite draws count as larger than any other."""
    low, high = np.quantile(draws, (1 - UPPER, UPPER), method="nearest")
    return float(low), float(high)
