"""Suspicious labels by confident learning: pictures that a network which never trained on them takes for another class.

Northcutt, Jiang and Chuang 2021, "Confident Learning: Estimating Uncertainty in Dataset Labels", arXiv 1911.00068,
sections 3.1 (thresholds, confident joint) and 3.2 (what is wrong, in which order): by self-confidence, which put more wrong
labels first than the margin did where labels of flower photos were flipped.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, kw_only=True)
class HeldOutPredictions:
    """What was said of n pictures by networks that never trained on them."""

    picture: NDArray[np.int64]  # (n,) place in the data set
    label: NDArray[np.int64]  # (n,) class, 0..C-1
    probabilities: NDArray[np.float64]  # (n, C)


@dataclass(frozen=True, kw_only=True)
class Suspect:
    """A picture whose label is doubted."""

    picture: int  # place in the data set
    label: int  # the class it has
    looks_like: int  # the class it is taken for
    own: float  # probability of the class it has: self-confidence, by which suspects are ordered
    other: float  # probability of the class it is taken for


@dataclass(frozen=True, kw_only=True)
class LabelIssues:
    """What is suspicious among the pictures that were judged."""

    judged: int  # pictures
    suspects: tuple[Suspect, ...]  # the most suspicious first
    joint: NDArray[np.int64]  # (C, C) confident joint: pictures of class i that are surely taken for class j


def thresholds(judged: HeldOutPredictions) -> NDArray[np.float64]:
    """(C,) mean probability of each class over the pictures that have it; inf for a class without any."""
    classes = judged.probabilities.shape[1]
    counts = np.bincount(judged.label, minlength=classes)
    own = judged.probabilities[np.arange(len(judged.label)), judged.label]
    sums = np.bincount(judged.label, weights=own, minlength=classes)
    return np.where(counts > 0, sums / np.maximum(counts, 1), np.inf)


def find_label_issues(*parts: HeldOutPredictions) -> LabelIssues:
    """The suspicious pictures of all `parts`, each of which is held against its own thresholds; no picture is in two.

    Networks differ in how sure they are: their probabilities are never mixed.
    """
    found = [_of(part) for part in parts if len(part.label)]
    suspects = sorted(
        (one for part in found for one in part.suspects), key=lambda one: (one.own, -one.other, one.picture)
    )
    return LabelIssues(
        judged=sum(part.judged for part in found),
        suspects=tuple(suspects),
        joint=np.sum([part.joint for part in found], axis=0) if found else np.zeros((0, 0), np.int64),
    )


def _of(judged: HeldOutPredictions) -> LabelIssues:
    count, classes = judged.probabilities.shape
    rows = np.arange(count)
    surely = judged.probabilities >= thresholds(judged)
    # Of several classes that it surely is, the likeliest; none: it says nothing (section 3.1, equation 1).
    taken_for = np.where(surely, judged.probabilities, -1.0).argmax(1)
    counted = surely.any(1)
    joint = np.zeros((classes, classes), np.int64)
    np.add.at(joint, (judged.label[counted], taken_for[counted]), 1)
    likeliest = judged.probabilities.argmax(1)
    # Where its own class is the likeliest all the same, a low threshold spoke, not the picture.
    doubted = counted & (taken_for != judged.label) & (likeliest != judged.label)
    suspects = tuple(
        Suspect(
            picture=int(judged.picture[row]),
            label=int(judged.label[row]),
            looks_like=int(taken_for[row]),
            own=float(judged.probabilities[row, judged.label[row]]),
            other=float(judged.probabilities[row, taken_for[row]]),
        )
        for row in rows[doubted]
    )
    return LabelIssues(judged=count, suspects=suspects, joint=joint)


def held_out(answers: list[HeldOutPredictions]) -> HeldOutPredictions | None:
    """What several networks of one kind say together: the mean over those that never trained on a picture.

    Each of `answers` holds what one network was not trained on; None where there are none.
    """
    if not answers:
        return None
    places = np.unique(np.concatenate([part.picture for part in answers]))
    classes = answers[0].probabilities.shape[1]
    sums, times = np.zeros((len(places), classes)), np.zeros(len(places))
    label = np.zeros(len(places), np.int64)
    for part in answers:
        at = np.searchsorted(places, part.picture)
        sums[at] += part.probabilities
        times[at] += 1
        label[at] = part.label
    return HeldOutPredictions(picture=places, label=label, probabilities=sums / times[:, None])


def without(judged: HeldOutPredictions, places: NDArray[np.int64]) -> HeldOutPredictions:
    """The same without the pictures at these places."""
    left = ~np.isin(judged.picture, places)
    return HeldOutPredictions(
        picture=judged.picture[left], label=judged.label[left], probabilities=judged.probabilities[left]
    )
