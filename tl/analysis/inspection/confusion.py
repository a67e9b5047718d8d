"""What one network takes for what: the confusion matrix, and how each class fares, with intervals."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tl.analysis.certainty import wilson
from tl.analysis.crossed import units_of
from tl.analysis.results import Interval
from tl.store.predictions import Answers

Numbers = NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class ClassScore:
    """How one class fared; intervals are Wilson's, for these networks on other pictures."""

    pictures: int  # that are labelled so: the support
    answers: int  # pictures that were answered so
    recall: Interval | None  # share of its pictures that were recognised; None: it has none
    precision: Interval | None  # share of such answers that are right; None: there was none


def confusion(asked: Answers, classes: int) -> Numbers:
    """(C, C) how many pictures of each class (row) were answered as each class (column)."""
    counts = np.bincount(asked.label * classes + asked.predicted, minlength=classes**2)
    return counts.reshape(classes, classes)


def class_scores(asked: Answers, classes: int) -> tuple[ClassScore, ...]:
    """Of every class, in label order. Pictures that belong together count as one in the intervals."""
    counts, units = confusion(asked, classes), units_of(asked.group)
    pictures, answers, right = counts.sum(1), counts.sum(0), np.diag(counts)
    labelled, answered = (_drawn(of, units, classes) for of in (asked.label, asked.predicted))
    return tuple(
        ClassScore(
            pictures=int(pictures[number]),
            answers=int(answers[number]),
            recall=_share(right[number], pictures[number], labelled[number]),
            precision=_share(right[number], answers[number], answered[number]),
        )
        for number in range(classes)
    )


def most_confused(counts: Sequence[Numbers], most: int) -> Numbers:
    """The classes, in label order, that most wrong answers are about: as label or as answer, in any of these (C, C) counts."""
    wrong = np.sum([each - np.diag(np.diag(each)) for each in counts], axis=0)
    order = np.argsort(-(wrong.sum(0) + wrong.sum(1)), kind="stable")
    return np.sort(order[:most]).astype(np.int64)


def _drawn(of: Numbers, units: Numbers, classes: int) -> Numbers:
    """(C,) how many pictures of each class were drawn independently: those of one unit are one draw. `of`, `units`: (n,)."""
    several = int(units.max(initial=0)) + 1
    return np.bincount(np.unique(of * several + units) // several, minlength=classes)


def _share(right: int, pictures: int, drawn: int) -> Interval | None:
    """The share of so many pictures that was answered rightly."""
    return wilson(float(right / pictures) * float(drawn), int(drawn)) if pictures else None
