"""How well a network answered, from what it answered: with every class counting alike, and how sure a mean is.

Numpy only. A measure that has no meaning (no pictures, one picture for a spread) is NaN.
"""

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.int64]
Reals = NDArray[np.float64]

# Share of the processors a run may use that others have in an epoch from which its time is not taken as it is. A page
# that is watched takes a tenth on two cores; a process that computes beside takes half.
DISTURBED_LOAD = 0.2


def recalls(labels: Numbers, predicted: Numbers, classes: int) -> Reals:
    """(classes,) share of each class's pictures that were recognised, 0..1; NaN for a class without pictures."""
    pictures = np.bincount(labels, minlength=classes)
    right = np.bincount(labels[labels == predicted], minlength=classes)
    found: Reals = np.divide(right, pictures, out=np.full(classes, np.nan), where=pictures > 0)
    return found


def balanced_accuracy(labels: Numbers, predicted: Numbers, classes: int) -> float:
    """Mean recall over the classes that have pictures, 0..1 (Brodersen et al. 2010, "The balanced accuracy")."""
    return _mean(recalls(labels, predicted, classes))


def macro_f1(labels: Numbers, predicted: Numbers, classes: int) -> float:
    """Mean over the classes that have pictures of 2 TP / (2 TP + FP + FN), 0..1 (Opitz and Burst, arXiv 1911.03347)."""
    pictures = np.bincount(labels, minlength=classes)
    answers = np.bincount(predicted, minlength=classes)
    right = np.bincount(labels[labels == predicted], minlength=classes)
    return _mean(np.divide(2 * right, pictures + answers, out=np.full(classes, np.nan), where=pictures > 0))


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
