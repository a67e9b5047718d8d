"""What goes wrong while a network is moved to other pictures, seen in the columns of metrics.parquet, and how it is said."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from tl.analysis.records import column
from tl.languages import say
from tl.words import number_of, percent, points

LATE = 3  # epochs at the end that have to agree
NEVER_ABOVE = 0.55  # of the domain discriminator: it has learned nothing
ALWAYS_RIGHT = 0.99  # of the domain discriminator: nothing was aligned
HARDLY = 0.95  # of what MCC adds to the loss in the first epoch: where the last one has more, it has hardly begun
FALL = 0.1  # of accuracy on the target, from its highest to its last


class Kind(StrEnum):
    """What is marked."""

    CHANCE = "discriminator_at_chance"
    CERTAIN = "discriminator_certain"
    UNMOVED = "adaptation_unmoved"
    VANISHED = "class_vanished"
    FALLING = "target_accuracy_falls"
    ESTIMATE_FALLS = "estimated_accuracy_falls"


@dataclass(frozen=True, kw_only=True)
class Mark:
    """One thing that went wrong in one run."""

    kind: Kind
    epoch: int  # from 1: since when
    value: float  # what it was at the end: an accuracy 0..1, or a number of classes


def marks(metrics: pd.DataFrame, classes: int) -> tuple[Mark, ...]:
    """What went wrong so far, from a run's epochs; none where the columns are empty, as for arms that adapt nothing."""
    domain = column(metrics, "domain_accuracy")
    found = [_at_chance(domain), _certain(domain), _vanished(column(metrics, "predicted_classes"), classes)]
    if not np.isfinite(domain).any():  # against a discriminator, a loss that stays says nothing
        found.append(_unmoved(column(metrics, "adaptation_loss")))
    measured = column(metrics, "target_val_accuracy")
    if np.isfinite(measured).any():  # then an estimate has nothing to add
        found.append(_falling(measured, Kind.FALLING))
    else:
        found.append(_falling(column(metrics, "estimated_accuracy"), Kind.ESTIMATE_FALLS))
    return tuple(mark for mark in found if mark)


def _at_chance(domain: NDArray[np.float64]) -> Mark | None:
    """A discriminator that never told the two apart teaches nothing; one that ends at chance is what is wanted."""
    known = domain[np.isfinite(domain)]
    if len(known) < LATE or known.max() > NEVER_ABOVE:
        return None
    return Mark(kind=Kind.CHANCE, epoch=1, value=float(known[-1]))


def _certain(domain: NDArray[np.float64]) -> Mark | None:
    if len(domain) < LATE or not (domain[-LATE:] >= ALWAYS_RIGHT).all():
        return None
    return Mark(kind=Kind.CERTAIN, epoch=_since(domain >= ALWAYS_RIGHT), value=float(domain[-1]))


def _unmoved(added: NDArray[np.float64]) -> Mark | None:
    """The confusion of classes that MCC lessens is at its highest, 1 - 1 / classes, until answers on the target grow sure."""
    if len(added) < LATE or not np.isfinite(added).all() or added[-1] <= HARDLY * added[0]:
        return None
    return Mark(kind=Kind.UNMOVED, epoch=1, value=float(added[-1]))


def _vanished(predicted: NDArray[np.float64], classes: int) -> Mark | None:
    known = np.isfinite(predicted)
    gone = known & (predicted < classes)
    if len(predicted) < LATE or not gone[-LATE:].all():
        return None
    return Mark(kind=Kind.VANISHED, epoch=_since(gone), value=classes - float(predicted[-1]))


def _falling(accuracy: NDArray[np.float64], kind: Kind) -> Mark | None:
    known = np.flatnonzero(np.isfinite(accuracy))
    if len(known) < LATE:
        return None
    highest = int(known[np.argmax(accuracy[known])])
    lost = float(accuracy[highest] - accuracy[known[-1]])
    return Mark(kind=kind, epoch=highest + 1, value=lost) if lost >= FALL else None


def _since(holds: NDArray[np.bool_]) -> int:
    """The epoch (from 1) since which it holds up to the last one."""
    broken = np.flatnonzero(~holds)
    return int(broken[-1]) + 2 if len(broken) else 1


def collapse_sentences(arm: str, runs: Sequence[tuple[Mark, ...]]) -> list[str]:
    """A sentence for each kind of mark that an arm's runs have; `arm` as a sentence begins with it."""
    said = []
    for kind in Kind:
        marked = [mark for own in runs for mark in own if mark.kind == kind]
        if marked:
            worst = max(marked, key=lambda mark: mark.value)
            said.append(_in_runs(arm, _words(worst), len(marked), len(runs)))
    return said


def _in_runs(arm: str, what: str, marked: int, runs: int) -> str:
    if runs == 1:
        return say("{arm}: {what}.", arm=arm, what=what)
    return say("{arm}, {marked} of {runs}: {what}.", arm=arm, marked=marked, runs=number_of(runs, "run"), what=what)


def _words(mark: Mark) -> str:
    match mark.kind:
        case Kind.CHANCE:
            return say("its discriminator never told the two kinds of pictures apart, so that it had nothing to teach")
        case Kind.CERTAIN:
            return say(
                "from epoch {epoch} on its discriminator knew the kind of picture in {share} of cases: the features were not "
                "aligned",
                epoch=mark.epoch,
                share=percent(mark.value),
            )
        case Kind.UNMOVED:
            return say(
                "the class confusion that it is meant to reduce hardly fell (to {value:.2f}): so far it has adapted "
                "nothing; more epochs or a higher learning rate may help",
                value=mark.value,
            )
        case Kind.VANISHED:
            return say(
                "from epoch {epoch} on it no longer named {classes} at all on the target's pictures (a collapse: the other "
                "classes have swallowed them)",
                epoch=mark.epoch,
                classes=number_of(round(mark.value), "class"),
            )
        case Kind.FALLING:
            return say(
                "after epoch {epoch} its accuracy on the target's pictures fell by {points}",
                epoch=mark.epoch,
                points=points(mark.value).lstrip("+"),
            )
        case Kind.ESTIMATE_FALLS:
            return say(
                "after epoch {epoch} its accuracy on the target's pictures, as estimated without labels, fell by {points}",
                epoch=mark.epoch,
                points=points(mark.value).lstrip("+"),
            )
