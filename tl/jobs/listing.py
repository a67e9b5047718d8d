"""A run as pages and the command line show it: its row in the queue, its settings and how far it has come."""

from dataclasses import asdict, dataclass
from typing import Any

import msgspec

from tl.config import Newer, newer
from tl.languages import read, say
from tl.store.documents import Progress, Result, read_config, read_progress, read_result
from tl.store.home import Home, Run
from tl.store.rows import RunRow
from tl.store.schema import ACTIVE, RESUMABLE

_REACHED = (
    "epochs",
    "best_val_accuracy",
    "best_epoch",
    "stopped_early",
    "test_accuracy",
    "elapsed_seconds",
    "memory_peak_bytes",
    "device",
    "notes",
)


@dataclass(frozen=True, kw_only=True)
class RunEntry:
    """What is known of a run; None where it is not known yet. Its fields are the keys of `python -m tl runs --json`."""

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
    final_of: str | None  # of a final model: the run whose recipe it is
    newer: str | None  # a sentence, where it can't be resumed here since a newer version has written its settings

    def to_json(self) -> dict[str, Any]:
        """JSON-ready dict."""
        progress = self.progress and msgspec.structs.asdict(self.progress)
        return asdict(self) | {"progress": progress}


def entry_of(home: Home, row: RunRow, place: int | None) -> RunEntry:
    """What is known of the run; `place` in the queue where it waits."""
    files, arm = home.run(row.run_id), row.arm_config
    spec, final = row.experiment.of(arm), row.experiment.final
    # In this order: who reads the epochs first may see one that is done in neither.
    progress = read_progress(files) if row.status == "running" else None
    reached = _reached(files, row)
    notes = progress.notes if progress else reached.pop("notes") or ()
    return RunEntry(
        run_id=row.run_id,
        experiment_id=row.experiment_id,
        sweep_id=row.sweep_id,
        arm=row.arm,
        seed=row.seed,
        status=row.status,
        attempt=row.attempt,
        reason=row.reason,
        message=read(row.message),
        created=row.created,
        started=row.started,
        ended=row.ended,
        place=place,
        dataset=spec.dataset,
        target_dataset=spec.target_dataset,
        samples=spec.samples,
        backbone=spec.backbone,
        weights=spec.weights,
        resolution=spec.resolution,
        batch_size=spec.batch_size,
        strategy=arm.strategy,
        max_epochs=final.epochs if final else spec.epochs_of(arm),
        final_of=final.of if final else None,
        progress=progress,
        newer=_newer(files) if row.status in RESUMABLE else None,
        **reached | {"notes": notes},
    )


def _newer(files: Run) -> str | None:
    found = read_config(files)
    return newer(say("Run {run}", run=files.folder.name), found) if isinstance(found, Newer) else None


def _reached(files: Run, row: RunRow) -> dict[str, Any]:
    """How far a run has come: its result where it has one, else what its metrics show."""
    result = None if row.status in ACTIVE else read_result(files)
    if result is not None and result.epochs is not None:
        return {name: getattr(result, name) for name in _REACHED}
    found = {name: getattr(Result(epochs=0), name) for name in _REACHED}
    if not files.metrics.exists():
        return found
    from tl.store.metrics import read_metrics  # pandas: only while something trains or after it was killed

    metrics = read_metrics(files.metrics)
    columns = {"best_val_accuracy": "val_accuracy", "elapsed_seconds": "elapsed_seconds"}
    columns |= {"memory_peak_bytes": "memory_peak_bytes"}
    largest = {name: max(metrics[column].dropna().tolist(), default=None) for name, column in columns.items()}
    return found | {"epochs": len(metrics), **largest}
