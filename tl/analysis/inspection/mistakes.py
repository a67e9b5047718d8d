"""The worst mistakes of one network, and the pictures that most networks get wrong."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tl.store.predictions import Answers, Predictions

Numbers = NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class Hardest:
    """Pictures that at least one network got wrong, the hardest first; k of them."""

    picture: Numbers  # (k,) place in the data set
    label: Numbers  # (k,) class
    wrong: Numbers  # (k,) networks that got it wrong
    asked: Numbers  # (k,) networks that were asked about it
    taken_for: Numbers  # (k,) the wrong class that most of them answered


def worst_mistakes(asked: Predictions) -> Numbers:
    """Rows of the wrong answers, the surest first; of equally sure ones the least likely right class first."""
    wrong = np.flatnonzero(~asked.right)
    sure, own = sureness(asked)
    return wrong[np.lexsort((own[wrong], -sure[wrong]))].astype(np.int64)


def sureness(asked: Predictions) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(n,) probability of the answer, (n,) probability of the right class; 0..1."""
    every = np.arange(len(asked.label))
    shares = asked.probabilities
    return shares[every, asked.predicted].astype(np.float64), shares[every, asked.label].astype(np.float64)


def hardest(answers: Sequence[Answers], classes: int) -> Hardest:
    """Over the networks of all arms and seeds: by how many got it wrong, then by which share of those asked.

    Seeds may have test sets of their own: then not every network was asked about every picture.
    """
    picture, label, predicted = (
        np.concatenate([getattr(each, name) for each in answers]) for name in ("picture", "label", "predicted")
    )
    places, first, row = np.unique(picture, return_index=True, return_inverse=True)
    asked = np.bincount(row, minlength=len(places))
    given = np.bincount(row * classes + predicted, minlength=len(places) * classes).reshape(-1, classes)
    own = label[first]
    given[np.arange(len(places)), own] = 0  # what is left are wrong answers
    wrong = given.sum(1)
    order = np.lexsort((places, -wrong / asked, -wrong))
    order = order[wrong[order] > 0]
    return Hardest(
        picture=places[order],
        label=own[order],
        wrong=wrong[order],
        asked=asked[order],
        taken_for=given[order].argmax(1).astype(np.int64),
    )
