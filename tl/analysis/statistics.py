"""Intervals of paired differences and ratios, and what follows from them. Plain numbers in and out."""

from collections.abc import Sequence

import numpy as np
from scipy.special import stdtrit  # Student's t quantile; scipy.stats takes ten times as long to import

CONFIDENCE = 0.95
MIN_PAIRS = 3  # fewer give no interval: one run each is a hint, not a proof

HELPS, HURTS, NO_DIFFERENCE, UNDECIDED = "helps", "hurts", "no_difference", "undecided"


def interval(values: Sequence[float]) -> dict | None:
    """`{"mean", "low", "high"}`: the mean and its 95 % Student-t interval, mean ± t(n-1) * sd / sqrt(n).

    `low` and `high` are None for fewer than MIN_PAIRS values; None for none at all. Of paired differences this is the
    paired t interval.
    """
    if not len(values):
        return None
    array = np.asarray(values, dtype=float)
    mean = float(array.mean())
    if len(array) < MIN_PAIRS:
        return {"mean": mean, "low": None, "high": None}
    quantile = stdtrit(len(array) - 1, 0.5 + CONFIDENCE / 2)
    half = float(quantile * array.std(ddof=1) / np.sqrt(len(array)))
    return {"mean": mean, "low": mean - half, "high": mean + half}


def ratio(numerators: Sequence[float], denominators: Sequence[float]) -> dict | None:
    """`{"ratio", "low", "high"}` of paired positive numbers: the geometric mean of their ratios.

    The interval is that of the logarithms. Pairs with a number that is not above 0 have no ratio and are left out.
    """
    pairs = [(top, bottom) for top, bottom in zip(numerators, denominators, strict=True) if top > 0 and bottom > 0]
    logarithm = interval([float(np.log(top / bottom)) for top, bottom in pairs])
    if logarithm is None:
        return None
    mean, low, high = (None if value is None else float(np.exp(value)) for value in logarithm.values())
    return {"ratio": mean, "low": low, "high": high}


def probability_better(differences: Sequence[float]) -> float | None:
    """Share of pairs in which the arm did better (arXiv 2103.03098); a tie counts half."""
    if not len(differences):
        return None
    array = np.asarray(differences, dtype=float)
    return float(np.mean((array > 0) + 0.5 * (array == 0)))


def outcome(gain: dict | None, margin: float) -> str:
    """What an interval of a gain says: beyond the margin it helps or hurts, inside it makes no difference."""
    if gain is None or gain["low"] is None:
        return UNDECIDED
    if gain["low"] > margin:
        return HELPS
    if gain["high"] < -margin:
        return HURTS
    if -margin <= gain["low"] and gain["high"] <= margin:
        return NO_DIFFERENCE
    return UNDECIDED
