"""Features as a run keeps them, in files without a name in its folder, within a budget of disk.

The kernel's page cache holds what memory allows, and nothing is left of them however the trainer ends.
"""

import mmap
import os
import secrets
import shutil
import tempfile
from pathlib import Path

import numpy as np
import torch

from tl.store.home import Home
from tl.train.resident import sent

BUDGET_BYTES = 4 << 30  # of disk, for all features of a run
DISK_SHARE = 0.25  # of the free disk, at most, and of what the home may take of it: nameless files count nowhere


class FrozenOutputs:
    """Outputs of one cut for `count` pictures, (count, ...) float32, in the order of the pictures' rows."""

    def __init__(self, folder: Path, count: int, sample: torch.Tensor, named: bool = False):
        self.channels_last = sample.ndim == 4
        shape = (count, *as_stored(sample).shape[1:])
        self.size_bytes = int(np.prod(shape)) * 4
        # Named as what a killed writer leaves behind: nothing of it stays.
        self._path = folder / f".features.{os.getpid()}.{secrets.token_hex(4)}" if named else None
        with open(self._path, "x+b") if self._path else tempfile.TemporaryFile(dir=folder) as file:
            os.posix_fallocate(file.fileno(), 0, self.size_bytes)  # a full disk is an error here, not a signal later
            self._map = mmap.mmap(file.fileno(), self.size_bytes)
        self.stored = np.frombuffer(self._map, np.float32).reshape(shape)  # all of them

    @property
    def place(self) -> tuple[Path, tuple[int, ...]]:
        """Where other processes find them, as long as they have a name, and their shape: what `opened` takes."""
        assert self._path is not None, "they were made without a name"
        return self._path, self.stored.shape

    def hide(self) -> None:
        """Take their name away: nobody else will look for them."""
        if self._path:
            self._path.unlink(missing_ok=True)
            self._path = None

    def write(self, rows: np.ndarray | slice, features: torch.Tensor) -> None:
        """Keep the features of the pictures `rows`."""
        self.stored[rows] = as_stored(features).float().cpu().numpy()

    @classmethod
    def of(cls, values: np.ndarray) -> "FrozenOutputs":
        """Those that lie in a file of the cache, already as they are stored."""
        found = cls.__new__(cls)
        found.channels_last, found.size_bytes, found.stored, found._path = values.ndim == 4, 0, values, None
        return found

    @classmethod
    def opened(cls, path: Path, shape: tuple[int, ...]) -> "FrozenOutputs":
        """Those that another process of the run has made, read-only."""
        return cls.of(np.memmap(path, np.float32, "r", shape=shape))

    def read(self, rows: np.ndarray | slice, device: torch.device) -> torch.Tensor:
        """The features of the pictures `rows`, as the frozen part gave them."""
        batch = sent(np.array(self.stored[rows]), device)
        return batch.permute(0, 3, 1, 2) if self.channels_last else batch


def as_stored(features: torch.Tensor) -> torch.Tensor:
    """(N, C, H, W) as (N, H, W, C), the layout in which it is computed; others as they are."""
    return features.permute(0, 2, 3, 1) if features.ndim == 4 else features


def as_given(stored: np.ndarray) -> torch.Tensor:
    """Features as the frozen part gave them."""
    given = torch.from_numpy(np.array(stored))
    return given.permute(0, 3, 1, 2) if given.ndim == 4 else given


class FeatureStore:
    """Features by (cut, view), where a view is a number or the name of a split, within a budget of disk.

    `named`: in files with names, until they are hidden, for other processes to open.
    """

    def __init__(self, folder: Path, budget_bytes: int | None = None, named: bool = False):
        self._folder, self._named = folder, named
        self._stored: dict[tuple[int, int | str], FrozenOutputs] = {}
        if budget_bytes is None:
            policy = Home().policy
            room = max(0, shutil.disk_usage(folder).free - policy.free_megabytes * 10**6)
            if policy.disk_megabytes is not None:
                room = min(room, policy.disk_megabytes * 10**6)
            budget_bytes = min(BUDGET_BYTES, int(room * DISK_SHARE))
        self._left = budget_bytes

    def get(self, cut: int, view: int | str) -> FrozenOutputs | None:
        """What was kept before."""
        return self._stored.get((cut, view))

    def make(self, count: int, sample: torch.Tensor) -> FrozenOutputs | None:
        """Room for the features of `count` pictures like those in `sample`; None where there is not enough."""
        needed = sample[0].numel() * 4 * count
        if needed > self._left:
            return None
        try:
            features = FrozenOutputs(self._folder, count, sample, self._named)
        except OSError:  # the disk is fuller than it was
            self._left = 0
            return None
        self._left -= needed
        return features

    def keep(self, cut: int, view: int | str, features: FrozenOutputs) -> None:
        """Name complete features; half-filled ones are never found."""
        self._stored[cut, view] = features

    def drop_all_but(self, cuts: set[int]) -> None:
        """Free what belongs to cuts that are not needed any more."""
        for key in [key for key in self._stored if key[0] not in cuts]:
            self._left += self._stored.pop(key).size_bytes


class Room:
    """Features that are being made at several cuts, as far as there is room for them: for the first asked for first."""

    def __init__(self, store: FeatureStore, count: int):
        self._store, self._count = store, count
        self._tried: set[int] = set()
        self.made: dict[int, FrozenOutputs] = {}  # by cut

    def at(self, cut: int, sample: torch.Tensor) -> FrozenOutputs | None:
        """Those of a cut, of pictures like those in `sample`; None where there was no room."""
        if cut not in self._tried:
            self._tried.add(cut)
            made = self._store.make(self._count, sample)
            if made is not None:
                self.made[cut] = made
        return self.made.get(cut)
