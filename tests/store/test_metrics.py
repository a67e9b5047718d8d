"""metrics.parquet while it is replaced, and damaged: a reader sees whole tables or none.

READING_SECONDS=60 reads for so long, DAMAGES=200 damages more often.
"""

import os
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tl.store.files import write_parquet, write_pieces
from tl.store.metrics import METRICS, read_metrics, typed_frame, write_metrics

SECONDS = float(os.environ.get("READING_SECONDS", "2"))
DAMAGES = int(os.environ.get("DAMAGES", "20")) * 10
WRITER = """
import sys, time
from pathlib import Path
from tl.store.metrics import write_metrics
rows, path, period = [], Path(sys.argv[1]), 1 / 50
due = time.monotonic()
while True:
    number = len(rows) + 1
    rows.append({"run_id": "r", "epoch": number, "val_loss": 1 / number, "stage": "everything"})
    write_metrics(path, rows)
    due = max(due + period, time.monotonic() - 1)
    time.sleep(max(0, due - time.monotonic()))
"""


def rows(number: int) -> list[dict]:
    return [{"run_id": "r", "epoch": e, "val_loss": 1 / e, "stage": "everything"} for e in range(1, number + 1)]


def test_each_read_of_metrics_that_are_replaced_all_the_time_is_a_prefix_of_the_next(tmp_path):
    path = tmp_path / "metrics.parquet"
    writer = subprocess.Popen([sys.executable, "-c", WRITER, path], cwd=Path(__file__).parents[2])
    try:
        while not path.exists():
            assert writer.poll() is None
            time.sleep(0.02)
        reads, before, began = 0, read_metrics(path), time.monotonic()
        first = len(before)
        assert first
        while time.monotonic() - began < SECONDS:
            now = read_metrics(path)
            assert len(now) >= len(before)
            assert now.head(len(before)).equals(before)
            reads, before = reads + 1, now
    finally:
        writer.kill()
        writer.wait()
    assert before["val_loss"].tolist() == [1 / e for e in before["epoch"]]
    rate = (len(before) - first) / SECONDS
    print(f"{reads} reads while the table was replaced {rate:.0f} times a second for {SECONDS:g} s")
    assert reads > SECONDS
    assert rate > 10


def test_damaged_metrics_are_whole_or_none(tmp_path):
    path = tmp_path / "metrics.parquet"
    write_metrics(path, rows(4))
    whole, data, chance = read_metrics(path), path.read_bytes(), random.Random(1)
    none = equal = 0
    for case in range(DAMAGES):
        damaged = bytearray(data)
        if case % 4:
            place = chance.randrange(len(data) * 8)
            damaged[place // 8] ^= 1 << place % 8
        else:
            del damaged[chance.randrange(len(data)) :]
        path.write_bytes(damaged)
        found = read_metrics(path)
        assert list(found.columns)[: len(METRICS)] == list(METRICS) or len(found) == 4
        none += len(found) == 0
        equal += found.equals(whole)
        for name in ("val_loss", "epoch"):  # a column that lost its name is null, never another number
            assert not len(found) or found[name].isna().all() or found[name].equals(whole[name])
    lacking = DAMAGES - none - equal
    print(
        f"{DAMAGES} damages: {none} times no table, {equal} times an equal one, {lacking} times one without some column"
    )
    assert none > DAMAGES / 3


@pytest.mark.parametrize("values", [["1", "x"], [1, 3], [2, 1], [1, None]])
def test_epochs_that_don_t_follow_each_other_are_damage(tmp_path, values):
    path = tmp_path / "metrics.parquet"
    frame = typed_frame(rows(2), METRICS).astype({"epoch": object})
    frame["epoch"] = values
    write_parquet(path, frame)
    assert read_metrics(path).empty


def test_a_file_that_is_replaced_can_go_on_under_another_name(tmp_path):
    path, kept = tmp_path / "a", tmp_path / "b"
    for number in (b"1", b"2", b"3"):
        write_pieces(path, [number, number], keep=kept)
    assert (path.read_bytes(), kept.read_bytes()) == (b"33", b"22")
    assert sorted(tmp_path.iterdir()) == [path, kept]
