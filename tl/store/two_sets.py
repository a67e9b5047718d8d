"""The pictures of two data sets as a run takes them: what it learns from, what it is judged by, what it is tested on.

Nothing is copied: every part is a memory map of its set's own file, whichever of its rows are chosen. Two sets take no
more memory than one.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tl.store.pictures import PictureStore
from tl.store.redrawn import Selected

TARGET_VALIDATION = "target_validation"  # the target's: looked at and noted, nothing is decided by it
MOST_LOOKED_AT = 500  # of them, in each epoch
HIDDEN = -1  # in place of a label that is not known, or that training must not see


@dataclass(frozen=True)
class SplitPart:
    """n pictures of one split of a store, under the class numbers of the run."""

    store: PictureStore
    split: str  # of the store
    labels: NDArray[np.int64]  # (n,), HIDDEN where there is none
    rows: NDArray[np.int64] | None = None  # (n,) within the split; None: its first n

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def pixels(self) -> NDArray[np.uint8]:
        """(n, R, R, 3) uint8, or what is indexed like it; read-only; R is the store's own. Raises ValueError where they are not
        ready."""
        if self.rows is None:
            return self.store.pixels(self.split, len(self.labels))
        most = int(self.rows.max(initial=-1)) + 1
        chosen: Any = Selected(self.store.pixels(self.split, most), self.rows)
        return chosen  # type: ignore[no-any-return]  # is indexed like one

    @property
    def pictures(self) -> NDArray[np.int64]:
        """(n,) their places in their data set."""
        return self._of_split(self.store.pictures_of(self.split))

    @property
    def groups(self) -> NDArray[np.int64]:
        """(n,) pictures of one data set with the same number belong together, -1: with no other."""
        return self._of_split(self.store.groups_of(self.split))

    def _of_split(self, values: NDArray[np.int64]) -> NDArray[np.int64]:
        return values[: len(self.labels)] if self.rows is None else values[self.rows]


@dataclass(frozen=True)
class TwoSetStore:
    """As a PictureStore is used, with splits of two data sets.

    It was made for a run's number of samples, so none is asked for.
    """

    classes: tuple[str, ...]
    parts: dict[str, SplitPart]  # "train", "validation", "test" and, where it is of use, TARGET_VALIDATION
    beside: SplitPart | None = None  # of the target: as many of them in each batch as of the training pictures

    @property
    def sizes(self) -> dict[str, int]:
        """Split -> number of pictures."""
        return {split: len(part) for split, part in self.parts.items()}

    def of(self, split: str) -> PictureStore:
        """The store of the data set that a split is of."""
        return self.parts[split].store

    def pixels(self, split: str, samples: int | None = None) -> NDArray[np.uint8]:
        """(n, R, R, 3) uint8 of a split, read-only. Raises ValueError where they are not ready."""
        return self.parts[split].pixels

    def labels_of(self, split: str, samples: int | None = None) -> NDArray[np.int64]:
        """(n,) class numbers of a split, in the order of `pixels`."""
        return self.parts[split].labels

    def pictures_of(self, split: str, samples: int | None = None) -> NDArray[np.int64]:
        """(n,) places of a split's pictures in their data set."""
        return self.parts[split].pictures

    def groups_of(self, split: str, samples: int | None = None) -> NDArray[np.int64]:
        """(n,) pictures with the same number belong together, -1: with no other."""
        return self.parts[split].groups


Pictures = PictureStore | TwoSetStore  # what a run learns, and is tested on
