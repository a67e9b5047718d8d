"""predictions.parquet of unknown origin: known columns in known types, within bounds that are checked before it is read.

The probabilities are the one column with several numbers a row. How many there are is counted in the headers of its
pages first: a list may say of itself in six bytes that it has a thousand million entries.
"""

from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pyarrow import parquet

from tl.config import Refused, refusal
from tl.languages import later
from tl.report.untrusted_parquet import UNPACKED_BYTES, read_columns
from tl.store.predictions import ALONE, SPLITS, Predictions

ROWS, CLASSES = 50_000, 1_000  # at most; CIFAR-10 has 12,500 rows of 10 classes, Oxford 102 Flowers 7,169 of 102
NUMBERS = 1_000_000  # probabilities at most: 2 MB
FLAT = {"split": "string", "picture": "Int64", "label": "Int64", "predicted": "Int64", "group": "Int64"}
LEAF = "probabilities.list.element"
I32, STRUCT, DEPTH = 5, 12, 3  # kinds of values in a page's header, all that are allowed; structures one in another
DATA_PAGE, PLAIN = 0, 0
TYPE, UNPACKED, PACKED, DATA = 1, 2, 3, 5  # fields of a page's header
COUNT, ENCODING = 1, 2  # fields of DATA
Field = int | dict[int, Any]
TOO_MUCH = later("the column 'probabilities' of a table holds more than a run writes.")


def read_answers(data: bytes) -> dict[str, Predictions]:
    """Split -> what was answered on it. Raises Refused for anything that no run writes."""
    flat = read_columns(data, FLAT, ROWS, {})
    if flat["label"].isna().any():  # -1 says that there is none; a gap says nothing
        raise refusal("a table of predictions lacks labels.")
    numbers = {name: flat[name].fillna(ALONE).to_numpy(np.int64) for name in FLAT if name != "split"}
    try:
        shares = _probabilities(data, len(flat))
    except (pa.ArrowException, OSError, ValueError, TypeError, KeyError, IndexError) as problem:
        if isinstance(problem, Refused):
            raise
        raise refusal("a table of predictions is damaged ({problem}).", problem=type(problem).__name__) from None
    found = {}
    for split in SPLITS:
        mine = (flat["split"] == split).fillna(False).to_numpy(bool)
        if mine.any():
            found[split] = Predictions(
                probabilities=shares[mine], **{name: column[mine] for name, column in numbers.items()}
            )
    known = sum(len(each.label) for each in found.values())
    if not known or known != len(flat) or not all(each.sound for each in found.values()):
        raise refusal("a table of predictions holds values that no run writes.")
    return found


def _probabilities(data: bytes, rows: int) -> NDArray[np.float16]:
    """(rows, classes) float16."""
    file = parquet.ParquetFile(pa.BufferReader(data))
    kind = file.schema_arrow.field("probabilities").type
    leaves = [file.schema.column(number) for number in range(len(file.schema))]
    (place,) = [number for number, leaf in enumerate(leaves) if leaf.path.partition(".")[0] == "probabilities"]
    leaf, chunk = leaves[place], file.metadata.row_group(0).column(place)
    fits = pa.types.is_fixed_size_list(kind) and kind.value_type == pa.float16() and 2 <= kind.list_size <= CLASSES
    stored = (leaf.path, leaf.physical_type, leaf.length, leaf.max_repetition_level, leaf.max_definition_level)
    if not fits or stored != (LEAF, "FIXED_LEN_BYTE_ARRAY", 2, 1, 3):
        raise refusal("the column 'probabilities' of a table does not hold one short number per class.")
    numbers = rows * kind.list_size
    if not numbers <= NUMBERS or chunk.num_values != numbers or chunk.has_dictionary_page:
        raise refusal(TOO_MUCH)
    _check_pages(memoryview(data), chunk.data_page_offset, chunk.total_compressed_size, numbers)
    column = file.read(["probabilities"], use_threads=False)["probabilities"].combine_chunks()
    if len(column) != rows or column.null_count or column.flatten().null_count:
        raise refusal("the column 'probabilities' of a table has gaps.")
    shares: NDArray[np.float16] = column.flatten().to_numpy(zero_copy_only=False).reshape(rows, kind.list_size)
    return shares


def _check_pages(data: memoryview, start: int, size: int, numbers: int) -> None:
    """Refuse a column chunk whose pages do not hold exactly so many numbers, one by one, in what a table may unpack to."""
    place, end, counted, unpacked = start, start + size, 0, 0
    if not 0 < start < end <= len(data):
        raise refusal("a table is damaged (its pages lie outside of it).")
    while place < end:
        header, place = _header(data[:end], place)
        page = header[DATA]
        if not isinstance(page, dict) or (header[TYPE], page[ENCODING]) != (DATA_PAGE, PLAIN):
            raise refusal("the column 'probabilities' of a table is not stored number by number.")
        count, inflated, packed = _size(page[COUNT]), _size(header[UNPACKED]), _size(header[PACKED])
        counted, unpacked, place = counted + count, unpacked + inflated, place + packed
        if counted > numbers or unpacked > UNPACKED_BYTES:
            raise refusal(TOO_MUCH)
    if counted != numbers or place != end:
        raise refusal("a table is damaged (its pages are not what it says).")


def _size(value: Field) -> int:
    if not isinstance(value, int) or value < 0:
        raise ValueError("a size in a page's header")  # not shown
    return value


def _header(data: memoryview, place: int, depth: int = DEPTH) -> tuple[dict[int, Field], int]:
    """A structure in Thrift's compact protocol (https://github.com/apache/thrift) as field -> number or structure, and
    where it ends. Raises ValueError for anything but ascending fields of whole numbers and structures."""
    found: dict[int, Field] = {}
    field = 0
    while data[place]:
        step, kind = data[place] >> 4, data[place] & 15
        field, place = field + step, place + 1
        if not step or kind not in (I32, STRUCT) or not depth:
            raise ValueError("a page's header")  # not shown
        found[field], place = _number(data, place) if kind == I32 else _header(data, place, depth - 1)
    return found, place + 1


def _number(data: memoryview, place: int) -> tuple[int, int]:
    """A whole number of 32 bits, seven bits a byte, its sign last; and where it ends."""
    value = 0
    for shift in range(0, 35, 7):
        value |= (data[place] & 127) << shift
        place += 1
        if data[place - 1] < 128:
            return value >> 1 ^ -(value & 1), place
    raise ValueError("a number in a page's header")  # not shown
