"""Does a network that is 80 % sure answer rightly in 80 % of such cases? And the one number that mends it.

Probabilities are stored in half precision, so one below 6e-8 is 0 there: FLOOR takes its place in logarithms.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tl.analysis.certainty import wilson
from tl.analysis.crossed import draws
from tl.analysis.results import Interval
from tl.store.predictions import Predictions

FLOOR = 2.0**-25  # half the smallest number above 0 in half precision
BINS = 15  # of the reliability diagram, at most (Guo et al. 2017)
PICTURES = 20  # in a bin at least, where there are several: fewer say too little
LOWEST, HIGHEST = 0.05, 20.0  # temperatures that are searched
PRECISION = 1e-4  # of the temperature's logarithm

Reals = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Bin:
    """Pictures that a network was about equally sure of."""

    sure: float  # mean probability of the answers, 0..1
    right: Interval  # share of them that was right, for these networks
    pictures: int


@dataclass(frozen=True, kw_only=True)
class Quality:
    """How well the probabilities of one network fit n pictures."""

    error: float  # expected calibration error, 0..1
    log_likelihood: float  # negative, the mean per picture in nats; lower is better
    brier: float  # mean squared distance to the true class over all classes, 0..2; lower is better
    bins: tuple[Bin, ...]
    all: Bin  # all n pictures together


@dataclass(frozen=True, kw_only=True)
class Calibration:
    """One network on the test pictures, as it is and with the temperature that fits its validation pictures."""

    before: Quality
    temperature: float | None  # None: no validation answers, or none that settle one
    after: Quality | None  # with that temperature


def calibration(test: Predictions, validation: Predictions | None) -> Calibration:
    """How well the probabilities on the test pictures fit, before and after the temperature."""
    found = fitted_temperature(validation) if validation is not None else None
    cooled = with_temperature(test.probabilities, found) if found is not None else None
    return Calibration(
        before=quality(test, test.probabilities.astype(np.float64)),
        temperature=found,
        after=None if cooled is None else quality(test, cooled),
    )


def fitted_temperature(predictions: Predictions) -> float | None:
    """The temperature T for which softmax(log p / T) gives the labels the highest likelihood (Guo et al. 2017, 1706.04599).

    Fit it on validation pictures, never on those that it is judged on. Above 1: the network was too sure. None where the
    likelihood only ends at LOWEST or HIGHEST, as where all answers are right: then nothing says how sure to be. The
    likelihood is concave in 1 / T, so its slope is searched for 0 by halving.
    """
    logits = np.log(np.maximum(predictions.probabilities.astype(np.float64), FLOOR))  # (n, C)
    logits -= logits.max(1, keepdims=True)
    own = np.take_along_axis(logits, predictions.label[:, None], 1).mean()

    def surer(log: float) -> bool:  # whether the likelihood rises towards lower temperatures
        weights = np.exp(logits * np.exp(-log))
        expected = (weights * logits).sum(1) / weights.sum(1)
        return bool(own > expected.mean())

    low, high = float(np.log(LOWEST)), float(np.log(HIGHEST))
    if surer(low) or not surer(high):
        return None
    while high - low > PRECISION:
        middle = (low + high) / 2
        low, high = (low, middle) if surer(middle) else (middle, high)
    return float(np.exp((low + high) / 2))


def with_temperature(probabilities: NDArray[np.floating], temperature: float) -> Reals:
    """(n, C) softmax(log p / T): the answers stay the same, how sure they are changes."""
    logits = np.log(np.maximum(probabilities.astype(np.float64), FLOOR)) / temperature
    weights = np.exp(logits - logits.max(1, keepdims=True))
    return np.asarray(weights / weights.sum(1, keepdims=True))


def ece(sure: Reals, right: NDArray[np.bool_], bins: int | None = None) -> float:
    """Expected calibration error, 0..1: over bins of equally many pictures, the mean distance between how sure the answers
    were, (n,) 0..1, and the share of them that was right (Nixon et al. 2019, arXiv 1904.01685: adaptive bins).

    NaN for no pictures. Of a few hundred pictures it is a few points too high, as each bin's share is off by chance.
    """
    if not len(sure):
        return float("nan")
    parts = equal_mass(sure, bins)
    return float(sum(abs(sure[part].mean() - right[part].mean()) * len(part) for part in parts) / len(sure))


def equal_mass(sure: Reals, bins: int | None = None) -> Sequence[NDArray[np.int64]]:
    """Indices of the pictures of every bin, from unsure to sure: of about as many pictures each, equal numbers together."""
    wanted = bins or max(1, min(BINS, len(sure) // PICTURES))
    order = np.argsort(sure, kind="stable")
    ordered = sure[order]
    cuts = ordered[(np.arange(1, wanted) * len(sure)) // wanted]
    return [part for part in np.split(order, np.unique(np.searchsorted(ordered, cuts))) if len(part)]


def quality(asked: Predictions, shares: Reals) -> Quality:
    """Of probabilities (n, C) for the pictures and answers of `asked`."""
    every = np.arange(len(shares))
    sure = shares[every, asked.predicted]
    own = shares[every, asked.label]
    return Quality(
        error=ece(sure, asked.right),
        log_likelihood=float(-np.log(np.maximum(own, FLOOR)).mean()),
        brier=float(((shares**2).sum(1) - 2 * own + 1).mean()),
        bins=tuple(_bin(asked, sure, part) for part in equal_mass(sure)),
        all=_bin(asked, sure, every),
    )


def _bin(asked: Predictions, sure: Reals, part: NDArray[np.int64]) -> Bin:
    number = draws(asked.group[part])
    share = wilson(float(asked.right[part].mean()) * number, number)
    assert share is not None  # no bin is empty
    return Bin(sure=float(sure[part].mean()), right=share, pictures=len(part))
