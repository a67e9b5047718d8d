"""Labels that a person gives single pictures of a set without labels: what turns an estimate into a measurement.

They lie beside the set, whole after every picture, and are joined with what networks have answered already: nothing is
trained again. Which pictures are asked about is drawn from the test pictures: the share that is right holds for all.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import pandas as pd

from tl.config import refusal
from tl.datasets.catalogue import home_of
from tl.datasets.info import DatasetInfo
from tl.store.files import locked, read_parquet, write_parquet
from tl.store.home import Home

FILE, LOCK = "labels.parquet", "labels.lock"
COLUMNS = {"picture": "int64", "label": "str", "when": "float64"}  # place in the set, class by name, Unix seconds
NONE_OF_THEM = ""  # a label: it shows none of the classes, or nobody can say which
ENOUGH = 50  # pictures that are asked about


@dataclass(frozen=True)
class Given:
    """What a person said of the pictures of one set."""

    labels: dict[int, str]  # place in the set -> class by name, or NONE_OF_THEM; in the order in which they were given

    @property
    def usable(self) -> dict[int, str]:
        """Those that name a class."""
        return {place: label for place, label in self.labels.items() if label != NONE_OF_THEM}


def to_label(info: DatasetInfo) -> list[int]:
    """Test pictures in the order in which they are asked about, by place in the set: by chance, and always the same."""
    return [int(place) for place in np.random.default_rng(0).permutation(info.test)]


def read(home: Home, name: str) -> Given:
    """What was said so far; nothing where the file is absent or damaged."""
    path = home_of(home, name).dataset_dir(name) / FILE
    try:
        found = path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return Given({})
    return _read(path, found.st_ino, found.st_size, found.st_mtime_ns) or Given({})


@lru_cache(maxsize=32)
def _read(path: Path, *_version: int) -> Given | None:
    frame = read_parquet(path)
    if frame is None or {*frame} != {*COLUMNS} or frame["picture"].dtype != np.int64 or (frame["picture"] < 0).any():
        return None
    labels = frame["label"].tolist()
    if not all(isinstance(label, str) for label in labels):
        return None
    return Given(dict(zip(frame["picture"].tolist(), labels, strict=True)))


def give(home: Home, info: DatasetInfo, place: int, label: str | None, classes: Sequence[str]) -> Given:
    """Keep what the picture at `place` shows, one of `classes` or NONE_OF_THEM; None takes back what was said of it.

    On the disk when it returns. Raises Refused for a picture or a class that is not there, a set that has labels of its
    own, and a damaged file, which is left as it is.
    """
    if info.labelled:
        raise refusal("The pictures of {name} already have labels; these can only be corrected.", name=info.called)
    if not 0 <= place < info.train + info.validation + info.test:
        raise refusal("{name} has no picture {place}.", name=info.called, place=place)
    if label not in (None, NONE_OF_THEM, *classes):
        raise refusal("{label!r:.80} is not one of the classes.", label=label)
    folder = home_of(home, info.name).dataset_dir(info.name)
    if not (folder / "dataset.json").exists():  # else its folder would be made again
        raise refusal("The data set {name!r} was deleted meanwhile.", name=info.called)
    with locked(folder / LOCK):
        path = folder / FILE
        frame = read_parquet(path)
        if frame is None or not {*COLUMNS} <= {*frame}:
            if path.exists():
                raise refusal("{path} is damaged; move it away to start again.", path=path)
            frame = pd.DataFrame({column: pd.Series([], dtype=kind) for column, kind in COLUMNS.items()})
        rows = frame[frame["picture"] != place]
        if label is not None:
            new = pd.DataFrame({"picture": [place], "label": [label], "when": [time.time()]})
            rows = pd.concat([rows, new], ignore_index=True) if len(rows) else new
        write_parquet(path, rows[[*COLUMNS]])
    return read(home, info.name)
