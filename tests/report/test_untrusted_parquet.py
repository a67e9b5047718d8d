"""Tables of unknown origin: what reading one takes is bounded before it is read, whatever it says of itself."""

import io

import pyarrow as pa
import pytest
from pyarrow import parquet

from tl.config import Refused
from tl.report.untrusted_parquet import ABOUT_BYTES, UNPACKED_BYTES, read_columns
from tl.store.metrics import METRICS

TEXT, ROWS = "a" * 100_000, 1_000
# pyarrow's memory is not Python's: tracemalloc would see nothing of it. Never freed: what was read lies in it.
POOL = pa.proxy_memory_pool(pa.default_memory_pool())


def packed(columns: dict, **about) -> bytes:
    """The bytes of a table."""
    memory = io.BytesIO()
    parquet.write_table(pa.table(columns), memory, **about)
    return memory.getvalue()


def read(data: bytes):
    """What becomes of it, with no more memory of Arrow's than three times a table's."""
    usual = pa.default_memory_pool()
    pa.set_memory_pool(POOL)
    try:
        return read_columns(data, METRICS, ROWS, {"run_id": "x"})
    finally:
        pa.set_memory_pool(usual)
        assert POOL.max_memory() < 3 * UNPACKED_BYTES


def listed(values: pa.Array) -> pa.Array:
    """One row that is a list of them all."""
    return pa.ListArray.from_arrays([0, len(values)], values)


@pytest.mark.parametrize(
    ("name", "columns"),
    [
        ("epoch", {"epoch": listed(pa.nulls(2_000_000, pa.int8()))}),
        ("train_loss", {"train_loss": listed(listed(pa.nulls(2_000_000, pa.float32())))}),
        ("stage", {"stage": listed(pa.nulls(2_000_000, pa.string()))}),
        ("epoch", {"epoch": pa.array([{"a": 1}])}),
        ("epoch", {"epoch": [1] * ROWS, "epoch.x": [TEXT] * ROWS}),
        ("epoch", {"epoch": [TEXT] * ROWS}),
        ("stage", {"stage": [1.5]}),
    ],
    ids=["numbers", "lists", "texts", "a structure", "a name that begins so", "a text in every row", "a number"],
)
def test_what_is_not_one_number_or_text_a_row_is_not_read(name, columns):
    data = packed(columns)
    assert len(data) < 50_000
    with pytest.raises(Refused, match=f"^the column '{name}' of a table does not hold one (number|text) a row.$"):
        read(data)


def test_a_text_that_stands_in_every_row_takes_the_room_of_one():
    assert set(read(packed({"stage": [TEXT] * ROWS}))["stage"]) == {TEXT[:200]}


@pytest.mark.parametrize("column", ["epoch", "stage"])
def test_texts_told_as_what_they_share_with_the_one_before_are_not_read(column):
    packing = {"use_dictionary": False, "column_encoding": {column: "DELTA_BYTE_ARRAY"}}
    with pytest.raises(Refused):
        read(packed({column: [TEXT] * ROWS}, **packing))


def test_a_table_that_says_less_than_it_unpacks_to_is_refused():
    """Two texts that pack into little; the table says it unpacks to 1 byte."""
    data = packed({"stage": ["a" * UNPACKED_BYTES, "b"]}, dictionary_pagesize_limit=2**30)
    size = parquet.read_metadata(io.BytesIO(data)).row_group(0).total_byte_size
    with pytest.raises(Refused, match="more than a run writes"):
        read_columns(data, METRICS, ROWS, {})
    with pytest.raises(Refused, match="^a table unpacks to 4,[0-9,]+ bytes; that is more than a run writes"):
        read_columns(said(data, size, 1), METRICS, ROWS, {})


def said(data: bytes, size: int, instead: int) -> bytes:
    """The table with another size in its last mention of it; numbers are Thrift's, seven bits a byte."""
    digits = [2 * size >> shift & 127 for shift in range(0, 64, 7)]
    length = max(place for place, digit in enumerate(digits) if digit) + 1
    old = bytes([digit | 128 for digit in digits[: length - 1]] + [digits[length - 1]])
    new = bytes([2 * instead | 128] + [128] * (length - 2) + [0])
    place = data.rindex(old)
    return data[:place] + new + data[place + length :]


def test_a_table_that_says_much_about_itself_is_not_looked_at():
    data = packed({f"column {number}": [1] for number in range(600)})
    assert int.from_bytes(data[-8:-4], "little") > ABOUT_BYTES
    with pytest.raises(Refused, match="^a table claims to have [0-9,]+ bytes"):
        read(data)
