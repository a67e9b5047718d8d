"""Pictures that have to stay on one side of a split: equal ones, almost equal ones, and those a person says belong together."""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import pandas as pd

from tl.datasets.leakage import COMPARED, DIFFERENCE, near_pairs
from tl.store.redrawn import Selected

ALONE = -1  # the number of no cluster
GRID = 8  # at most so many means of blocks a side tell most pictures apart without all their pixels
AT_ONCE = 4_096  # pairs whose means are in memory at a time
LOOKED_AT = 20_000_000  # pairs at most whose means are compared: some seconds

Rows = npt.NDArray[np.int64]


class _Together:
    """Rows joined to clusters: `of` holds each row's cluster, and the smaller of two is the one relabelled."""

    def __init__(self, rows: int) -> None:
        self.of: Rows = np.arange(rows)
        self.members: dict[int, list[int]] = {}

    def join(self, row: int, other: int) -> None:
        one, two = int(self.of[row]), int(self.of[other])
        if one == two:
            return
        large, small = self.members.get(one, [one]), self.members.get(two, [two])
        if len(large) < len(small):
            one, two, large, small = two, one, small, large
        self.of[small] = one
        large.extend(small)
        self.members[one] = large
        self.members.pop(two, None)

    def join_equal(self, codes: Rows) -> None:
        """Join rows with the same code; a code below 0 is none."""
        first: dict[int, int] = {}
        for row, code in enumerate(codes.tolist()):
            if code >= 0:
                self.join(first.setdefault(code, row), row)


def clusters(pictures: pd.DataFrame, pixels: np.ndarray | Selected) -> Rows:
    """(n,) number of each picture's cluster, -1 where it is alone; the same whatever the pictures' order.

    `pictures` has sha256 (the same for equal pictures), looks (difference hash) and belongs (what it belongs to, ""
    for nothing); `pixels` (n, S, S, 3) uint8 are its rows. Almost equal pictures are found as `leakage` finds them:
    a difference hash that is too common says nothing, and at most so many pairs are compared.
    """
    together = _Together(len(pictures))
    together.join_equal(pd.factorize(pictures["sha256"])[0])
    together.join_equal(pd.factorize(pictures["belongs"].where(pictures["belongs"] != ""))[0])
    _join_almost_equal(together, pictures, pixels)
    return _numbered(together.of, pictures["sha256"])


def _numbered(of: Rows, content: pd.Series) -> Rows:
    """Clusters of two and more pictures by their smallest content hash, from 0; -1 for all others."""
    frame = pd.DataFrame({"cluster": of, "sha256": content.to_numpy()})
    found = frame.groupby("cluster")["sha256"].agg(["size", "min"])
    found = found[found["size"] > 1].sort_values("min")
    numbers = pd.Series(np.arange(len(found)), index=found.index)
    return frame["cluster"].map(numbers).fillna(ALONE).to_numpy(np.int64)


def _join_almost_equal(together: _Together, pictures: pd.DataFrame, pixels: np.ndarray | Selected) -> None:
    means, compared, looked_at = _Means(pixels), 0, 0
    for rows, others in _pieces(pictures, together):
        looked_at += len(rows)
        near = means.difference(rows, others) <= DIFFERENCE + 1  # of means that are rounded to a byte
        for row, other in zip(rows[near].tolist(), others[near].tolist(), strict=True):
            if together.of[row] == together.of[other]:
                continue
            compared += 1
            if np.abs(pixels[row].astype(np.int16) - pixels[other]).mean() <= DIFFERENCE:
                together.join(row, other)
            if compared == COMPARED:
                return
        if looked_at >= LOOKED_AT:
            return


def _pieces(pictures: pd.DataFrame, together: _Together) -> Iterator[tuple[Rows, Rows]]:
    """Pairs of rows with nearly the same difference hash that are not together yet, so many at a time."""
    for rows, others in near_pairs(pictures["looks"].to_numpy(np.uint64), np.arange(len(pictures))):
        for first in range(0, len(rows), AT_ONCE):
            some, more = rows[first : first + AT_ONCE], others[first : first + AT_ONCE]
            apart = together.of[some] != together.of[more]
            if apart.any():
                yield some[apart], more[apart]


class _Means:
    """Means of a picture's blocks and colours: no two pictures differ more in them than in all their pixels."""

    def __init__(self, pixels: np.ndarray | Selected) -> None:
        rows, side = pixels.shape[:2]
        self.pixels = pixels
        self.grid = max(number for number in range(1, GRID + 1) if side % number == 0)
        self.known = np.zeros(rows, bool)
        self.means = np.zeros((rows, self.grid**2 * 3), np.uint8)

    def difference(self, rows: Rows, others: Rows) -> npt.NDArray[np.float64]:
        """(n,) mean difference of each pair's means, of 255."""
        self._know(np.unique(np.concatenate([rows, others])))
        difference: npt.NDArray[np.float64] = np.abs(self.means[rows].astype(np.int16) - self.means[others]).mean(1)
        return difference

    def _know(self, rows: Rows) -> None:
        rows = rows[~self.known[rows]]
        for first in range(0, len(rows), GRID * GRID):
            some = rows[first : first + GRID * GRID]
            pictures = self.pixels[some]
            side = pictures.shape[1] // self.grid
            blocks = pictures.reshape(len(some), self.grid, side, self.grid, side, 3).mean((2, 4))
            self.means[some] = np.rint(blocks).astype(np.uint8).reshape(len(some), -1)
        self.known[rows] = True
