"""A data set's pictures, decoded once: a memory-mapped uint8 file per resolution that every run reads.

Rows lie in the order test, validation, train, and the training rows in nested stratified order: the first n training
rows are the sample of n pictures. So a sample is one contiguous slice, and a store grows by appending.
"""

import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from msgspec import Struct

from tl.languages import say
from tl.store.documents import Count, of_type
from tl.store.files import locked, read_json, write_json

SPLITS = ("test", "validation", "train")


def pixels_path(folder: Path, resolution: int) -> Path:
    """The raw pixels, `resolution` px a side, of the data set in `folder`."""
    return folder / f"pictures-{resolution}.u8"


class _Filled(Struct, frozen=True):
    ready: Count


@dataclass(frozen=True)
class PictureStore:
    """Pictures of one data set at one resolution."""

    folder: Path  # the data set's folder
    resolution: int  # side in pixels
    sizes: dict[str, int]  # split -> number of pictures
    classes: tuple[str, ...]
    labels: np.ndarray  # (N,) int64, in row order
    groups: np.ndarray | None = None  # (N,) int64: pictures with the same number belong together, -1 is alone

    @property
    def path(self) -> Path:
        return pixels_path(self.folder, self.resolution)

    @property
    def ready(self) -> int:
        """How many leading rows are filled; none, so that they are made again, where a file of the store is damaged."""
        filled = of_type(read_json(self.path.with_suffix(".json")), _Filled)
        if filled is None or filled.ready > len(self.labels) or not self.path.is_file():
            return 0
        return filled.ready if self.path.stat().st_size == self._bytes else 0

    @property
    def _bytes(self) -> int:
        return len(self.labels) * self.resolution**2 * 3

    def rows(self, split: str, samples: int | None = None) -> slice:
        """Row numbers of a split; of "train" the first `samples`."""
        start = sum(self.sizes[name] for name in SPLITS[: SPLITS.index(split)])
        size = self.sizes[split] if samples is None else min(samples, self.sizes[split])
        return slice(start, start + size)

    def pixels(self, split: str, samples: int | None = None) -> np.ndarray:
        """(n, R, R, 3) uint8 memory map of a split, read-only. Raises ValueError when it is not filled yet."""
        rows = self.rows(split, samples)
        if rows.stop > self.ready:
            raise ValueError(
                f"{self.path.name} holds {self.ready} pictures, {rows.stop} are needed: prepare it first"  # not shown
            )
        side = self.resolution
        if rows.start == rows.stop:
            return np.empty((0, side, side, 3), np.uint8)
        offset, shape = rows.start * side * side * 3, (rows.stop - rows.start, side, side, 3)
        return np.memmap(self.path, np.uint8, "r", offset, shape)

    def whole(self) -> np.ndarray:
        """(N, R, R, 3) uint8 memory map of all splits in row order, read-only; what is not filled yet is black."""
        return np.memmap(self.path, np.uint8, "r", shape=(len(self.labels), self.resolution, self.resolution, 3))

    def labels_of(self, split: str, samples: int | None = None) -> np.ndarray:
        """(n,) int64 class numbers of a split, in the order of `pixels`."""
        return self.labels[self.rows(split, samples)]

    def pictures_of(self, split: str, samples: int | None = None) -> np.ndarray:
        """(n,) int64 places of a split's pictures in the data set, in the order of `pixels`."""
        rows = self.rows(split, samples)
        return np.arange(rows.start, rows.stop)

    def groups_of(self, split: str, samples: int | None = None) -> np.ndarray:
        """(n,) int64: pictures with the same number belong together, -1: with no other; in the order of `pixels`."""
        rows = self.rows(split, samples)
        return np.full(rows.stop - rows.start, -1) if self.groups is None else self.groups[rows]

    @property
    def beside(self) -> None:
        """Pictures of another data set that training takes besides: none. See tl.store.two_sets."""

    def of(self, split: str) -> "PictureStore":
        """The store of the data set that a split is of."""
        return self

    def fill(
        self,
        samples: int | None,
        decode: Callable[[np.ndarray, np.ndarray], Iterable[int]],
        progress: Callable[[int, int, str], None] | None = None,
    ) -> None:
        """Make the rows of test, validation and the first `samples` training pictures ready.

        `decode(row_numbers, out)` writes the rows it is given (int64 array) into `out`, an (N, R, R, 3) uint8 map of
        the whole file, in order, and yields the number of rows done after each piece: what is recorded as ready then
        survives a kill. One process fills at a time, the others wait for it and tell that as `progress`.
        """
        what = say("waiting until another process has made the same pictures ready")
        with locked(self.path.with_suffix(".lock"), progress, what):
            ready, wanted = self.ready, self.rows("train", samples).stop
            if ready >= wanted:
                return
            if not ready:  # before a file that was cut has its size again: what it lacks is not in it
                self.path.with_suffix(".json").unlink(missing_ok=True)
            side = self.resolution
            with open(self.path, "ab") as file:
                os.truncate(file.fileno(), self._bytes)  # sparse: costs no disk until written
            out = np.memmap(self.path, np.uint8, "r+", shape=(len(self.labels), side, side, 3))
            for done in decode(np.arange(ready, wanted), out):
                out.flush()
                write_json(self.path.with_suffix(".json"), {"ready": ready + done})
