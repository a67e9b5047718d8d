"""Data sets: those that come with TL Lab and those people bring. Imports no torch; torchvision runs as a process."""

from tl.datasets.catalogue import (
    BUILT_IN,
    check_group,
    check_name,
    check_resplit,
    describe,
    drawn_here,
    examples,
    has,
    home_of,
    ingest,
    list_datasets,
    prepare,
    resplits_by_itself,
    survey,
)
from tl.datasets.info import DatasetInfo, grouped, uneven

__all__ = [
    "BUILT_IN",
    "DatasetInfo",
    "check_group",
    "check_name",
    "check_resplit",
    "describe",
    "drawn_here",
    "examples",
    "grouped",
    "has",
    "home_of",
    "ingest",
    "list_datasets",
    "prepare",
    "resplits_by_itself",
    "survey",
    "uneven",
]
