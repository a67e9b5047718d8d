"""How well a network answered, from what it answered: with every class counting alike, and how sure a mean is.

Numpy only. A measure that has no meaning (no pictures, one picture for a spread) is NaN.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.int64]
Reals = NDArray[np.float64]
Shares = NDArray[np.floating[Any]]

# Share of the processors a run may use that others have in an epoch from which its time is not taken as it is. A page
# that is watched takes a tenth on two cores; a process that computes beside takes half.
DISTURBED_LOAD = 0.2
FEWEST_TO_ESTIMATE = 20  # pictures with and without labels, below which no accuracy is estimated
GUESSING_ERRORS = 3  # standard errors above chance up to which an accuracy may be guessed


def recalls(labels: Numbers, predicted: Numbers, classes: int) -> Reals:
    """(classes,) share of each class's pictures that were recognised, 0..1; NaN for a class without pictures."""
    pictures = np.bincount(labels, minlength=classes)
    right = np.bincount(labels[labels == predicted], minlength=classes)
    found: Reals = np.divide(right, pictures, out=np.full(classes, np.nan), where=pictures > 0)
    return found


def accuracy(labels: Numbers, predicted: Numbers, classes: int) -> float:
    """Share of right answers, 0..1."""
    return float((labels == predicted).mean()) if len(labels) else float("nan")


def balanced_accuracy(labels: Numbers, predicted: Numbers, classes: int) -> float:
    """Mean recall over the classes that have pictures, 0..1 (Brodersen et al. 2010, "The balanced accuracy")."""
    return _mean(recalls(labels, predicted, classes))


def macro_f1(labels: Numbers, predicted: Numbers, classes: int) -> float:
    """Mean over the classes that have pictures of 2 TP / (2 TP + FP + FN), 0..1 (Opitz and Burst, arXiv 1911.03347)."""
    pictures = np.bincount(labels, minlength=classes)
    answers = np.bincount(predicted, minlength=classes)
    right = np.bincount(labels[labels == predicted], minlength=classes)
    return _mean(np.divide(2 * right, pictures + answers, out=np.full(classes, np.nan), where=pictures > 0))


# Name in metrics and results -> of the labels (n,) and the answers (n,) of a network, and the number of classes.
MEASURES: dict[str, Callable[[Numbers, Numbers, int], float]] = {
    "accuracy": accuracy,
    "balanced_accuracy": balanced_accuracy,
    "macro_f1": macro_f1,
}


def guesses(labels: Numbers, right: NDArray[np.bool_]) -> bool:
    """Whether (n,) answers are no better than by always naming the commonest class, as far as n pictures can tell."""
    chance = np.bincount(labels).max() / len(labels)
    return bool(right.mean() <= chance + GUESSING_ERRORS * (chance * (1 - chance) / len(labels)) ** 0.5)


def estimated_accuracy(source: Shares, labels: Numbers, right: NDArray[np.bool_], target: Shares) -> float | None:
    """Accuracy on pictures without labels, 0..1, from (m, C) probabilities of them and from (n, C) probabilities of others, of
    which `labels` (n,) are known and these (n,) answers `right`: ATC with negative entropy (Garg et al., arXiv 2201.04234).
    An estimate, never a test. None for too few pictures, and where the labelled ones are answered no better than by chance."""
    if min(len(source), len(target)) < FEWEST_TO_ESTIMATE:
        return None
    if guesses(labels, right):
        return None
    scores = [negative_entropy(shares.astype(np.float64)) for shares in (source, target)]
    once = [np.ones((1, len(each))) for each in scores]
    return float(above_threshold(scores[0], scores[1], right.astype(np.float64), *once)[0])


def negative_entropy(probabilities: Reals) -> Reals:
    """(n,) of (n, C): the higher the surer."""
    known = np.clip(probabilities, 1e-12, 1.0)
    return np.asarray((known * np.log(known)).sum(1))


def above_threshold(source_scores: Reals, target_scores: Reals, right: Reals, source: Reals, target: Reals) -> Reals:
    """(draws,) the target's share above the threshold below which as much of the source lies as is wrong (ATC).

    `*_scores` (n,), (m,): the higher the surer; `right` (n,) 1 or 0; `source` (draws, n) and `target` (draws, m): how often
    each picture counts.
    """
    order = np.argsort(source_scores, kind="stable")
    weights = source[:, order]
    wrong = weights @ (1 - right[order])
    below = np.cumsum(weights, axis=1) <= wrong[:, None] + 1e-9
    place = np.minimum(below.sum(1), len(order) - 1)  # the first picture that is above it
    threshold = source_scores[order][place]
    above = target_scores[None, :] >= threshold[:, None]
    share = (target * above).sum(1) / target.sum(1)
    return np.where(wrong >= weights.sum(1) - 1e-9, 0.0, share)


def _mean(values: Reals) -> float:
    known = values[~np.isnan(values)]
    return float(known.mean()) if len(known) else float("nan")


def standard_error(values: Reals) -> float:
    """Of the mean of independent values: their standard deviation / sqrt(n); NaN for fewer than two."""
    return float(np.std(values, ddof=1) / np.sqrt(len(values))) if len(values) > 1 else float("nan")


def balanced_mean(values: Reals, labels: Numbers, classes: int) -> tuple[float, float]:
    """Mean over the classes of each class's mean of `values`, (n,), and its standard error: that of a stratified sample.

    A class of one picture is taken to vary as the others do on average.
    """
    pictures = np.bincount(labels, minlength=classes)
    there = np.flatnonzero(pictures)
    if not len(there):
        return float("nan"), float("nan")
    means = np.bincount(labels, values, classes)[there] / pictures[there]
    inner = np.zeros(classes)
    inner[there] = means
    squares = np.bincount(labels, (values - inner[labels]) ** 2, classes)[there]
    freedom = pictures[there] - 1
    if not freedom.any():  # one picture each: nothing is known of what varies within a class
        return float(means.mean()), standard_error(values)
    pooled = np.full(len(there), squares.sum() / freedom.sum())
    variances = np.divide(squares, freedom, out=pooled, where=freedom > 0)
    return float(means.mean()), float(np.sqrt((variances / pictures[there]).sum()) / len(there))
