"""A run as pages and the command line show it: its row in the queue, its settings and how far it has come."""

from dataclasses import asdict, dataclass
from functools import lru_cache
from typing import Any

import msgspec

from tl.config import ArmConfig, Newer, Training, newer
from tl.languages import read_sentence, say
from tl.store.documents import Progress, Result, read_config, read_progress, read_result
from tl.store.home import Home, Run
from tl.store.queue.rows import RunRow, experiment_of
from tl.store.queue.schema import ACTIVE, RESUMABLE

# What a run's result or metrics tell, what its row in the queue does, and what the settings of its arm do.
_REACHED = (
    *("epochs", "best_val_accuracy", "best_epoch", "stopped_early", "test_accuracy"),
    *("elapsed_seconds", "memory_peak_bytes", "device", "notes"),
)
_OF_ROW = (
    *("run_id", "experiment_id", "sweep_id", "arm", "seed", "status"),
    *("attempt", "reason", "created", "started", "ended"),
)
_OF_SETTINGS = ("dataset", "target_dataset", "samples", "backbone", "weights", "resolution", "batch_size")


@dataclass(frozen=True, kw_only=True)
class RunLine:
    """What the queue alone tells of a run: enough to find it among ten thousand, without a look at its files."""

    run_id: str
    experiment_id: str
    sweep_id: str | None  # None outside a sweep
    arm: str
    seed: int
    status: str
    attempt: int
    reason: str | None
    message: str | None
    created: float  # Unix seconds, like the next two
    started: float | None  # last
    ended: float | None
    place: int | None  # in the queue of everybody's runs, from 1, of one that waits
    dataset: str
    target_dataset: str | None  # the one to work on, where there are two
    samples: int | None
    backbone: str
    weights: str
    resolution: int
    batch_size: int
    strategy: str
    max_epochs: int
    final_of: str | None  # of a final model: the run whose recipe it is


@dataclass(frozen=True, kw_only=True)
class RunEntry(RunLine):
    """What is known of a run; None where it is not known yet. Its fields are the keys of `python -m tl runs --json`."""

    epochs: int  # completed
    best_val_accuracy: float | None
    best_epoch: int | None
    stopped_early: bool | None
    test_accuracy: float | None
    elapsed_seconds: float | None
    memory_peak_bytes: float | None
    device: str | None
    progress: Progress | None  # of a running one
    notes: tuple[str, ...]  # sentences: what did not go as planned
    newer: str | None  # a sentence, where it can't be resumed here since a newer version has written its settings

    def to_json(self) -> dict[str, Any]:
        progress = self.progress and msgspec.structs.asdict(self.progress)
        return asdict(self) | {"progress": progress}


def in_full(home: Home, line: RunLine) -> RunEntry:
    """The run with what its files tell."""
    files = home.run(line.run_id)
    # In this order: who reads the epochs first may see one that is done in neither.
    progress = read_progress(files) if line.status == "running" else None
    reached = _reached(files, line.status)
    notes = progress.notes if progress else reached.pop("notes") or ()
    told: dict[str, Any] = vars(line) | reached | {"notes": notes}
    return RunEntry(**told, progress=progress, newer=_newer(files) if line.status in RESUMABLE else None)


def line_of(row: RunRow, place: int | None) -> RunLine:
    """What the queue tells of the run; `place` in it where it waits."""
    spec, arm = _settings(row.spec, row.arm)
    final = row.experiment.final
    told: dict[str, Any] = {name: getattr(row, name) for name in _OF_ROW}
    told |= {name: getattr(spec, name) for name in _OF_SETTINGS}
    return RunLine(
        **told,
        message=read_sentence(row.message),
        place=place,
        strategy=arm.strategy,
        max_epochs=final.epochs if final else spec.epochs_of(arm),
        final_of=final.of if final else None,
    )


@lru_cache(maxsize=2048)
def _settings(spec: str, name: str) -> tuple[Training, ArmConfig]:
    """What an arm of the experiment stored as `spec` is trained with, and the arm: the same for all its seeds."""
    experiment = experiment_of(spec)
    arm = next(arm for arm in experiment.arms if arm.name == name)
    return experiment.of(arm), arm


def _newer(files: Run) -> str | None:
    found = read_config(files)
    return newer(say("Run {run}", run=files.folder.name), found) if isinstance(found, Newer) else None


def _reached(files: Run, status: str) -> dict[str, Any]:
    """How far a run has come: its result where it has one, else what its metrics show."""
    result = None if status in ACTIVE else read_result(files)
    if result is not None and result.epochs is not None:
        return {name: getattr(result, name) for name in _REACHED}
    found = {name: getattr(Result(epochs=0), name) for name in _REACHED}
    if not files.metrics.exists():
        return found
    from tl.store.metrics import read_metrics  # pandas: only while something trains or after it was killed

    metrics = read_metrics(files.metrics)
    columns = {name: name for name in ("elapsed_seconds", "memory_peak_bytes")} | {"best_val_accuracy": "val_accuracy"}
    largest = {name: max(metrics[column].dropna().tolist(), default=None) for name, column in columns.items()}
    return found | {"epochs": len(metrics), **largest}
