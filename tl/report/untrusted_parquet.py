"""A Parquet table of unknown origin: known columns in known types, everything else left behind."""

from typing import Any

import pandas as pd
import pyarrow as pa
from pyarrow import parquet

from tl.config import Refused, refusal
from tl.words import plain

UNPACKED_BYTES = 4 * 2**20  # what a table says it unpacks to, at most
PACKINGS = {"UNCOMPRESSED", "SNAPPY"}  # those TL Lab writes: others pack gigabytes into nothing, whatever a table says
ABOUT_BYTES = 65_536  # what a table says about itself, read whole: those of TL Lab take 11,000, a column 1 kB of memory
NUMBERS = {"INT32", "INT64", "FLOAT", "DOUBLE"}  # stored one by one: thousands take what thousands take
TEXT_LENGTH = 200


def read_columns(data: bytes, columns: dict[str, str], most_rows: int, constants: dict[str, Any]) -> pd.DataFrame:
    """The table with exactly `columns` (name -> pandas type); `constants` stand in every row, whatever the file says.

    Raises Refused for what is no table of at most `most_rows` rows, or holds other types under these names.
    """
    if (size := int.from_bytes(data[-8:-4], "little")) > ABOUT_BYTES:
        raise refusal("a table claims to have {size:,} bytes; that is more than a run writes.", size=size)
    try:
        file = parquet.ParquetFile(pa.BufferReader(data))
        about = file.metadata
        groups = [about.row_group(number) for number in range(about.num_row_groups)]
        rows, unpacked = sum(group.num_rows for group in groups), sum(group.total_byte_size for group in groups)
        if max(rows, about.num_rows) > most_rows or unpacked > UNPACKED_BYTES or len(groups) > 1:
            raise refusal(
                "a table has {rows:,} rows, {size:,} bytes; that is more than a run writes.", rows=rows, size=unpacked
            )
        if {group.column(place).compression for group in groups for place in range(group.num_columns)} - PACKINGS:
            raise refusal("a table is packed in a way that TL Lab does not use.")
        wanted = [name for name in columns if name in file.schema_arrow.names and name not in constants]
        texts = [name for name in wanted if columns[name] == "string"]
        _check_stored(file.schema, wanted, texts)
        # Texts as dictionaries: thousands of rows of one long text take the room of one.
        table = parquet.ParquetFile(pa.BufferReader(data), read_dictionary=texts).read(wanted, use_threads=False)
        if table.nbytes > UNPACKED_BYTES:  # whatever it said
            raise refusal("a table unpacks to {size:,} bytes; that is more than a run writes.", size=table.nbytes)
        found = {name: _column(table[name].combine_chunks(), columns[name]) for name in wanted}
        rows = len(table)
    except (pa.ArrowException, OSError, ValueError, TypeError, IndexError) as problem:  # an index beyond a dictionary
        if isinstance(problem, Refused):
            raise
        raise refusal("a table is damaged ({problem}).", problem=type(problem).__name__) from None
    found |= {
        name: pd.Series([value] * rows, dtype=columns[name]) for name, value in constants.items() if name in columns
    }
    empty = {name: pd.Series([pd.NA] * rows, dtype=kind) for name, kind in columns.items() if name not in found}
    return pd.DataFrame(found | empty)[list(columns)]


def _check_stored(schema: parquet.ParquetSchema, wanted: list[str], texts: list[str]) -> None:
    """Refuse columns to be read that do not hold one number or text a row, before any is read.

    A list of millions of nulls packs into nothing; a text under a number's name takes its room in every row.
    """
    for number in range(len(schema)):
        column = schema.column(number)
        name = column.path.partition(".")[0]  # reading 'a' reads all that begins with 'a.'
        flat = column.path == name and column.max_repetition_level == 0 and column.max_definition_level <= 1
        kinds = {"BYTE_ARRAY"} if name in texts else NUMBERS
        if name in wanted and not (flat and column.physical_type in kinds):
            if name in texts:
                raise refusal("the column {name} of a table does not hold one text a row.", name=repr(name))
            raise refusal("the column {name} of a table does not hold one number a row.", name=repr(name))


def _text(word: str) -> str:
    return plain(word[: 10 * TEXT_LENGTH])[:TEXT_LENGTH]  # cut first: it may be of megabytes


def _column(values: pa.Array, kind: str) -> pd.Series:
    if kind != "string":
        if not (pa.types.is_integer(values.type) or pa.types.is_floating(values.type) or pa.types.is_null(values.type)):
            raise TypeError(f"{values.type} where numbers belong")  # not shown
        return pd.Series(values.to_pandas(), dtype=kind)
    if pa.types.is_dictionary(values.type):
        words = [None if word is None else _text(word) for word in values.dictionary.to_pylist()]
        return pd.Series([None if place is None else words[place] for place in values.indices.to_pylist()], dtype=kind)
    if not (pa.types.is_string(values.type) or pa.types.is_large_string(values.type) or pa.types.is_null(values.type)):
        raise TypeError(f"{values.type} where text belongs")  # not shown
    return pd.Series([None if word is None else _text(word) for word in values.to_pylist()], dtype=kind)
