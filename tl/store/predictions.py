"""predictions.parquet: what the best epoch's network answered on each validation and test picture.

Whole and checked or not there at all: what is said of new pictures is made of it.
"""

import io
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pyarrow import compute, parquet

from tl.store.files import whole_parquet, write_bytes

SPLITS = ("validation", "test")  # those that are in it
KEPT = 128  # files whose answers are kept: 100 kB each with 2,500 test pictures
ALONE = -1  # stands for the null of `group` in memory
UNLABELLED = -1  # the label of every picture of a set without labels
COLUMNS = {  # a contract: extend it, don't rename; `probabilities` has one number per class
    "split": pa.string(),
    "picture": pa.int64(),  # its place in the data set, the same whatever split or seed
    "label": pa.int64(),  # number of its class; UNLABELLED in a split whose pictures have none
    "predicted": pa.int64(),
    "probabilities": pa.float16(),
    "group": pa.int64(),  # pictures with the same number belong together; null: belongs to no other
}


@dataclass(frozen=True, kw_only=True)
class Answers:
    """What one network took the n pictures of a split for."""

    picture: NDArray[np.int64]  # (n,) place in the data set
    label: NDArray[np.int64]  # (n,) class, 0..C-1; all UNLABELLED where nobody knows
    predicted: NDArray[np.int64]  # (n,) class, 0..C-1
    group: NDArray[np.int64]  # (n,) pictures with the same number belong together; ALONE: with no other

    @property
    def labelled(self) -> bool:
        """Whether it is known what the pictures show."""
        return not len(self.label) or bool(self.label[0] != UNLABELLED)

    @property
    def right(self) -> NDArray[np.bool_]:
        """(n,) whether the answer is the label."""
        return np.equal(self.label, self.predicted)

    def can_be(self, classes: int) -> bool:
        """Whether all numbers are such as they can be, of so many classes."""
        columns = (self.picture, self.label, self.predicted, self.group)
        if classes < 1 or any(column.shape != self.picture.shape for column in columns):
            return False
        answers = (self.label, self.predicted) if self.labelled else (self.predicted,)
        in_range = all(((column >= 0) & (column < classes)).all() for column in answers)
        in_range = in_range and (self.labelled or bool((self.label == UNLABELLED).all()))
        once = len(np.unique(self.picture)) == len(self.picture)
        return in_range and once and bool((self.picture >= 0).all() and (self.group >= ALONE).all())


@dataclass(frozen=True, kw_only=True)
class Predictions(Answers):
    """The same with how sure it was."""

    probabilities: NDArray[np.float16]  # (n, C)

    @property
    def sound(self) -> bool:
        """Whether all numbers are such as they can be."""
        shares = self.probabilities
        if shares.ndim != 2 or len(shares) != len(self.picture):
            return False
        possible = bool(((shares >= 0) & (shares <= 1)).all())  # false for what is no number
        return possible and self.can_be(shares.shape[1])


def write_predictions(path: Path, found: Mapping[str, Predictions]) -> None:
    """Replace the file by the predictions of each split (a key of SPLITS); all know the same classes."""
    write_bytes(path, predictions_bytes(found))


def predictions_bytes(found: Mapping[str, Predictions]) -> bytes:
    parts = [found[split] for split in SPLITS if split in found]
    classes = parts[0].probabilities.shape[1]
    group = np.concatenate([part.group for part in parts])
    shares = np.concatenate([part.probabilities for part in parts]).astype(np.float16)
    columns = {
        "split": pa.array(np.repeat([split for split in SPLITS if split in found], [len(p.label) for p in parts])),
        **{
            name: pa.array(np.concatenate([getattr(part, name) for part in parts]), COLUMNS[name])
            for name in ("picture", "label", "predicted")
        },
        "probabilities": pa.FixedSizeListArray.from_arrays(pa.array(shares.reshape(-1)), classes),
        "group": pa.array(group, COLUMNS["group"], mask=group == ALONE),
    }
    memory = io.BytesIO()
    # In one piece, the probabilities one by one and without statistics: what a bundle's reader can check beforehand.
    parquet.write_table(
        pa.table(columns),
        memory,
        row_group_size=max(1, len(group)),
        use_dictionary=["split"],
        write_statistics=False,
        write_page_checksum=True,
        data_page_version="1.0",
        compression="snappy",
    )
    return memory.getvalue()


def read_predictions(path: Path, split: str, *, unlabelled: bool = False) -> Predictions | None:
    """What was answered on a split; None where there is nothing of it, or the file is damaged.

    None as well for pictures without labels, unless the caller takes `unlabelled` ones.
    """
    found = _read(path, split, list(COLUMNS))
    if found is None:
        return None
    table, classes = found
    flat = table["probabilities"].combine_chunks().flatten()
    if flat.null_count:
        return None
    told = Predictions(
        **_numbers(table), probabilities=flat.to_numpy(zero_copy_only=False).reshape(len(table), classes)
    )
    return told if told.sound and (told.labelled or unlabelled) else None


def read_answers(path: Path, split: str) -> Answers | None:
    """As `read_predictions`, without probabilities, which are not even read; kept in memory, since a page asks again and
    again."""
    try:
        found = path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return None
    return _kept(path, split, found.st_ino, found.st_size, found.st_mtime_ns)


@lru_cache(maxsize=KEPT)
def _kept(path: Path, split: str, *_version: int) -> Answers | None:
    found = _read(path, split, [name for name in COLUMNS if name != "probabilities"])
    if found is None:
        return None
    table, classes = found
    told = Answers(**_numbers(table))
    return told if told.can_be(classes) and told.labelled else None


def _read(path: Path, split: str, names: list[str]) -> tuple[pa.Table, int] | None:
    """These columns of a split, and how many classes there are; None where there is nothing of it, a column has another type
    or holds a null where none may be, or what is read is damaged."""
    data = whole_parquet(path)  # whole, never mapped: a file may be replaced while it is read
    if data is None:
        return None
    try:
        file = parquet.ParquetFile(pa.BufferReader(data), page_checksum_verification=True)
        kind = file.schema_arrow.field("probabilities").type
        kinds = {name: file.schema_arrow.field(name).type for name in COLUMNS}
        kinds["probabilities"] = getattr(kind, "value_type", 0)
        if kinds != COLUMNS or not pa.types.is_fixed_size_list(kind):
            return None
        table = file.read(names)
        if any(table[name].null_count for name in names if name != "group"):
            return None
        table = table.filter(compute.equal(table["split"], split))
    except Exception:  # pyarrow raises dozens of kinds for damaged bytes; nothing else can go wrong here
        return None
    return (table, int(kind.list_size)) if len(table) else None


def _numbers(table: pa.Table) -> dict[str, NDArray[np.int64]]:
    numbers = {name: table[name].to_numpy() for name in ("picture", "label", "predicted")}
    return numbers | {"group": table["group"].fill_null(ALONE).to_numpy()}
