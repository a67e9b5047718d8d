"""Intervals of paired differences and ratios, and what follows from them. Plain numbers in and out."""

from collections.abc import Sequence

import numpy as np
from scipy.special import stdtrit  # Student's t quantile; scipy.stats takes ten times as long to import

from tl.analysis.cost_results import Ratio
from tl.analysis.results import THESE_PICTURES, Interval

CONFIDENCE = 0.95
MIN_PAIRS = 3  # fewer give no interval: one run each is a hint, not a proof
MAX_PAIRS = 100  # seeds an experiment may have
POWER = 0.8  # how probable "would probably settle it" is, if the gain and its spread stay as they are

HELPS, HURTS, NO_DIFFERENCE, UNDECIDED = "helps", "hurts", "no_difference", "undecided"


def interval(values: Sequence[float], confidence: float = CONFIDENCE) -> Interval | None:
    """The mean and its Student-t interval, mean ± t(n-1) * sd / sqrt(n); None of no values.

    No interval for fewer than MIN_PAIRS values. Of paired differences this is the paired t interval; of accuracies over
    seeds it holds for the pictures they were measured on.
    """
    if not len(values):
        return None
    array = np.asarray(values, dtype=float)
    mean = float(array.mean())
    if len(array) < MIN_PAIRS:
        return Interval(mean)
    quantile = stdtrit(len(array) - 1, 0.5 + confidence / 2)
    half = float(quantile * array.std(ddof=1) / np.sqrt(len(array)))
    return Interval(mean, mean - half, mean + half, THESE_PICTURES)


def ratio(numerators: Sequence[float], denominators: Sequence[float]) -> Ratio | None:
    """The ratio of the means of paired positive numbers; None where there is no pair.

    The interval is Student's t on the logarithm, linearised (delta method): the pairs' relative deviations
    x / mean(x) - y / mean(y) take the place of differences. Pairs with a number that is not above 0 are left out.
    """
    pairs = [(top, bottom) for top, bottom in zip(numerators, denominators, strict=True) if top > 0 and bottom > 0]
    if not pairs:
        return None
    tops, bottoms = np.asarray(pairs, dtype=float).T
    centre = float(tops.mean() / bottoms.mean())
    deviation = interval((tops / tops.mean() - bottoms / bottoms.mean()).tolist())
    if deviation is None or deviation.low is None or deviation.high is None:
        return Ratio(value=centre, low=None, high=None)
    half = (deviation.high - deviation.low) / 2
    return Ratio(value=centre, low=centre * float(np.exp(-half)), high=centre * float(np.exp(half)))


def probability_better(differences: Sequence[float]) -> float | None:
    """Share of pairs in which the arm did better (arXiv 2103.03098); a tie counts half."""
    if not len(differences):
        return None
    array = np.asarray(differences, dtype=float)
    return float(np.mean((array > 0) + 0.5 * (array == 0)))


def outcome(gain: Interval | None, margin: float) -> str:
    """What an interval of a gain says: beyond the margin it helps or hurts, inside it makes no difference."""
    if gain is None or gain.low is None or gain.high is None:
        return UNDECIDED
    if gain.low > margin:
        return HELPS
    if gain.high < -margin:
        return HURTS
    if -margin <= gain.low and gain.high <= margin:
        return NO_DIFFERENCE
    return UNDECIDED


def pairs_to_settle(differences: Sequence[float], margin: float, confidence: float = CONFIDENCE) -> int | None:
    """With how many pairs in all the outcome would be settled with probability POWER; None beyond MAX_PAIRS.

    Takes mean and spread of `differences` for the true ones. The classical sample size for Student's t: the distance
    from the mean to the nearer margin must hold both the interval's half width and the mean's own scatter. Inside the
    margin both ends have to fit, so the risk is shared between them (as in two one-sided tests).
    """
    array = np.asarray(differences, dtype=float)
    if len(array) < MIN_PAIRS:
        return MIN_PAIRS
    inside = abs(array.mean()) < margin
    power = (1 + POWER) / 2 if inside else POWER
    distance, spread = abs(abs(float(array.mean())) - margin), float(array.std(ddof=1))
    for pairs in range(len(array) + 1, MAX_PAIRS + 1):
        needed = (stdtrit(pairs - 1, 0.5 + confidence / 2) + stdtrit(pairs - 1, power)) * spread / np.sqrt(pairs)
        if needed < distance:
            return pairs
    return None
