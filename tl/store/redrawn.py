"""The pictures of a store in another order and other splits, without a copy of them."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from tl.store.pictures import PictureStore


class Selected:
    """Rows of an array in an order of one's own, read when they are asked for: indexed like the (n, ...) array it is.

    `pixels[rows]` with a slice or an integer array is an array of its own, `pixels[row]` a view of one row.
    """

    def __init__(self, pixels: np.ndarray, rows: np.ndarray) -> None:
        self._pixels, self._rows = pixels, rows
        self.shape = (len(rows), *pixels.shape[1:])
        self.dtype = pixels.dtype
        self.ndim = pixels.ndim
        self.nbytes = int(np.prod(self.shape)) * pixels.dtype.itemsize

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, key: Any) -> np.ndarray:
        first, *rest = key if isinstance(key, tuple) else (key,)
        found: np.ndarray = self._pixels[self._rows[first]]
        if not rest:
            return found
        return found[tuple(rest)] if np.ndim(self._rows[first]) == 0 else found[(slice(None), *rest)]

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        return self[:] if dtype is None else self[:].astype(dtype)


@dataclass(frozen=True)
class RedrawnStore(PictureStore):
    """A store whose splits are drawn anew: `order` says which row of the data set each of its rows is.

    `sizes`, `labels` and `groups` are in its own order.
    """

    order: np.ndarray = field(kw_only=True)  # (N,) int64

    def pixels(self, split: str, samples: int | None = None) -> Selected:  # type: ignore[override]  # indexed like one
        """(n, R, R, 3) uint8 of a split, read-only. Raises ValueError when not all pictures are ready."""
        if self.ready < len(self.labels):
            raise ValueError(
                f"{self.path.name} holds {self.ready} of {len(self.labels)} pictures: prepare it first"  # not shown
            )
        return Selected(self.whole(), self.pictures_of(split, samples))

    def pictures_of(self, split: str, samples: int | None = None) -> np.ndarray:
        """(n,) int64: the row in the data set of each picture of a split."""
        return self.order[self.rows(split, samples)]
