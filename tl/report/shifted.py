"""shifted.parquet of unknown origin: known columns in known types, within bounds, and only whole."""

import numpy as np

from tl.config import refusal
from tl.report.predictions import CLASSES
from tl.report.untrusted_parquet import read_columns
from tl.store.shifted import COLUMNS, SHIFTS, Shifted, complete_columns

TYPES = {name: "string" if name == "kind" else "Int64" for name in COLUMNS}
PICTURES = 7_000  # at most: with all shifts as much as a table may unpack to


def read_answers_shifted(data: bytes) -> Shifted:
    """What was answered. Raises Refused for anything that no run writes."""
    frame = read_columns(data, TYPES, PICTURES * (1 + len(SHIFTS)), {})
    if frame.isna().to_numpy().any():
        raise refusal("a table of answers on shifted pictures has gaps.")
    found = complete_columns({name: frame[name].to_numpy(object if name == "kind" else np.int64) for name in COLUMNS})
    if found is None or len(frame) != len(found.picture) * len(found.predicted) or not _can_be(found):
        raise refusal("a table of answers on shifted pictures holds values that no run writes.")
    return found


def _can_be(found: Shifted) -> bool:
    once = len(np.unique(found.picture)) == len(found.picture)
    classes = (found.label, *found.predicted.values())
    in_range = all(((each >= 0) & (each < CLASSES)).all() for each in classes)
    return once and in_range and bool((found.picture >= 0).all() and (found.group >= -1).all())
