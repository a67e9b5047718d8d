"""One run as the analysis sees it: what it measured so far, and how it ended if it has."""

import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from tl.store.documents import Result
from tl.store.predictions import Answers

FAR_ABOVE = 3  # times the loss of guessing: what no training that works ends at
LAST_PART = 0.2  # of a run's epochs: where its validation accuracy must have come to rest


@dataclass(frozen=True)
class FirstAtTarget:
    """The first evaluation at or above a target."""

    seconds: float | None  # this run's own computing time, evaluation included
    epochs: int
    images: int | None  # training pictures seen


@dataclass(frozen=True, kw_only=True)
class RunRecord:
    """A run: its place in the experiment, its epochs (columns of metrics.parquet), its result.json, empty before the end."""

    run_id: str
    arm: str
    seed: int
    status: str  # queued, running, finished, stopped, failed or interrupted
    metrics: pd.DataFrame  # one row per epoch; empty before the first
    result: Result = field(default_factory=Result)
    answers: Answers | None = None  # on the test pictures; None unless finished, and of runs of earlier versions

    @property
    def reason(self) -> str | None:
        """Why it failed."""
        return self.result.reason

    @property
    def notes(self) -> tuple[str, ...]:
        """Sentences: what did not go as planned."""
        return self.result.notes or ()

    @property
    def epochs(self) -> int:
        """Epochs done."""
        return len(self.metrics)

    @cached_property
    def val_accuracies(self) -> np.ndarray:
        """(epochs,) float, 0..1; NaN where an epoch has none."""
        return column(self.metrics, "val_accuracy")

    @property
    def test_accuracy(self) -> float | None:
        """Accuracy on the test set, of a finished run only: no other has touched it."""
        return self._from_result("test_accuracy") if self.status == "finished" else None

    @property
    def test_balanced_accuracy(self) -> float | None:
        """Mean over the classes of the share recognised on the test set; of a finished run only."""
        return self._from_result("test_balanced_accuracy") if self.status == "finished" else None

    @property
    def test_macro_f1(self) -> float | None:
        """Mean over the classes of F1 on the test set; of a finished run only."""
        return self._from_result("test_macro_f1") if self.status == "finished" else None

    @property
    def best_val_accuracy(self) -> float | None:
        """Validation accuracy of the best epoch as the trainer chose it, else the highest so far."""
        known = self._from_result("best_val_accuracy")
        return known if known is not None else self._highest(self.val_accuracies)

    @property
    def best_epoch(self) -> int | None:
        """The epoch (from 1) that was kept; before the end the one with the highest validation accuracy."""
        known = self._from_result("best_epoch")
        if known is not None:
            return int(known)
        return None if self._highest(self.val_accuracies) is None else int(np.nanargmax(self.val_accuracies)) + 1

    @property
    def stopped_early(self) -> bool:
        """Whether early stopping ended it."""
        return bool(self.result.stopped_early)

    @property
    def elapsed_seconds(self) -> float | None:
        """Computing time so far, as it would be alone."""
        known = self._from_result("elapsed_seconds")
        return known if known is not None else self._last("elapsed_seconds")

    @property
    def reused_seconds(self) -> float | None:
        """Of the computing time, what other runs spent, whose features this one reused; None where it has not said."""
        known = self._from_result("reused_seconds")
        return known if known is not None else _number(np.nansum(column(self.metrics, "reused_seconds")))

    @property
    def images_seen(self) -> int | None:
        """Training pictures so far."""
        return _whole(self._last("images_seen"))

    @property
    def memory_peak_bytes(self) -> int | None:
        """Most memory it took."""
        known = self._from_result("memory_peak_bytes")
        return _whole(known if known is not None else self._highest(column(self.metrics, "memory_peak_bytes")))

    @property
    def energy_joules(self) -> float | None:
        """Energy of the board over its epochs; None where one of them could not be measured."""
        known = self._from_result("energy_joules")
        return (
            known
            if known is not None
            else _number(column(self.metrics, "energy_joules").sum() if self.epochs else None)
        )

    @property
    def flops(self) -> float | None:
        """Floating-point operations over its epochs; None where one of them was not counted."""
        return _number(column(self.metrics, "flops").sum() if self.epochs else None)

    @property
    def flops_per_image(self) -> float | None:
        """The same for each training picture."""
        return self.flops / self.images_seen if self.flops is not None and self.images_seen else None

    @property
    def images_per_second(self) -> float | None:
        """Training pictures a second over its epochs; None where one of them was not timed."""
        seconds = _number(column(self.metrics, "train_seconds").sum() if self.epochs else None)
        return self.images_seen / seconds if seconds and self.images_seen else None

    @property
    def total_parameters(self) -> int | None:
        """How many the network has."""
        return _whole(self._highest(column(self.metrics, "total_parameters")))

    @property
    def trainable_parameters(self) -> int | None:
        """How many train in the epoch in which the most do."""
        return _whole(self._highest(column(self.metrics, "trainable_parameters")))

    @property
    def learning_rate(self) -> float | None:
        """The head's rate at the start, chosen or found by a range test; None where the run has not said."""
        return self._from_result("learning_rate")

    def exploded(self, classes: int) -> bool:
        """Whether its losses, though finite, ended far above ln(`classes`), that of guessing: it can't have learned.

        Both must be: the validation loss alone is also high where the network is sure of what it learned by heart, or
        where BatchNorm's statistics have yet to settle.
        """
        losses = (self._last("train_loss"), self._last("val_loss"))
        return all(loss is not None and loss > FAR_ABOVE * math.log(classes) for loss in losses)

    def first_at(self, target: float) -> FirstAtTarget | None:
        """The first evaluation with a validation accuracy of at least `target`."""
        places = np.flatnonzero(self.val_accuracies >= target - 1e-9)
        if not len(places):
            return None
        place = int(places[0])
        seconds, images = (_number(column(self.metrics, name)[place]) for name in ("elapsed_seconds", "images_seen"))
        return FirstAtTarget(seconds=seconds, epochs=place + 1, images=_whole(images))

    def late_rise(self) -> float | None:
        """By how much the best validation accuracy still rose over the last fifth of the run; None below two epochs."""
        split = self.epochs - self._last_part()
        before, after = self._highest(self.val_accuracies[:split]), self._highest(self.val_accuracies)
        return None if before is None or after is None else after - before

    def late_slope(self) -> float | None:
        """Slope of the validation accuracy over the last fifth of the run, per epoch (least squares); None below two."""
        last = self.val_accuracies[-self._last_part() - 1 :] if self.epochs > 1 else np.array([])
        places = np.flatnonzero(np.isfinite(last))
        return _number(np.polyfit(places, last[places], 1)[0]) if len(places) > 1 else None

    def _last_part(self) -> int:
        """Epochs in the last fifth, at least two of five or more: a single one may be worse than those before by chance."""
        return max(2 if self.epochs >= 5 else 1, math.ceil(self.epochs * LAST_PART))

    def _from_result(self, name: str) -> float | None:
        return _number(getattr(self.result, name))

    def _last(self, name: str) -> float | None:
        return _number(column(self.metrics, name)[-1]) if self.epochs else None

    @staticmethod
    def _highest(values: np.ndarray) -> float | None:
        finite = values[np.isfinite(values)]
        return float(finite.max()) if len(finite) else None


def column(metrics: pd.DataFrame, name: str) -> np.ndarray:
    """(epochs,) float; NaN where an epoch has none, or all of them lack it."""
    if name not in metrics:
        return np.full(len(metrics), np.nan)
    return metrics[name].astype("Float64").to_numpy(dtype=float, na_value=np.nan)


def _number(value: Any) -> float | None:
    """A finite float, else None."""
    if value is None or value is pd.NA or not math.isfinite(value):
        return None
    return float(value)


def _whole(value: float | None) -> int | None:
    return None if value is None else int(value)


def mean(values: Iterable[float | None]) -> float | None:
    """The mean of those that are known; None where none is."""
    known = [value for value in values if value is not None]
    return float(sum(known) / len(known)) if known else None
