"""Single pictures of a data set to look at, as they are kept for training: nothing is decoded, drawn or downloaded again."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tl.config import refusal
from tl.datasets import blossoms
from tl.datasets.catalogue import home_of
from tl.datasets.drawn import SIZES
from tl.datasets.info import DatasetInfo, mending
from tl.datasets.intake.readable import FIRST_RESOLUTION
from tl.languages import later, say
from tl.store.files import read_parquet
from tl.store.home import Home
from tl.store.pictures import SPLITS, PictureStore

SETS = 8  # data sets whose labels and names are kept in memory: 100 bytes a picture
Contents = tuple[NDArray[np.int64], tuple[str, ...]]  # labels (N,), and names where there are any


@dataclass(frozen=True, kw_only=True)
class ShownPicture:
    """One picture."""

    name: str  # its file in what was brought, without folders; "picture 12" where it has none. Of the user: escape it
    pixels: NDArray[np.uint8] | None  # (R, R, 3); None where it can't be shown: damaged, or not ready at any resolution


def pictures_at(
    home: Home, info: DatasetInfo, places: Sequence[int], labels: Sequence[int], sides: Sequence[int]
) -> list[ShownPicture]:
    """The pictures at these places (rows) of the data set, each at the largest it is ready at of the `sides` (pixels) and the first one.

    `labels` are the classes that runs were told: a picture of another class is not the one they saw, and not shown.
    Raises Refused where the set is damaged.
    """
    folder = home_of(home, info.name).dataset_dir(info.name)
    known, names = _contents(folder, info)
    wanted = {min(side, info.native_resolution) for side in (*sides, FIRST_RESOLUTION)}
    sizes = {split: int(getattr(info, split)) for split in SPLITS}
    stores = [PictureStore(folder, side, sizes, info.classes, known) for side in sorted(wanted, reverse=True)]
    ready = [(store, store.ready) for store in stores]
    shown = []
    for place, label in zip(places, labels, strict=True):
        pixels = None
        if 0 <= place < len(known) and known[place] == label:
            pixels = next((_pixels(store, place) for store, rows in ready if place < rows), None)
        name = names[place] if names and 0 <= place < len(names) else say("picture {number}", number=place + 1)
        shown.append(ShownPicture(name=name, pixels=pixels))
    return shown


def _pixels(store: PictureStore, place: int) -> NDArray[np.uint8] | None:
    side = store.resolution
    with suppress(OSError, ValueError):  # taken away, or cut, meanwhile
        return np.array(np.memmap(store.path, np.uint8, "r", place * side * side * 3, (side, side, 3)))
    return None


def _contents(folder: Path, info: DatasetInfo) -> Contents:
    """Labels in the order of the store, and the pictures' names."""
    if info.origin == "drawn":
        return np.concatenate([blossoms.labels(np.arange(SIZES[split])) for split in SPLITS]), ()
    path, found = folder / "index.parquet", None
    with suppress(FileNotFoundError):
        stamp = path.stat()
        found = _read(path, stamp.st_mtime_ns, stamp.st_size)
    if found is None or len(found[0]) != sum(getattr(info, split) for split in SPLITS):
        text = later("The pictures of {name} can't be read; {mend}")
        raise refusal(text, name=info.called, mend=mending(info.name, info.origin != "upload"))
    return found


@lru_cache(maxsize=SETS)
def _read(path: Path, *_version: int) -> Contents | None:
    index = read_parquet(path)
    if index is None or "label" not in index or index["label"].dtype != np.int64:
        return None
    names = tuple(str(each).rpartition("/")[2] for each in index["name"]) if "name" in index else ()
    return index["label"].to_numpy(np.int64), names
