"""What the frozen part of a network makes of the pictures, computed once per augmented view and kept on disk.

The features lie in files without a name in the run's folder: the kernel's page cache holds what memory allows, and
nothing is left of them however the trainer ends. What does not fit is computed anew in every epoch.
"""

import mmap
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import torch
from torch import nn

from tl.limits import limits
from tl.train.folded import Folded
from tl.train.pieces import WHOLE, Chain, run_pieces
from tl.train.resident import sent

BUDGET_BYTES = 4 << 30  # of disk, for all features of a run
DISK_SHARE = 0.25  # of the free disk, at most; hosted, of what a visitor may store, too: nameless files count nowhere
VALIDATION = "validation"  # the view that every epoch uses


class Features:
    """Outputs of one cut for `count` pictures, (count, ...) float32, in the order of the pictures' rows."""

    def __init__(self, folder: Path, count: int, sample: torch.Tensor):
        self.channels_last = sample.ndim == 4
        shape = (count, *_as_stored(sample).shape[1:])
        self.size_bytes = int(np.prod(shape)) * 4
        with tempfile.TemporaryFile(dir=folder) as file:
            os.posix_fallocate(file.fileno(), 0, self.size_bytes)  # a full disk is an error here, not a signal later
            self._map = mmap.mmap(file.fileno(), self.size_bytes)
        self._array = np.frombuffer(self._map, np.float32).reshape(shape)

    def write(self, rows: np.ndarray | slice, features: torch.Tensor) -> None:
        """Keep the features of the pictures `rows`."""
        self._array[rows] = _as_stored(features).float().cpu().numpy()

    def read(self, rows: np.ndarray | slice, device: torch.device) -> torch.Tensor:
        """The features of the pictures `rows`, as the frozen part gave them."""
        batch = sent(np.array(self._array[rows]), device)
        return batch.permute(0, 3, 1, 2) if self.channels_last else batch


def _as_stored(features: torch.Tensor) -> torch.Tensor:
    """(N, C, H, W) as (N, H, W, C), the layout in which it is computed; others as they are."""
    return features.permute(0, 2, 3, 1) if features.ndim == 4 else features


class FeatureStore:
    """Features by (cut, view), where a view is a number or the name of a split, within a budget of disk."""

    def __init__(self, folder: Path, budget_bytes: int | None = None):
        self._folder = folder
        self._stored: dict[tuple[int, int | str], Features] = {}
        if budget_bytes is None:
            bounds, room = limits(), shutil.disk_usage(folder).free
            if bounds.disk_megabytes is not None:
                room = max(0, min(room - bounds.free_megabytes * 10**6, bounds.disk_megabytes * 10**6))
            budget_bytes = min(BUDGET_BYTES, int(room * DISK_SHARE))
        self._left = budget_bytes

    def get(self, cut: int, view: int | str) -> Features | None:
        """What was kept before."""
        return self._stored.get((cut, view))

    def make(self, count: int, sample: torch.Tensor) -> Features | None:
        """Room for the features of `count` pictures like those in `sample`; None where there is not enough."""
        needed = sample[0].numel() * 4 * count
        if needed > self._left:
            return None
        try:
            features = Features(self._folder, count, sample)
        except OSError:  # the disk is fuller than it was
            self._left = 0
            return None
        self._left -= needed
        return features

    def keep(self, cut: int, view: int | str, features: Features) -> None:
        """Name complete features; half-filled ones are never found."""
        self._stored[cut, view] = features

    def drop_all_but(self, cuts: set[int]) -> None:
        """Free what belongs to cuts that are not needed any more."""
        for key in [key for key in self._stored if key[0] not in cuts]:
            self._left += self._stored.pop(key).size_bytes


class FrozenPart:
    """The network of a run, cut in each epoch behind what is frozen then, and the features made before the cut.

    In epoch e the pictures are augmented as in epoch 1 + (e - 1) % views, so that features can be used again; with as
    many views as epochs training is what it would be without any of this.
    """

    def __init__(self, network: nn.Module, backbone: str, plan: Sequence[set[str]], folder: Path, views: int):
        """`plan`: the parts that train in each epoch; `views` 0: everything is computed anew in every epoch.

        Only cuts behind which nothing is frozen any more may be reached earlier than planned.
        """
        chain = Chain(network, backbone)
        self._network, self._chain, self._views = network, chain, views
        self._plan = [chain.cut(training) for training in plan]
        self._cuts = sorted(set(self._plan) - {WHOLE})
        self._pieces = chain.pieces(self._cuts) if self._cuts else []
        self._folded: list[
            Folded
        ] = []  # of the frozen ones, made when they are needed: their weights are loaded by then
        self._store = FeatureStore(folder) if self._cuts and views else None
        self.place, self._number = WHOLE, 0
        self._tried: set[tuple[int, int | str]] = set()
        self.passes = 0  # of all training pictures through the frozen part

    def begin(self, epoch: int, training: set[str]) -> None:
        """Cut the network as `epoch`, in which `training` trains, wants it."""
        self.place = self._chain.cut(training)
        self._number = self._cuts.index(self.place) + 1 if self.place != WHOLE else 0
        del self._folded[self._number :]
        if self._store:
            self._store.drop_all_but({self.place, *self._plan[epoch:]})

    def view(self, epoch: int) -> int:
        """The epoch whose augmentation is used in `epoch`, both from 1."""
        return 1 + (epoch - 1) % self._views if self._store else epoch

    def before(self, batch: torch.Tensor) -> torch.Tensor:
        """Pictures as the part that trains takes them."""
        if self.place == WHOLE:
            return batch
        with torch.no_grad():
            return run_pieces(self._frozen_pieces(), batch)

    def after(self, batch: torch.Tensor) -> torch.Tensor:
        """(N, classes) scores from what `before` gave."""
        return self._network(batch) if self.place == WHOLE else run_pieces(self._pieces[self._number :], batch)

    def features(self, view: int | str, count: int, inputs: Callable[[], Iterator]) -> Features | None:
        """The features of `count` pictures at the cut, made from the batches (rows, pictures) that `inputs()` gives.

        None where they are used only once or don't fit: use `before` then. `view`: an epoch, or VALIDATION.
        """
        if self.place == WHOLE or self._store is None:
            return None
        known = self._store.get(self.place, view)
        # Decided by the plan alone, so that a resumed run decides alike.
        used = [
            cut for epoch, cut in enumerate(self._plan, 1) if cut != WHOLE and view in (self.view(epoch), VALIDATION)
        ]
        if known is None and len(used) > 1 and (self.place, view) not in self._tried:
            self._tried.add((self.place, view))
            self._make(view, count, list(dict.fromkeys(used)), inputs())
            known = self._store.get(self.place, view)
        return known

    def _frozen_pieces(self) -> list[Folded]:
        for piece in self._pieces[len(self._folded) : self._number]:
            self._folded.append(Folded(piece))
        return self._folded

    @torch.inference_mode()
    def _make(self, view: int | str, count: int, wanted: list[int], inputs: Iterator) -> None:
        """One pass, which keeps the features at every cut that wants this view; room is for the first wanted first."""
        made: dict[int, Features | None] = {}
        for rows, value in inputs:
            values = {}
            for cut, piece in zip(self._cuts, self._frozen_pieces(), strict=False):
                value = piece(value)
                values[cut] = value
            for cut in [cut for cut in wanted if cut in values]:
                if cut not in made:
                    made[cut] = self._store.make(count, values[cut])
                if made[cut]:
                    made[cut].write(rows, values[cut])
            if not any(made.values()):  # nothing fits: the pass would be for nothing
                return
        self.passes += view != VALIDATION
        for cut, features in made.items():
            if features:
                self._store.keep(cut, view, features)
