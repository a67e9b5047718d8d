"""Damaged tables end the process that reads them, never the one that asked; what it answers is sound."""

import io
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.report.bundle_lab import answers, exported, packed, refused
from tl import jobs
from tl.config import Refused
from tl.datasets.pool import Died
from tl.datasets.pool import answers as answering
from tl.report import table_reader
from tl.report.bundle import PREDICTIONS
from tl.report.bundle_import import import_bundle
from tl.store.files import parquet_bytes
from tl.store.home import Home
from tl.store.metrics import METRICS, typed_frame
from tl.store.predictions import SPLITS, predictions_bytes, read_predictions

RUN = {"run_id": "x", "arm": "a", "seed": 0}
WRITTEN = {
    PREDICTIONS: predictions_bytes(answers(20, classes=3)),
    "metrics.parquet": parquet_bytes(typed_frame([{"epoch": 1, "stage": "all", "val_loss": 0.5}], METRICS)),
}


def flipped(data: bytes, rng: np.random.Generator) -> bytes:
    """One bit of what the table says about itself is another."""
    footer = len(data) - 8 - int.from_bytes(data[-8:-4], "little")
    damaged = bytearray(data)
    damaged[rng.integers(footer, len(data))] ^= 1 << rng.integers(8)
    return bytes(damaged)


def attempts(reader: table_reader.Reader, name: str, times: int) -> Iterator[tuple[bytes, bytes | str]]:
    """(a table with one wrong bit, what was made of it or why it was refused)."""
    rng = np.random.default_rng(0)
    for _ in range(times):
        damaged = flipped(WRITTEN[name], rng)
        try:
            yield damaged, reader({name: damaged}, RUN)[name]
        except Refused as refusal:
            yield damaged, str(refusal)


@pytest.mark.parametrize("name", WRITTEN)
def test_one_wrong_bit_in_what_a_table_says_about_itself_is_refused_or_read(name: str, tmp_path: Path) -> None:
    refusals = 0
    with table_reader.reading() as reader:
        for _, found in attempts(reader, name, 200):
            if isinstance(found, str):
                assert found.endswith(".") and "\n" not in found
                refusals += 1
            elif name == PREDICTIONS:
                (tmp_path / name).write_bytes(found)
                assert all(read_predictions(tmp_path / name, split) for split in SPLITS)
            else:
                assert list(pd.read_parquet(io.BytesIO(found)).columns) == list(METRICS)
    assert refusals > 20


def test_a_bundle_with_a_table_that_ends_who_reads_it_is_refused_and_the_next_is_read(
    home: Home, other: Home, tmp_path: Path
) -> None:
    with table_reader.reading() as reader:
        tried = attempts(reader, "metrics.parquet", 2_000)
        deadly = next(damaged for damaged, found in tried if isinstance(found, str) and "ended the process" in found)
    files = exported(home)
    name = [name for name in files if name.endswith("metrics.parquet")][-1]
    refused(other, packed(tmp_path / "b.zip", files | {name: deadly}), "a table is damaged")
    import_bundle(other, packed(tmp_path / "b.zip", files))
    assert len(jobs.list_runs(other)) == 2


def test_a_process_that_takes_too_long_over_a_table_is_ended() -> None:
    slow = "import time; from tl.report import reader; reader.CPU_SECONDS, reader.WALL_SECONDS = 0.5, 1.0;"
    slow += "reader._read = lambda *_: time.sleep(60); reader.main()"
    with answering(["-c", slow]) as ask, pytest.raises(Died):
        list(ask([{"tables": {}, "constants": {}}]))


def test_a_process_takes_no_more_memory_than_it_may() -> None:
    greedy = "from tl.report import reader; reader._read = lambda *_: {'x': bytes(2**30)}; reader.main()"
    with answering(["-c", greedy]) as ask:
        (found,) = ask([{"tables": {}, "constants": {}}])
    assert found == {"refused": "a table takes more memory than a run's."}
