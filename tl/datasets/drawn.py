"""Data sets whose store is drawn instead of decoded, on all cores, and grows as more pictures are wanted.

`blossoms`, and its second domain, which shows the same classes at dusk.
"""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from tl.datasets import blossoms, dusk, pool
from tl.datasets.giving_way import Progress, WaitingProgress
from tl.datasets.info import MAX_NATIVE_RESOLUTION, DatasetInfo
from tl.languages import later, say
from tl.store.files import locked, read_json, write_json
from tl.store.pictures import SPLITS, PictureStore

SIZES = {"test": 1_000, "validation": 500, "train": 50_000}
DRAWER = ["-m", "tl.datasets.drawer"]
CHUNK = 16  # pictures a task
RECORDED = 16  # tasks after which the pictures drawn so far are recorded as ready


def _counts() -> dict[str, dict[str, int]]:
    table = {split: np.bincount(blossoms.labels(np.arange(size))) for split, size in SIZES.items()}
    return {
        name: {split: int(table[split][number]) for split in ("train", "validation", "test")}
        for number, name in enumerate(blossoms.CLASSES)
    }


@dataclass(frozen=True, kw_only=True)
class Drawn:
    """A set and what draws it."""

    info: DatasetInfo
    short_title: str  # what `info.short_title` says, marked for the catalogues
    draw: Callable[..., np.ndarray]  # see `blossoms.draw`
    own_code: tuple[ModuleType, ...] = ()  # beyond what all are painted with


def _info(name: str, title: str, note: str) -> DatasetInfo:
    return DatasetInfo(
        name=name,
        title=title,
        origin="drawn",
        classes=blossoms.CLASSES,
        train=SIZES["train"],
        validation=SIZES["validation"],
        test=SIZES["test"],
        native_resolution=MAX_NATIVE_RESOLUTION,
        counts=_counts(),
        note=note,
    )


_SETS = (
    Drawn(
        info=_info(
            "blossoms",
            later("Blossoms (drawn by the computer)"),
            later("Invented flowers, drawn by code: no photographs."),
        ),
        short_title=later("Blossoms"),
        draw=blossoms.draw,
    ),
    Drawn(
        info=_info(
            "blossoms_dusk",
            later("Blossoms at dusk (drawn by the computer)"),
            later("The flowers of blossoms at dusk, seen by another camera; drawn by code: no photographs."),
        ),
        short_title=later("Blossoms at dusk"),
        draw=dusk.draw,
        own_code=(dusk,),
    ),
)
DRAWN = {drawn.info.name: drawn for drawn in _SETS}

# Fingerprint of code that draws to the last bit what earlier code drew -> that one's, under which homes hold pictures. After
# a change that isn't meant to be seen (a comment, a name, a place), the new one goes in place of the old.
_ALIKE = {
    "891c6bcdd00c5cbf6194e602065bdb3fc60bf897f25cfb95adfcf21202ac1d7f": "55fc2c8b93373d13fda36ff4a3b010bf50685f366abd587c12bbeaabeda8ab44",
    "2fbf90cdd199e7bdff955557148c77e81b02855bb6e0a1692b9ef6e802868a04": "d8bc3157d6aa7dd83568ea172dddaf624b151d20bf06a3aff5cba3f0374338d4",
}


@cache
def _code(name: str) -> str:
    """Fingerprint of the code that draws a set: pictures drawn by different code must not be mixed."""
    files = sorted(Path(blossoms.__file__).parent.glob("*.py"))
    files += [Path(str(module.__file__)) for module in DRAWN[name].own_code]
    found = hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()
    return _ALIKE.get(found, found)


def prepare_drawn(
    folder: Path, side: int, samples: int | None, locks_dir: Path, progress: Progress | None = None
) -> PictureStore:
    """The store of the set `folder` is named after, at `side` px: test, validation and the first `samples` training
    pictures drawn, giving way to trainers."""
    told = WaitingProgress(progress)
    _drop_outdated(folder)
    labels = np.concatenate([blossoms.labels(np.arange(SIZES[split])) for split in SPLITS])
    store = PictureStore(folder, side, SIZES, blossoms.CLASSES, labels)

    def draw_rows(rows: np.ndarray, out: np.ndarray) -> Iterator[int]:
        done = 0
        with pool.answers(DRAWER, locks_dir=locks_dir, waits=told.waits) as answers:
            for number, drawn in enumerate(answers(_tasks(store, rows)), 1):
                done += drawn
                told(done, len(rows), say("drawing pictures at {side} px", side=side))
                if number % RECORDED == 0 or done == len(rows):
                    yield done

    store.fill(samples, draw_rows, progress)
    return store


def _tasks(store: PictureStore, rows: np.ndarray) -> Iterator[dict[str, Any]]:
    """Pieces of one split each: {"set", "split", "first" picture, "count", "slot" in the file}."""
    for split in SPLITS:
        span = store.rows(split)
        inside = rows[(rows >= span.start) & (rows < span.stop)]
        for piece in range(0, len(inside), CHUNK):
            slot, count = int(inside[piece]), len(inside[piece : piece + CHUNK])
            task = {"set": store.folder.name, "split": split, "first": slot - span.start, "count": count, "slot": slot}
            yield task | {"side": store.resolution, "out": str(store.path)}


def _drop_outdated(folder: Path) -> None:
    """Remove pictures that another version of the drawing code left."""
    with locked(folder / "drawing.lock"):
        stamp = folder / "drawing.json"
        if read_json(stamp) != {"code": _code(folder.name)}:
            for old in folder.glob("pictures-*.*"):
                if old.suffix in (".u8", ".json"):
                    old.unlink()
            write_json(stamp, {"code": _code(folder.name)})


def drawn_examples(name: str, per_class: int, side: int) -> list[tuple[str, np.ndarray]]:
    """Freshly drawn training pictures of a set, `per_class` of each class."""
    numbers = np.arange(per_class * len(blossoms.CLASSES))
    numbers = numbers[np.argsort(blossoms.labels(numbers), kind="stable")]
    pictures = DRAWN[name].draw(numbers, side)
    return [
        (blossoms.CLASSES[label], picture) for label, picture in zip(blossoms.labels(numbers), pictures, strict=True)
    ]
