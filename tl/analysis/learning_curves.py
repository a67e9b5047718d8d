"""Learning curves over the number of training pictures: err(n) = a * n**-b + c, fitted and read backwards.

Plain numbers in and out. Errors are shares of wrong answers, 0..1. A curve is never used beyond twice its largest size.
"""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import ArrayLike

from tl.analysis.sweep_results import Curve

MIN_SIZES = 4  # fewer say nothing about three parameters: learning curves can be ill-behaved (arXiv 2103.10948)
REACH = 2.0  # how far a fitted curve is believed, as a factor of the largest size
PRIOR = 8.0  # degrees of freedom that all sizes together lend to the variance of each
SMALLEST = 1e-12  # a > 0
LARGEST = 1 - 1e-9  # c < 1
EXPONENTS = np.geomspace(0.01, 4.0, 120)  # where b is searched first
ZOOMS, ZOOM_POINTS = 4, 13  # then that many times between the neighbours of the best
Parameters = tuple[np.ndarray, np.ndarray, np.ndarray]  # a, b, c, each of shape (...)
Fitted = tuple[np.ndarray, np.ndarray, np.ndarray]  # a, c and what is left of the squares


def fit(errors: Mapping[int, Sequence[float]]) -> Curve | None:
    """The curve through `errors` (size -> one error per seed); None for fewer than MIN_SIZES sizes.

    The means over seeds are fitted, weighted by 1 / variance; a, b > 0 and 0 <= c < 1 (a curve that does not fall gets
    a = 0 up to SMALLEST, one that would fall below no errors at all c = 0).
    """
    sizes = np.array(sorted(size for size in errors if len(errors[size])), dtype=float)
    if len(sizes) < MIN_SIZES:
        return None
    means = np.array([np.mean(errors[size]) for size in sizes])
    a, b, c = fit_many(sizes, means, weights_of([errors[size] for size in sizes]))
    rest = means - errors_at((a, b, c), sizes)
    residuals = {int(size): float(value) for size, value in zip(sizes, rest)}
    return Curve(a=float(a), b=float(b), c=float(c), largest=int(sizes[-1]), residuals=residuals)


def weights_of(errors: Sequence[Sequence[float] | np.ndarray]) -> np.ndarray:
    """(sizes,) weights 1 / variance of each size's mean, their mean scaled to 1; equal where no size tells a variance.

    From few seeds a variance can be near 0 by chance and would then decide the whole fit, so each is moved towards the
    variance of all sizes together, as if that were PRIOR more seeds; a size with one seed gets that variance.
    """
    counts = np.array([len(values) for values in errors], dtype=float)
    squares = np.array([np.sum((np.asarray(values) - np.mean(values)) ** 2) for values in errors])
    freedom = counts - 1
    if freedom.sum() == 0 or squares.sum() <= SMALLEST:
        weights = counts
    else:
        pooled = squares.sum() / freedom.sum()
        own = np.where(freedom > 0, squares / np.maximum(freedom, 1), pooled)
        weights = counts / ((freedom * own + PRIOR * pooled) / (freedom + PRIOR))
    scaled: np.ndarray = weights / weights.mean()
    return scaled


def fit_many(sizes: np.ndarray, errors: np.ndarray, weights: np.ndarray) -> Parameters:
    """Least squares for many curves at once: `errors` (..., sizes), `weights` (sizes,) -> a, b, c of shape (...).

    For a given b the best a and c within their bounds are known exactly, which leaves a search over b alone: no start
    values, no local minima.
    """
    middle = np.exp(np.log(sizes).mean())
    scaled = sizes / middle
    exponents = np.broadcast_to(EXPONENTS, (*errors.shape[:-1], len(EXPONENTS)))
    for _ in range(ZOOMS + 1):
        a, c, loss = _given_exponent(scaled, errors, weights, exponents)
        best = loss.argmin(axis=-1)[..., None]
        low, high = (
            np.take_along_axis(exponents, np.clip(best + step, 0, exponents.shape[-1] - 1), -1) for step in (-1, 1)
        )
        found = tuple(np.take_along_axis(values, best, -1)[..., 0] for values in (a, exponents, c))
        exponents = low + (high - low) * np.linspace(0, 1, ZOOM_POINTS)
    a, b, c = found
    return a * middle**b, b, c


def _given_exponent(sizes: np.ndarray, errors: np.ndarray, weights: np.ndarray, exponents: np.ndarray) -> Fitted:
    """Best a and c for each of the exponents (..., G), and the weighted squares that are left; all (..., G)."""
    falling = sizes ** -exponents[..., None]  # (..., G, sizes)
    measured = errors[..., None, :]
    share = weights / weights.sum()
    mean_x, mean_y = (share * falling).sum(-1), (share * measured).sum(-1)
    square = (share * falling**2).sum(-1)
    product = (share * falling * measured).sum(-1)
    slope = (product - mean_x * mean_y) / np.maximum(square - mean_x**2, SMALLEST)
    level = mean_y - slope * mean_x
    # Outside the bounds the best lies on one of them: no errors left at last (c = 0), or no falling at all (a = 0).
    to_zero = product / square
    flat = np.broadcast_to(np.clip(mean_y, 0, LARGEST), slope.shape)
    inside = (slope > 0) & (level >= 0) & (level < 1)
    on_zero = _left(share, measured, falling, to_zero, 0.0) <= _left(share, measured, falling, SMALLEST, flat)
    a = np.maximum(np.where(inside, slope, np.where(on_zero, to_zero, SMALLEST)), SMALLEST)
    c = np.where(inside, level, np.where(on_zero, 0.0, flat))
    return a, c, _left(share, measured, falling, a, c)


def _left(share: np.ndarray, measured: np.ndarray, falling: np.ndarray, a: ArrayLike, c: ArrayLike) -> np.ndarray:
    """The weighted squares that a curve leaves."""
    a, c = np.asarray(a)[..., None], np.asarray(c)[..., None]
    left: np.ndarray = (share * (measured - a * falling - c) ** 2).sum(-1)
    return left


def errors_at(parameters: Parameters, sizes: np.ndarray) -> np.ndarray:
    """Errors of curves with parameters of shape (...) at `sizes` (G,): (..., G)."""
    a, b, c = (np.asarray(values)[..., None] for values in parameters)
    errors: np.ndarray = a * sizes**-b + c
    return errors


def first_below(sizes: np.ndarray, values: np.ndarray, limit: np.ndarray | float) -> np.ndarray:
    """Smallest of `sizes` (G,) from which on `values` (..., G) are at most `limit` (...), between sizes interpolated.

    The first of the sizes where that holds from the start, infinite where it never does.
    """
    over = values - np.asarray(limit)[..., None]
    below = over <= 0
    place = below.argmax(-1)
    before = np.maximum(place - 1, 0)
    here, earlier = (np.take_along_axis(over, where[..., None], -1)[..., 0] for where in (place, before))
    share = np.where(earlier > here, earlier / np.where(earlier > here, earlier - here, 1.0), 1.0)
    logs = np.log(sizes)
    between = np.exp(logs[before] + share * (logs[place] - logs[before]))
    return np.where(below.any(-1), np.where(place == 0, sizes[0], between), np.inf)


def falls_below(sizes: np.ndarray, advantage: np.ndarray, margin: float) -> np.ndarray:
    """Smallest size at which `advantage` (..., G) falls below the margin: a rise to it before that does not count.

    The first of the sizes where it never was above the margin, infinite where it stays above it to the end.
    """
    above = advantage > margin
    start = above.argmax(-1)[..., None]  # where it is first above; 0 where it never is
    waiting = (np.arange(len(sizes)) < start) & above.any(-1, keepdims=True)
    return first_below(sizes, np.where(waiting, margin + 1.0, advantage), margin)
