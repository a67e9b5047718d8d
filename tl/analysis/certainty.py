"""How sure a figure is, as people read it: on pictures yet to be taken, with networks yet to be trained.

Right answers in (0/1 per network and test picture), intervals out. Methods, sources and how often the intervals hold in
simulations: README.md beside this file. `crossed` has the arithmetic, `looks` what follows for more seeds or pictures.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import stdtrit

from tl.analysis import statistics
from tl.analysis.crossed import FLOOR, Array, Spread, linearised, spread, unevenness
from tl.analysis.results import NEW_PICTURES, NEW_TRAINING, NO_INTERVAL, THESE_NETWORKS, THESE_PICTURES, Interval

MIN_SEEDS = statistics.MIN_PAIRS  # fewer say nothing about other networks


def gain_spread(
    right_arm: ArrayLike, right_baseline: ArrayLike, clusters: ArrayLike | None = None, classes: ArrayLike | None = None
) -> Spread:
    """Mean squares of the paired differences; arguments as in `gain_interval`. Fewer than 3 seeds: of their mean."""
    arm, baseline = (np.asarray(side, dtype=float) for side in (right_arm, right_baseline))
    if arm.shape != baseline.shape or arm.ndim != 2:
        raise ValueError(f"right answers are {arm.shape} and {baseline.shape}; they must be of the same (S, N).")
    return _spread(arm - baseline, clusters, classes, FLOOR * unevenness(classes))


def gain_interval(
    right_arm: ArrayLike,
    right_baseline: ArrayLike,
    *,
    confidence: float,
    clusters: ArrayLike | None = None,
    classes: ArrayLike | None = None,
) -> Interval:
    """Gain in accuracy of an arm over the baseline, for other pictures and other networks.

    `right_*` are (S, N): 1 where the network of a seed was right about a test picture; the same seeds and the same
    pictures in both. With `classes` (N,), the true class of each, it is the gain in balanced accuracy. `clusters` (N,):
    pictures with the same number belong together and count as one draw (-1: alone). With 1 or 2 seeds the networks are
    taken as given ("these_networks"). Raises ValueError for shapes that differ.
    """
    found = gain_spread(right_arm, right_baseline, clusters, classes)
    return _bounded(found, confidence, len(np.asarray(right_arm)))


def _spread(values: Array, clusters: ArrayLike | None, classes: ArrayLike | None, floor: float) -> Spread:
    if len(values) < MIN_SEEDS:  # nothing is known of other networks: these alone, as one
        values = values.mean(0, keepdims=True)
    return spread(linearised(values, clusters, classes), floor)


def _bounded(found: Spread, confidence: float, seeds: int) -> Interval:
    mean = float(found.mean)
    if found.units < 2:
        return Interval(mean, None, None, NO_INTERVAL)
    half = float(found.half_width(confidence))
    return Interval(mean, max(-1.0, mean - half), min(1.0, mean + half), _basis(seeds))


def _basis(seeds: int) -> str:
    return THESE_NETWORKS if seeds < MIN_SEEDS else NEW_PICTURES


def share_interval(
    right: ArrayLike, *, confidence: float, clusters: ArrayLike | None = None, classes: ArrayLike | None = None
) -> Interval:
    """Accuracy (with `classes`: balanced accuracy) of one arm, for other pictures and other networks, within 0..1.

    `right` is (S, N), the rest as in `gain_interval`. Wilson's interval with Student's quantile and as many pictures
    as would give an accuracy the variance that the seeds and pictures have.
    """
    array = np.asarray(right, dtype=float)
    found = _spread(array, clusters, classes, 0.0)  # Wilson's interval has no need of a floor
    mean = float(found.mean)
    if found.units < 2:
        return Interval(mean, None, None, NO_INTERVAL)
    number = _effective(mean, float(found.variance()), found.units)
    low, high = _wilson(mean, number, float(stdtrit(found.freedom(), 0.5 + confidence / 2)))
    return Interval(mean, low, high, _basis(len(array)))


def _effective(mean: float, variance: float, units: int) -> float:
    """How many independent pictures the variance is worth; one picture's worth of doubt draws it to their number."""
    return (units * mean * (1 - mean) + 1) / (units * variance + 1 / units)


def _wilson(mean: float, number: float, quantile: float) -> tuple[float, float]:
    square = quantile**2 / number
    centre, half = mean + square / 2, np.sqrt(square * (mean * (1 - mean) + square / 4))
    low, high = (centre - half) / (1 + square), (centre + half) / (1 + square)
    return max(0.0, min(mean, float(low))), min(1.0, max(mean, float(high)))


def wilson(right: float, number: float, confidence: float) -> Interval | None:
    """Wilson's interval of a share: `right` of `number` pictures of one network, as for a class's recall.

    None for no pictures. Wilson 1927; Brown, Cai and DasGupta 2001.
    """
    if not number:
        return None
    low, high = _wilson(right / number, number, float(stdtrit(1e9, 0.5 + confidence / 2)))
    return Interval(right / number, low, high, THESE_NETWORKS)


def of_seeds(
    values: Sequence[float],
    confidence: float,
    bounds: tuple[float, float] = (-1.0, 1.0),
    pictures: int | None = None,
) -> Interval | None:
    """Student's t over seeds, for runs whose answers were not stored: holds for these very test pictures only.

    None for no values; no interval for fewer than 3. It ends at `bounds`. With the number of test `pictures` it is
    never narrower than one picture's doubt, where all seeds came out alike by chance.
    """
    if not len(values):
        return None
    array = np.asarray(values, dtype=float)
    mean, seeds = float(array.mean()), len(array)
    if seeds < MIN_SEEDS:
        return Interval(mean, None, None, NO_INTERVAL)
    variance = max(float(array.var(ddof=1)) / seeds, _least(pictures))
    return _within(mean, float(stdtrit(seeds - 1, 0.5 + confidence / 2)) * variance**0.5, bounds, THESE_PICTURES)


def resampled_interval(
    gains: Sequence[float],
    *,
    test_pictures: float,
    train_pictures: float,
    confidence: float,
    bounds: tuple[float, float] = (-1.0, 1.0),
) -> Interval | None:
    """Mean gain where every seed drew its own split, for other training pictures as well (the same split for all arms).

    Corrected resampled t (Nadeau and Bengio 2003, Machine Learning 52:239-281): variance (1/J + n_test/n_train) s²,
    J - 1 degrees of freedom. `train_pictures` is the training part of each split, whole, also where an arm used a
    sample of it: README.md. None for no gains; no interval for fewer than 3.
    """
    if not len(gains):
        return None
    array = np.asarray(gains, dtype=float)
    mean, seeds = float(array.mean()), len(array)
    if seeds < MIN_SEEDS:
        return Interval(mean, None, None, NO_INTERVAL)
    scatter = max(float(array.var(ddof=1)), _least(round(test_pictures)))
    deviation = (scatter * (1 / seeds + test_pictures / train_pictures)) ** 0.5
    return _within(mean, float(stdtrit(seeds - 1, 0.5 + confidence / 2)) * deviation, bounds, NEW_TRAINING)


def _least(pictures: int | None) -> float:
    return 0.0 if pictures is None else 1.0 / (pictures + 2) ** 2


def _within(mean: float, half: float, bounds: tuple[float, float], basis: str) -> Interval:
    return Interval(mean, max(bounds[0], mean - half), min(bounds[1], mean + half), basis)
