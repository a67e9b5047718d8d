"""Times that others disturbed, as they would have been: where the machine was busy, a time tells of the others too.

An epoch in which others had much of the machine is counted, where one thread computed, without the time in which that
thread could have computed and had no processor, as the system tells it; else with the time of undisturbed epochs of the
same arm that did the same work: the same parts trained, the same operations. Where there is none, its time is not known, and
no time of the run that includes it is.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from msgspec import structs

from tl.analysis.records import RunRecord, column
from tl.measures import DISTURBED_LOAD

MORE_THREADS = 0.1  # of their mean over an epoch, above which it had more than usual
# In the name of a device: "CPU, 2 threads, ...", "CPU, 4 threads of 2 processes, ..."
THREADS = re.compile(r"^\d+ threads?( of )?")


@dataclass(frozen=True)
class UndisturbedRuns:
    """Runs of an arm with the times they would have had alone."""

    runs: tuple[RunRecord, ...]  # as given, seconds replaced: null where not known
    disturbed: int  # epochs in which others had much of the machine
    comparable: bool  # whether each of those could be given a time


def disturbed_epochs(metrics: pd.DataFrame) -> np.ndarray:
    """(epochs,) bool: whether others had much of the machine; False where the machine did not tell."""
    return column(metrics, "others_load") > DISTURBED_LOAD  # NaN is not above


def usual_threads(runs: Iterable[RunRecord]) -> int | None:
    """With how many threads most undisturbed epochs computed; None where no run tells."""
    found = [np.rint(column(run.metrics, "threads")[~disturbed_epochs(run.metrics)]) for run in runs]
    counts = Counter(int(number) for own in found for number in own if np.isfinite(number))
    return max(counts, key=counts.__getitem__) if counts else None


def undisturbed(runs: Sequence[RunRecord], threads: int | None = None) -> UndisturbedRuns:
    """The runs of one arm, each disturbed epoch of one thread without the time in which others kept it waiting, any other
    with the median time of undisturbed ones that did the same.

    So does each epoch with more than `threads`, where that is given: of runs that compute side by side the last one has all
    processors in the end.
    """
    disturbed = [disturbed_epochs(run.metrics) for run in runs]
    more = [column(run.metrics, "threads") > (threads or np.inf) + MORE_THREADS for run in runs]
    marks = [one | other for one, other in zip(disturbed, more, strict=True)]
    count = int(sum(mark.sum() for mark in disturbed))
    if not any(mark.any() for mark in marks):
        return UndisturbedRuns(tuple(runs), 0, True)
    usual = _usual(runs, marks)
    found = [_corrected(run, mark, usual) for run, mark in zip(runs, marks, strict=True)]
    return UndisturbedRuns(tuple(found), count, all(run.elapsed_seconds is not None for run in found if run.epochs))


def two_devices(pairs: Sequence[tuple[RunRecord, RunRecord]]) -> tuple[str, ...]:
    """The kinds of device of the first pair whose runs trained on two, as on the nodes of a cluster; () where none did."""
    for pair in pairs:
        found = tuple(_device(run.result.device) for run in pair if run.result.device)
        if len(set(found)) > 1:
            return found
    return ()


def _device(name: str) -> str:
    """What a run's device is called, without the number of threads, which follows what the machine has to spare."""
    return ", ".join(filter(None, (THREADS.sub("", part) for part in name.split(", "))))


def timeless(run: RunRecord) -> RunRecord:
    """The run as if nobody had looked at the clock."""
    unknown = pd.Series([None] * len(run.metrics), dtype="Float64").array
    result = structs.replace(run.result, elapsed_seconds=None)
    return replace(run, metrics=run.metrics.assign(elapsed_seconds=unknown), result=result)


Work = tuple[object, ...]  # what trained, operations


def _works(metrics: pd.DataFrame) -> list[Work]:
    return list(zip(metrics["stage"].astype(str), np.nan_to_num(column(metrics, "flops"), nan=-1.0), strict=True))


def _seconds(metrics: pd.DataFrame) -> np.ndarray:
    """(epochs,) what each took: the difference of the time so far, which holds a range test in the first."""
    return np.diff(column(metrics, "elapsed_seconds"), prepend=0.0)


def _without_waiting(metrics: pd.DataFrame) -> np.ndarray:
    """(epochs,) what each took without the time in which it was kept from a processor; NaN where that is not known, or where
    several threads waited, whose times can't be added."""
    found = _seconds(metrics) - column(metrics, "waited_seconds")
    return np.where((column(metrics, "threads") <= 1 + MORE_THREADS) & (found > 0), found, np.nan)


def _usual(runs: Sequence[RunRecord], marks: Sequence[np.ndarray]) -> Mapping[Work, float]:
    """Median seconds of the undisturbed epochs, by what they did."""
    times: dict[Work, list[float]] = {}
    for run, mark in zip(runs, marks, strict=True):
        for work, seconds, disturbed in zip(_works(run.metrics), _seconds(run.metrics), mark, strict=True):
            if not disturbed and np.isfinite(seconds):
                times.setdefault(work, []).append(float(seconds))
    return {work: float(np.median(seconds)) for work, seconds in times.items()}


def _corrected(run: RunRecord, mark: np.ndarray, usual: Mapping[Work, float]) -> RunRecord:
    if not mark.any():
        return run
    works, alone = _works(run.metrics), _without_waiting(run.metrics)
    # What was measured of the epoch itself comes before what others took, and for all of the run, that like is added to like.
    seconds = np.where(np.isnan(alone), _seconds(run.metrics), alone)
    for place in np.flatnonzero(mark & np.isnan(alone)):
        seconds[place] = usual.get(works[place], np.nan)
    # Not known from the first that is not known on.
    elapsed = pd.Series(np.cumsum(seconds)).astype("Float64").array
    last = None if pd.isna(elapsed[-1]) else float(elapsed[-1])
    result = structs.replace(run.result, elapsed_seconds=last)
    return replace(run, metrics=run.metrics.assign(elapsed_seconds=elapsed), result=result)
