"""metrics.parquet (one row per epoch) and resources.parquet (hardware samples): their columns, in one place."""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import pandas as pd

from tl.store.files import read_parquet, write_parquet

# Columns may be added, never renamed: other programs read them. Null where the machine can't tell.
METRICS = {
    "run_id": "string",
    "arm": "string",
    "seed": "Int64",
    "epoch": "Int64",  # from 1
    "stage": "string",  # what trains, in words
    "train_loss": "Float64",
    "train_accuracy": "Float64",  # 0..1, with augmentation, while the weights move
    "val_loss": "Float64",
    "val_accuracy": "Float64",  # 0..1
    "val_balanced_accuracy": "Float64",  # 0..1, mean over the classes of the share recognised
    "val_macro_f1": "Float64",  # 0..1, mean over the classes
    "val_loss_error": "Float64",  # standard error of val_loss, from the spread over the validation pictures
    "val_accuracy_error": "Float64",  # of val_accuracy
    "learning_rate": "Float64",  # of the head, at the end of the epoch
    "trainable_parameters": "Int64",
    "total_parameters": "Int64",
    "train_seconds": "Float64",
    "eval_seconds": "Float64",
    "elapsed_seconds": "Float64",  # computing time so far, as it would be alone; waiting for a turn is not in it
    "reused_seconds": "Float64",  # of this epoch's computing time, what another run spent: its features were kept
    "images_seen": "Int64",  # training pictures so far, of both data sets where there are two
    "images_per_second": "Float64",  # training
    "memory_peak_bytes": "Int64",  # GPU: torch's peak of this epoch; CPU: resident memory, page cache aside
    "gpu_utilisation": "Float64",  # 0..1, mean over the epoch
    "energy_joules": "Float64",  # of the whole board over the epoch
    "threads": "Float64",  # that computed, mean over the epoch
    "cpu_seconds": "Float64",  # processor time of this process in the epoch
    "waited_seconds": "Float64",  # in which its threads could have computed and had no processor, summed over them
    "others_load": "Float64",  # 0..1: share of the processors it may use, or of its GPU, that others had
    "flops": "Float64",  # floating-point operations executed in the epoch
    # Of a run with two data sets: on the target's validation pictures; noted, and nothing is decided by it.
    "target_val_accuracy": "Float64",  # 0..1
    "estimated_accuracy": "Float64",  # 0..1, what it would be by how sure the answers are, without any label: no test
    # Of a run that adapts while it trains:
    "adaptation_loss": "Float64",  # what is added to the training loss, before its weight; mean over the epoch
    "domain_accuracy": "Float64",  # 0..1, of the discriminator over the epoch; 0.5 is chance
    "predicted_classes": "Int64",  # how many classes were predicted at all of the target's pictures in the epoch
}

# The learning-rate range test of a run that looked for its rate.
RATE_TEST = {
    "learning_rate": "Float64",  # of the head
    "loss": "Float64",  # training loss, smoothed
}

MAX_RESOURCE_ROWS = 3_600  # beyond, every second row goes and the interval doubles
RESOURCES = {
    "elapsed_seconds": "Float64",  # since the trainer started, monotonic clock
    "time": "Float64",  # Unix time, seconds
    "cpu_percent": "Float64",  # of the trainer process; 100 is one core
    "memory_bytes": "Int64",  # resident memory of the trainer process, page cache aside
    "gpu_memory_bytes": "Int64",  # of the trainer process
    "gpu_utilisation": "Float64",  # 0..1
    "gpu_power_watts": "Float64",
}

TABLES = 64  # that are kept as read: a page draws the same ones again and again


def typed_frame(rows: Sequence[Mapping[Any, Any]], columns: Mapping[str, Any]) -> pd.DataFrame:
    """A frame with exactly `columns` and their types; a value a row lacks is null."""
    return pd.DataFrame({name: pd.array([row.get(name) for row in rows], dtype=kind) for name, kind in columns.items()})


def read_table(path: Path, columns: dict[str, str]) -> pd.DataFrame:
    """The table at `path` with at least `columns`; empty where there is none yet, or it is damaged."""
    try:
        found = path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return typed_frame([], columns)
    version = (found.st_ino, found.st_size, found.st_mtime_ns)  # a table is replaced, never written into
    return _read(path, version, tuple(columns.items())).copy(deep=False)


@lru_cache(maxsize=TABLES)
def _read(path: Path, version: tuple[int, ...], entries: tuple[tuple[str, str], ...]) -> pd.DataFrame:
    columns = dict(entries)
    frame = read_parquet(path)
    if frame is None:
        return typed_frame([], columns)
    known: dict[str, Any] = {name: frame.get(name, pd.NA) for name in columns}
    try:
        return frame.assign(**known).astype(columns)
    except (ValueError, TypeError):  # other types than they were written with
        return typed_frame([], columns)


def read_metrics(path: Path) -> pd.DataFrame:
    """A run's metrics, one row per epoch from 1 on, columns METRICS; empty where they are absent or damaged."""
    frame = read_table(path, METRICS)
    whole = frame["epoch"].notna().all() and frame["epoch"].tolist() == list(range(1, len(frame) + 1))
    return frame if whole else typed_frame([], METRICS)


def is_damaged(path: Path, frame: pd.DataFrame) -> bool:
    """Whether `frame`, as read from `path`, is empty only because the file can't be read."""
    if len(frame) or not path.exists():
        return False
    found = read_parquet(path)
    return found is None or len(found) > 0


def write_metrics(path: Path, rows: Sequence[Mapping[Any, Any]]) -> None:
    write_parquet(path, typed_frame(rows, METRICS))
