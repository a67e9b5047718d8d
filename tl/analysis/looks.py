"""Looking at a comparison more than once: how sure each look has to be, and what would settle an open outcome."""

import math
from bisect import bisect_left
from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import stdtrit

from tl.analysis.crossed import gain_spread
from tl.analysis.statistics import MAX_PAIRS, MIN_PAIRS, POWER
from tl.config import PLANNED_LOOKS

# How often the first look may err, the second, ...: together in at most 5 % of comparisons (simulated: README.md). Looks
# beyond get half of the one before.
DOUBTS = (0.04, 0.006, 0.003, 0.003)
MAX_PICTURES = 1_000_000


def confidence_of(look: int, arms: int = 1) -> float:
    """At which confidence to judge a look (1, 2, ...) so that all looks together err in at most 5 % of comparisons.

    `arms`: of how many the one judged is the best (Bonferroni). Looks with fewer than 3 seeds make no claim and are
    not counted. Raises ValueError for a look before the first.
    """
    if look < 1:
        raise ValueError(f"look is {look}; it must be 1 or more.")  # not shown
    beyond = max(0, look - len(DOUBTS))
    return float(1 - DOUBTS[look - beyond - 1] / 2**beyond / max(1, arms))


def confidences(confidence: float | None, look: int, arms: int) -> tuple[float, float]:
    """Confidences of the part of the doubt that all looks share (test pictures), and of what each look draws anew.

    What is the same at every look can't err anew, so it stays at the first look's. A given `confidence` is both.
    """
    return (confidence_of(1, arms), confidence_of(look, arms)) if confidence is None else (confidence, confidence)


def limit_half_width(
    right_arm: ArrayLike,
    right_baseline: ArrayLike,
    *,
    arms: int = 1,
    clusters: ArrayLike | None = None,
    classes: ArrayLike | None = None,
) -> float:
    """Half the width that the gain's interval would have with any number of seeds: the test pictures' part alone.

    At whichever look; `arms` as in `gain_interval`.
    """
    found, shared = gain_spread(right_arm, right_baseline, clusters, classes), confidence_of(1, arms)
    return _half(shared, shared, float(found.of_pictures()), 0.0, found.units, MAX_PAIRS)


def resplit_limit_half_width(deviation: float, *, test_pictures: float, train_pictures: float, arms: int = 1) -> float:
    """The same where every seed drew its own split; `deviation` is the gains' standard deviation."""
    return float(stdtrit(1e9, 0.5 + confidence_of(1, arms) / 2)) * deviation * math.sqrt(test_pictures / train_pictures)


def seeds_to_settle(
    right_arm: ArrayLike,
    right_baseline: ArrayLike,
    margin: float,
    *,
    looks: int = 1,
    arms: int = 1,
    clusters: ArrayLike | None = None,
    classes: ArrayLike | None = None,
) -> int | None:
    """The number of seeds in all at which an open outcome would be decided with 80 % probability.

    Takes the gain and the parts of its variance for the true ones, and the test pictures as they are. `looks` is how
    many looks (with 3 seeds or more) there were, `arms` as in `confidence_of`. The planned numbers come first, then any
    up to 100, judged as one more look. None: no number of seeds can, the test pictures are too few. Fewer than 3 seeds
    tell nothing of others: then it is 3.
    """
    seeds = len(np.asarray(right_arm))
    if seeds < MIN_PAIRS:
        return PLANNED_LOOKS[0]
    found = gain_spread(right_arm, right_baseline, clusters, classes)
    pictures, per_seed = float(found.of_pictures()), found.of_networks() + found.of_rest()

    def parts(number: int) -> Parts:
        return pictures, per_seed / number, found.units

    return _first_number(parts, float(found.mean), margin, seeds, looks, arms)


def resplits_to_settle(
    gains: list[float],
    margin: float,
    *,
    test_pictures: float,
    train_pictures: float,
    looks: int = 1,
    arms: int = 1,
) -> int | None:
    """`seeds_to_settle` where every seed drew its own split; `gains` are those of the seeds there are."""
    seeds = len(gains)
    if seeds < MIN_PAIRS:
        return PLANNED_LOOKS[0]
    mean, square = float(np.mean(gains)), float(np.var(gains, ddof=1))

    def parts(number: int) -> Parts:
        return square * test_pictures / train_pictures, square / number, number

    return _first_number(parts, mean, margin, seeds, looks, arms)


def pictures_to_settle(
    right_arm: ArrayLike,
    right_baseline: ArrayLike,
    margin: float,
    *,
    arms: int = 1,
    seeds: float | None = None,
    clusters: ArrayLike | None = None,
    classes: ArrayLike | None = None,
) -> int | None:
    """How many test pictures in all would decide an open outcome with 80 % probability; None: no number can.

    `seeds`: with how many (default: as many as there are; `math.inf`: any number). Pictures that come in clusters are
    taken to come in such clusters again. Other test pictures make it a new comparison: it is judged as a first look
    (`arms` as in `gain_interval`).
    """
    found = gain_spread(right_arm, right_baseline, clusters, classes)
    seeds_now, pictures_now = np.shape(right_arm)
    per_unit, number = pictures_now / found.units, seeds_now if seeds is None else seeds
    networks, rest = found.of_networks(), found.of_rest() * found.units
    pictures = float(found.of_pictures()) * found.units
    mean, judged = float(found.mean), (confidence_of(1, arms),) * 2

    def settled(units: int) -> bool:
        both = pictures / units, (networks + rest / units) / number, units, number
        return _half(*judged, *both) + _half(*_powers(mean, margin), *both) < _distance(mean, margin)

    most = math.ceil(MAX_PICTURES / per_unit)
    if not settled(most):
        return None
    units = 2 + bisect_left(range(2, most), True, key=settled)  # once it is settled it is with more
    return int(max(pictures_now, math.ceil(units * per_unit)))


# Variance of the mean: what stays, what seeds move; units of pictures behind the first.
Parts = tuple[float, float, int]


def _first_number(
    parts: Callable[[int], Parts], mean: float, margin: float, seeds: int, looks: int, arms: int
) -> int | None:
    """The first number of seeds, planned ones first, at which the outcome would be decided."""
    for number, look in _candidates(seeds, looks):
        stays, moved, units = parts(number)
        half = _half(*confidences(None, look, arms), stays, moved, units, number)
        scatter = _half(*_powers(mean, margin), 0.0, moved, units, number)
        if half + scatter < _distance(mean, margin):
            return number
    return None


def _candidates(seeds: int, looks: int) -> Iterator[tuple[int, int]]:
    """(number of seeds, which look that would be): the planned ones, then any."""
    look = looks
    for number in PLANNED_LOOKS:
        if number > seeds:
            look += 1
            yield number, look
    for number in range(max(seeds, PLANNED_LOOKS[-1]) + 1, MAX_PAIRS + 1):
        yield number, look + 1


def _half(for_pictures: float, for_seeds: float, pictures: float, moved: float, units: float, seeds: float) -> float:
    """Half width of an interval with variances of these parts and these confidences, as in `Spread.half_width`."""
    quantiles = (
        stdtrit(min(max(1, number - 1), 1e9), 0.5 + confidence / 2)
        for number, confidence in ((units, for_pictures), (seeds, for_seeds))
    )
    return math.sqrt(sum(quantile**2 * part for quantile, part in zip(quantiles, (pictures, moved), strict=True)))


def _powers(mean: float, margin: float) -> tuple[float, float]:
    """Confidences whose half width the mean's own scatter keeps to with probability POWER, to one side.

    Inside the margin both ends have to fit, so the risk is shared between them (as in two one-sided tests).
    """
    power = (1 + POWER) / 2 if abs(mean) < margin else POWER
    return 2 * power - 1, 2 * power - 1


def _distance(mean: float, margin: float) -> float:
    return abs(abs(mean) - margin)
