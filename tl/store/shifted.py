"""shifted.parquet: what a run's network answered on test pictures as they are, and blurred, noisy, compressed and darker.

Whole and checked or not there at all, as predictions are.
"""

import io
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from msgspec import Struct
from numpy.typing import NDArray
from pyarrow import parquet

from tl.languages import later
from tl.store.documents import Share, of_type
from tl.store.files import read_json, write_bytes, write_json
from tl.store.home import Home

AS_THEY_ARE = "none"  # in place of a kind: pictures that nothing was done to
KINDS = {  # kind -> what it does to pictures, to be said
    "blur": later("blurred"),
    "noise": later("noisy"),
    "jpeg": later("strongly compressed"),
    "brightness": later("darker"),
}
STRENGTHS = (1, 2, 3)  # weak, medium, strong
COLUMNS = {  # a contract: extend it, don't rename
    "kind": pa.string(),  # of KINDS, or AS_THEY_ARE
    "strength": pa.int64(),  # of STRENGTHS; 0 as they are
    "picture": pa.int64(),  # its place in the data set, as in predictions.parquet
    "label": pa.int64(),  # number of its class
    "predicted": pa.int64(),
    "group": pa.int64(),  # as in predictions.parquet; -1 where it belongs to no other
}
Shift = tuple[str, int]  # (kind, strength)
SHIFTS: tuple[Shift, ...] = tuple((kind, strength) for kind in KINDS for strength in STRENGTHS)


@dataclass(frozen=True)
class Shifted:
    """What one network took the same n test pictures for, shift by shift."""

    picture: NDArray[np.int64]  # (n,) place in the data set
    label: NDArray[np.int64]  # (n,) class
    group: NDArray[np.int64]  # (n,) pictures with the same number belong together; -1: with no other
    predicted: dict[Shift, NDArray[np.int64]]  # (n,) each, of (AS_THEY_ARE, 0) and of all SHIFTS

    def right(self, kind: str, strength: int) -> NDArray[np.bool_]:
        """(n,) whether the answers were right."""
        return np.equal(self.label, self.predicted[kind, strength])


def write_shifted(path: Path, found: Shifted) -> None:
    write_bytes(path, shifted_bytes(found))


def shifted_bytes(found: Shifted) -> bytes:
    shifts, number = list(found.predicted), len(found.picture)
    columns = {
        "kind": np.repeat([kind for kind, _ in shifts], number),
        "strength": np.repeat([strength for _, strength in shifts], number),
        "picture": np.tile(found.picture, len(shifts)),
        "label": np.tile(found.label, len(shifts)),
        "predicted": np.concatenate([found.predicted[shift] for shift in shifts]),
        "group": np.tile(found.group, len(shifts)),
    }
    memory = io.BytesIO()
    table = pa.table({name: pa.array(columns[name], kind) for name, kind in COLUMNS.items()})
    parquet.write_table(table, memory, write_page_checksum=True)
    return memory.getvalue()


def read_shifted(path: Path) -> Shifted | None:
    """What was answered; None where there is nothing, or it is damaged or not complete."""
    try:
        data = path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return None
    try:
        table = parquet.ParquetFile(pa.BufferReader(data), page_checksum_verification=True).read(list(COLUMNS))
        return complete_columns({name: table[name].to_numpy() for name in COLUMNS})
    except Exception:  # pyarrow raises dozens of kinds for damaged bytes
        return None


def complete_columns(columns: Mapping[str, NDArray[Any]]) -> Shifted | None:
    """What stands in these columns (see COLUMNS), each (rows,); None where it is not complete, or can't be."""
    wanted = ((AS_THEY_ARE, 0), *SHIFTS)
    rows = [(columns["kind"] == kind) & (columns["strength"] == strength) for kind, strength in wanted]
    found = [_of_shift(columns, chosen) for chosen in rows]
    first = found[0]
    if not len(first["picture"]) or first["label"].min() < 0:
        return None
    if any(not np.array_equal(each[name], first[name]) for each in found for name in ("picture", "label", "group")):
        return None
    answers = {shift: each["predicted"] for shift, each in zip(wanted, found, strict=True)}
    return Shifted(first["picture"], first["label"], first["group"], answers)


def _of_shift(columns: Mapping[str, NDArray[Any]], chosen: NDArray[np.bool_]) -> dict[str, NDArray[np.int64]]:
    return {name: columns[name][chosen].astype(np.int64) for name in ("picture", "label", "predicted", "group")}


class _Progress(Struct, frozen=True):
    done: Share


def _progress_path(home: Home) -> Path:
    return home.saliency_dir / "shifted-progress"


def write_progress(home: Home, done: float) -> None:
    """How far the measurement is that goes on, 0..1."""
    write_json(_progress_path(home), {"done": min(1.0, done)}, durable=False)


def read_progress(home: Home) -> float:
    """The same; 0 where that is not known."""
    found = of_type(read_json(_progress_path(home)), _Progress)
    return found.done if found else 0.0


def forget_progress(home: Home) -> None:
    """Another measurement begins."""
    _progress_path(home).unlink(missing_ok=True)
