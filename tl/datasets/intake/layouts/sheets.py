"""Tables as they lie beside pictures, CSV or JSON, as one sheet each: columns of text, whatever the file is called."""

import csv
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from tl.datasets.lookup import decoded

SUFFIXES = (".csv", ".tsv", ".json", ".jsonl", ".ndjson")
MOST_COLUMNS = 200
MOST_JSON_BYTES = 6 * 1024**2  # of a document without a known shape
MOST_LINES = 500_000
LONGEST = 200  # characters of a value that may be a class


@dataclass(frozen=True)
class Sheet:
    """One table: `lines` are as long as `columns`."""

    path: str  # in the archive
    columns: tuple[str, ...]
    lines: list[list[str]]


def sheet_of(path: str, data: bytes) -> Sheet | None:
    """The table in a file of the archive; None where it holds none."""
    if path.lower().endswith((".csv", ".tsv")):
        return _of_csv(path, decoded(data))
    if len(data) > MOST_JSON_BYTES:
        return None
    if path.lower().endswith((".jsonl", ".ndjson")):
        return _of_records(path, (_json(line) for line in io.BytesIO(data) if line.strip()))
    document = _json(data)
    if isinstance(document, dict):
        if document and all(isinstance(value, str | int) for value in document.values()):  # {"1.jpg": "cat"}
            return Sheet(path, ("file", "label"), [[str(key), str(value)] for key, value in document.items()])
        nested = [value for value in document.values() if isinstance(value, list)]
        document = nested[0] if len(nested) == 1 else None
    return _of_records(path, iter(document)) if isinstance(document, list) else None


def _of_csv(path: str, text: str) -> Sheet | None:
    head = text.lstrip().partition("\n")[0]
    delimiter = max(",;\t|", key=head.count)
    if not head.count(delimiter):
        return None
    try:
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, skipinitialspace=True)
        columns = tuple(column.strip() for column in next(reader, []))
        if not 2 <= len(columns) <= MOST_COLUMNS:
            return None
        lines = [line for line, _ in zip(reader, range(MOST_LINES), strict=False) if len(line) == len(columns)]
    except csv.Error:
        return None
    return Sheet(
        path,
        columns,
        [[value.strip()[:LONGEST] if len(value) > LONGEST else value.strip() for value in line] for line in lines],
    )


def _json(data: bytes) -> Any:
    try:
        return msgspec.json.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def _of_records(path: str, records: Iterator[Any]) -> Sheet | None:
    """A sheet of JSON objects: values that are text or a number, or a list of just one of them."""
    rows = [_flat(record) for record, _ in zip(records, range(MOST_LINES), strict=False) if isinstance(record, Mapping)]
    columns: dict[str, None] = {}
    for row in rows:
        columns |= dict.fromkeys(row)
        if len(columns) > MOST_COLUMNS:
            return None
    if len(columns) < 2:
        return None
    return Sheet(path, tuple(columns), [[row.get(column, "") for column in columns] for row in rows])


def _flat(record: Mapping[Any, Any]) -> dict[str, str]:
    found = {}
    for key, value in record.items():
        if isinstance(value, list) and len(value) == 1:
            value = value[0]
        if isinstance(value, str | int | float):
            found[str(key)] = str(value).strip()[:LONGEST]
    return found
