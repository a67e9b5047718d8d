"""How sure a figure is, as people read it: on pictures yet to be taken, with networks yet to be trained.

Right answers in (0/1 per network and test picture), intervals out. Methods, sources and how often the intervals hold in
simulations: README.md beside this file. `crossed` has the arithmetic, `looks` what follows for more seeds or pictures.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import stdtrit

from tl.analysis.crossed import Spread, gain_spread, spread_of
from tl.analysis.looks import confidences
from tl.analysis.results import NEW_PICTURES, NEW_TRAINING, THESE_NETWORKS, THESE_PICTURES, Interval
from tl.analysis.statistics import CONFIDENCE, MIN_PAIRS


def gain_interval(
    right_arm: ArrayLike,
    right_baseline: ArrayLike,
    *,
    confidence: float | None = None,
    look: int = 1,
    arms: int = 1,
    clusters: ArrayLike | None = None,
    classes: ArrayLike | None = None,
) -> Interval:
    """Gain in accuracy of an arm over the baseline, for other pictures and other networks.

    `right_*` are (S, N): 1 where the network of a seed was right about a test picture; the same seeds and the same
    pictures in both. With `classes` (N,), the true class of each, it is the gain in balanced accuracy. `clusters` (N,):
    pictures with the same number belong together and count as one draw (-1: alone). With 1 or 2 seeds the networks are
    taken as given ("these_networks").

    Judged at the given look at the best of so many arms, as in `looks.confidence_of`: only what other seeds would move
    pays for looking again, the pictures are the same at every look. With `confidence` at that instead. Raises ValueError
    for shapes that differ.
    """
    found, (shared, anew) = (
        gain_spread(right_arm, right_baseline, clusters, classes),
        confidences(confidence, look, arms),
    )
    if found.units < 2:
        return Interval(float(found.mean))
    return _within(float(found.mean), float(found.half_width(anew, shared)), _basis(len(np.asarray(right_arm))))


def _basis(seeds: int) -> str:
    return THESE_NETWORKS if seeds < MIN_PAIRS else NEW_PICTURES


def share_interval(
    right: ArrayLike,
    *,
    confidence: float = CONFIDENCE,
    clusters: ArrayLike | None = None,
    classes: ArrayLike | None = None,
) -> Interval:
    """Accuracy (with `classes`: balanced accuracy) of one arm, for other pictures and other networks, within 0..1.

    `right` is (S, N), the rest as in `gain_interval`. Wilson's interval with Student's quantile and as many pictures
    as would give an accuracy the variance that the seeds and pictures have.
    """
    array = np.asarray(right, dtype=float)
    found = spread_of(array, clusters, classes, 0.0)  # Wilson's interval has no need of a floor
    mean = float(found.mean)
    if found.units < 2:
        return Interval(mean)
    variance = float(found.variance())
    quantile = float(found.half_width(confidence)) / variance**0.5 if variance else _quantile(found.units, confidence)
    return _share(mean, variance, found.units, quantile, _basis(len(array)))


def _share(mean: float, variance: float, units: float, quantile: float, basis: str) -> Interval:
    return Interval(mean, *_wilson(mean, _effective(mean, variance, units), quantile), basis)


def _quantile(number: float, confidence: float) -> float:
    return float(stdtrit(max(1.0, number - 1), 0.5 + confidence / 2))


def _effective(mean: float, variance: float, units: float) -> float:
    """How many independent pictures the variance is worth; one picture's worth of doubt draws it to their number."""
    return (units * mean * (1 - mean) + 1) / (units * variance + 1 / units)


def _wilson(mean: float, number: float, quantile: float) -> tuple[float, float]:
    square = quantile**2 / number
    centre, half = mean + square / 2, np.sqrt(square * (mean * (1 - mean) + square / 4))
    low, high = (centre - half) / (1 + square), (centre + half) / (1 + square)
    return max(0.0, min(mean, float(low))), min(1.0, max(mean, float(high)))


def wilson(right: float, number: float, confidence: float = CONFIDENCE) -> Interval | None:
    """Wilson's interval of a share: `right` of `number` pictures of one network, as for a class's recall.

    None for no pictures. Wilson 1927; Brown, Cai and DasGupta 2001.
    """
    if not number:
        return None
    low, high = _wilson(right / number, number, float(stdtrit(1e9, 0.5 + confidence / 2)))
    return Interval(right / number, low, high, THESE_NETWORKS)


def of_seeds(
    values: Sequence[float],
    confidence: float | None = None,
    bounds: tuple[float, float] = (-1.0, 1.0),
    pictures: int | None = None,
    look: int = 1,
    arms: int = 1,
) -> Interval | None:
    """Student's t over seeds, for runs whose answers were not stored: holds for these very test pictures only.

    None for no values; no interval for fewer than 3. It ends at `bounds`. With the number of test `pictures` it is
    never narrower than one picture's doubt, where all seeds came out alike by chance. `confidence`, `look` and `arms`
    as in `gain_interval`: all of this doubt is the seeds'.
    """
    if len(values) < MIN_PAIRS:
        return _of_few(values)
    mean, square, seeds = _moments(values)
    variance = max(square / seeds, _least(pictures))
    anew = confidences(confidence, look, arms)[1]
    return _within(mean, _quantile(seeds, anew) * variance**0.5, THESE_PICTURES, bounds)


def _of_few(values: Sequence[float]) -> Interval | None:
    return Interval(float(np.mean(values))) if len(values) else None


def _moments(values: Sequence[float]) -> tuple[float, float, int]:
    """Mean, variance of one, number."""
    array = np.asarray(values, dtype=float)
    return float(array.mean()), float(array.var(ddof=1)), len(array)


def resampled_interval(
    gains: Sequence[float],
    *,
    test_pictures: float,
    train_pictures: float,
    confidence: float | None = None,
    look: int = 1,
    arms: int = 1,
) -> Interval | None:
    """Mean gain where every seed drew its own split, for other training pictures as well (the same split for all arms).

    Corrected resampled t (Nadeau and Bengio 2003, Machine Learning 52:239-281): variance (1/J + n_test/n_train) s²,
    J - 1 degrees of freedom. `train_pictures` is the training part of each split, whole, also where an arm used a
    sample of it: README.md. `confidence`, `look` and `arms` as in `gain_interval`: the part n_test/n_train, which no
    further split takes away, is judged as at the first look. None for no gains; no interval for fewer than 3.
    """
    if len(gains) < MIN_PAIRS:
        return _of_few(gains)
    mean, square, seeds = _moments(gains)
    scatter = max(square, _least(round(test_pictures)))
    shared, anew = (_quantile(seeds, judged) for judged in confidences(confidence, look, arms))
    half = (scatter * (anew**2 / seeds + shared**2 * test_pictures / train_pictures)) ** 0.5
    return _within(mean, half, NEW_TRAINING)


def resampled_share(
    accuracies: Sequence[float], *, test_pictures: float, train_pictures: float, confidence: float = CONFIDENCE
) -> Interval | None:
    """An arm's own mean accuracy where every seed drew its own split: as `resampled_interval`, but within 0..1 (Wilson).

    None for no accuracies; no interval for fewer than 3.
    """
    if len(accuracies) < MIN_PAIRS:
        return _of_few(accuracies)
    mean, square, seeds = _moments(accuracies)
    variance = square * (1 / seeds + test_pictures / train_pictures)
    return _share(mean, variance, test_pictures, _quantile(seeds, confidence), NEW_TRAINING)


Splits = Sequence[ArrayLike]  # for each seed the answers about its own test pictures, (N_s,)


def splits_interval(
    right_arm: Splits,
    right_baseline: Splits,
    *,
    confidence: float = CONFIDENCE,
    clusters: Splits | None = None,
    classes: Splits | None = None,
) -> Interval | None:
    """Mean gain of 1 or 2 networks each, tested on different pictures, for other pictures: "these_networks".

    `right_*` hold for each seed (N_s,): 1 where its network was right; `clusters` and `classes` (N_s,) as in
    `gain_interval`. The test sets are drawn from one data set and overlap: the variance is the mean of the splits' own,
    as if their errors were all the same. None for no seeds. Raises ValueError for shapes that differ.
    """
    return _of_splits(
        [
            gain_spread(np.asarray(arm)[None], np.asarray(baseline)[None], *kept)
            for arm, baseline, kept in zip(right_arm, right_baseline, _kept(right_arm, clusters, classes), strict=True)
        ],
        confidence,
    )


def splits_share(
    right: Splits, *, confidence: float = CONFIDENCE, clusters: Splits | None = None, classes: Splits | None = None
) -> Interval | None:
    """The same of an arm's own accuracy, within 0..1 (Wilson's interval)."""
    found = [
        spread_of(np.asarray(answers, dtype=float)[None], *kept, 0.0)
        for answers, kept in zip(right, _kept(right, clusters, classes), strict=True)
    ]
    return _of_splits(found, confidence, share=True)


def _kept(
    right: Splits, clusters: Splits | None, classes: Splits | None
) -> list[tuple[ArrayLike | None, ArrayLike | None]]:
    none = [None] * len(right)
    return list(zip(clusters or none, classes or none, strict=True))


def _of_splits(found: list[Spread], confidence: float, share: bool = False) -> Interval | None:
    if not found:
        return None
    mean, variance, units = (
        float(np.mean(values))
        for values in zip(*((split.mean, split.variance(), split.units) for split in found), strict=True)
    )
    if min(split.units for split in found) < 2:
        return Interval(mean)
    quantile = _quantile(units, confidence)
    if share:
        return _share(mean, variance, units, quantile, THESE_NETWORKS)
    return _within(mean, quantile * variance**0.5, THESE_NETWORKS)


def _least(pictures: int | None) -> float:
    return 0.0 if pictures is None else 1.0 / (pictures + 2) ** 2


def _within(mean: float, half: float, basis: str, bounds: tuple[float, float] = (-1.0, 1.0)) -> Interval:
    return Interval(mean, max(bounds[0], mean - half), min(bounds[1], mean + half), basis)
