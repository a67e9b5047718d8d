"""Predictions of unknown origin: refused before they are read where they are not what a run writes."""

import io

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet

from tests.report.bundle_lab import answers
from tl.config import Refused
from tl.report.predictions import read_answers
from tl.report.untrusted_parquet import UNPACKED_BYTES
from tl.store.predictions import write_predictions

ROWS, CLASSES = 1_000, 4
OF_A_RUN = {"use_dictionary": ["split"], "write_statistics": False, "row_group_size": 1_000_000}


def columns(rows: int = ROWS, classes: int = CLASSES, **changes) -> dict:
    shares = pa.array(np.full(rows * classes, 1 / classes, np.float16))
    return {
        "split": ["test"] * rows,
        "picture": np.arange(rows),
        "label": np.zeros(rows, np.int64),
        "predicted": np.ones(rows, np.int64),
        "probabilities": pa.FixedSizeListArray.from_arrays(shares, classes),
        "group": pa.nulls(rows, pa.int64()),
    } | changes


def packed(told: dict, **about) -> bytes:
    memory = io.BytesIO()
    parquet.write_table(pa.table(told), memory, **OF_A_RUN | about)
    return memory.getvalue()


def read(data: bytes):
    """What becomes of it, with no more memory of Arrow's than four times a table's."""
    usual, pool = pa.default_memory_pool(), pa.proxy_memory_pool(pa.default_memory_pool())
    KEPT.append(pool)
    pa.set_memory_pool(pool)
    try:
        return read_answers(data)
    finally:
        pa.set_memory_pool(usual)
        assert pool.max_memory() < 4 * UNPACKED_BYTES


KEPT: list = []  # never freed: what was read lies in them


def fixed(values: pa.Array, size: int) -> pa.Array:
    return pa.FixedSizeListArray.from_arrays(values, size)


def halves(number: int) -> pa.Array:
    return pa.array(np.zeros(number, np.float16))


def test_what_a_run_writes_is_read(tmp_path):
    assert set(read(packed(columns()))) == {"test"}
    for pictures, classes in ((6_250, 10), (3_585, 102)):  # half of CIFAR-10's, of Oxford 102 Flowers'
        told = answers(pictures, classes=classes)
        write_predictions(tmp_path / "p", told)
        found = read((tmp_path / "p").read_bytes())
        assert found.keys() == told.keys()
        for split, mine in found.items():
            np.testing.assert_array_equal(mine.probabilities, told[split].probabilities)
            np.testing.assert_array_equal(mine.picture, told[split].picture)
            np.testing.assert_array_equal(mine.group, told[split].group)


@pytest.mark.parametrize(
    "changes",
    [
        {"probabilities": fixed(halves(ROWS), 1)},
        {"probabilities": fixed(halves(ROWS * CLASSES), CLASSES).cast(pa.list_(pa.float16()))},
        {"probabilities": fixed(pa.array(np.zeros(ROWS * CLASSES, np.float32)), CLASSES)},
        {"probabilities": fixed(fixed(halves(ROWS * 4), 2), 2)},
        {"probabilities": halves(ROWS)},
        {"probabilities": [1.5] * ROWS},
        {"probabilities": [{"list": {"element": 1}}] * ROWS},
        {"probabilities": ["a"] * ROWS},
        {"probabilities": fixed(pa.nulls(ROWS * CLASSES, pa.float16()), CLASSES)},
        {"probabilities": fixed(pa.array(np.full(ROWS * CLASSES, np.nan, np.float16)), CLASSES)},
        {"probabilities": fixed(pa.array(np.full(ROWS * CLASSES, 2, np.float16)), CLASSES)},
        {"probabilities.x": ["a"] * ROWS},
        {"label": np.full(ROWS, CLASSES)},
        {"label": ["0"] * ROWS},
        {"predicted": np.full(ROWS, -1)},
        {"predicted": pa.nulls(ROWS, pa.int64())},
        {"picture": np.zeros(ROWS, np.int64)},
        {"group": np.full(ROWS, -5)},
        {"split": ["train"] * ROWS},
        {"split": pa.nulls(ROWS, pa.string())},
        {"split": np.zeros(ROWS)},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_what_no_run_writes_is_refused(changes):
    with pytest.raises(Refused) as refusal:
        read(packed(columns(**changes)))
    assert str(refusal.value).endswith(".") and "\n" not in str(refusal.value)


@pytest.mark.parametrize("name", ["probabilities", "split", "label"])
def test_a_column_that_is_missing_is_refused(name):
    told = columns()
    del told[name]
    with pytest.raises(Refused):
        read(packed(told))


def test_too_many_rows_classes_and_numbers_are_refused():
    for rows, classes in ((50_001, 2), (2, 1_001), (1_200, 1_000), (0, 4)):
        with pytest.raises(Refused):
            read(packed(columns(rows, classes)))
    assert read(packed(columns(1_000, 1_000)))


@pytest.mark.parametrize(
    "about",
    [
        {"use_dictionary": True},
        {"use_dictionary": False, "column_encoding": {"probabilities.list.element": "BYTE_STREAM_SPLIT"}},
        {"data_page_version": "2.0"},
        {"compression": "zstd"},
        {"row_group_size": 300},
    ],
    ids=str,
)
def test_numbers_that_are_not_stored_one_by_one_are_not_read(about):
    with pytest.raises(Refused):
        read(packed(columns(), **about))


def test_a_list_that_says_it_is_longer_than_the_table_says_is_not_read():
    """A thousand million entries would take six bytes: the header of the page gives it away."""
    data = packed(columns(), compression="none")
    chunk = parquet.read_metadata(io.BytesIO(data)).row_group(0).column(4)
    true, false = bytes([0x15, 0xC0, 0x3E]), bytes([0x15, 0xFE, 0x7F])  # 4,000 and 8,191 in Thrift's zigzag
    place = data.index(true, chunk.data_page_offset)
    assert place < chunk.data_page_offset + 20
    assert read(data)
    for forged in (false, bytes([0x15, 0xBE, 0x3E]), bytes([0x15, 0xBF, 0x3E]), bytes([0x19, 0xC0, 0x3E])):
        with pytest.raises(Refused):
            read(data[:place] + forged + data[place + 3 :])


def test_whatever_is_changed_in_its_pages_is_refused_or_read():
    data = packed(columns(20, 3))
    pages = len(data) - 8 - int.from_bytes(data[-8:-4], "little")
    rng, refused = np.random.default_rng(0), 0
    for _ in range(1_000):
        damaged = bytearray(data)
        damaged[rng.integers(pages)] ^= 1 << rng.integers(8)
        try:
            assert sum(len(each.label) for each in read(bytes(damaged)).values()) == 20
        except Refused:
            refused += 1
    assert refused > 100
