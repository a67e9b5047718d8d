"""Data sets: those that come with TL Lab and those people bring. Imports no torch; torchvision runs as a process."""

from tl.datasets.catalogue import (
    BUILT_IN,
    check_name,
    describe,
    examples,
    has,
    home_of,
    ingest,
    list_datasets,
    prepare,
    survey,
)
from tl.datasets.info import DatasetInfo

__all__ = [
    "BUILT_IN",
    "DatasetInfo",
    "check_name",
    "describe",
    "examples",
    "has",
    "home_of",
    "ingest",
    "list_datasets",
    "prepare",
    "survey",
]
