"""What the frozen part of a network makes of the pictures, computed once per augmented view and kept on disk.

The features lie in files without a name in the run's folder: the kernel's page cache holds what memory allows, and
nothing is left of them however the trainer ends. What does not fit is computed again in every epoch. Where views are
those of the data set, others may have computed them before: what the home's cache has is taken from there, and what is
computed is put there (tl.store.frozen_features). What that spares counts with the time it once took. README.md, beside
this file, explains all of it.
"""

import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from torch import nn

from tl.store.frozen_features import FeatureCache
from tl.train.devices.ranks import ALONE, Ranks
from tl.train.frozen.folded import Folded
from tl.train.frozen.found_features import FoundFeatures, Shelf, Wanted
from tl.train.frozen.kept_features import FeatureStore, FrozenOutputs, Room, as_given
from tl.train.frozen.pieces import WHOLE, Chain, run_pieces

# Views besides those of training: that which every epoch uses, that of the end, and training pictures as they are.
VALIDATION, TEST, TRAIN = "validation", "test", "train"


class FrozenPart:
    """The network of a run, cut in each epoch behind what is frozen then, and the features made before the cut.

    In epoch e the pictures are augmented as in epoch 1 + (e - 1) % views, so that features can be used again; with as
    many views as epochs training is what it would be without any of this.
    """

    def __init__(
        self,
        network: nn.Module,
        backbone: str,
        plan: Sequence[set[str]],
        folder: Path,
        views: int,
        cache: FeatureCache | None = None,
        ranks: Ranks = ALONE,
    ):
        """`plan`: the parts that train in each epoch; `views` 0: everything is computed again in every epoch; `ranks`: the
        processes that need the features, of which one makes them.

        Only cuts behind which nothing is frozen any more may be reached earlier than planned.
        """
        chain = Chain(network, backbone)
        self._network, self._chain, self._views = network, chain, views
        self._plan = [chain.cut(training) for training in plan]
        self._cuts = sorted(set(self._plan) - {WHOLE})
        self._pieces = chain.pieces(self._cuts) if self._cuts else []
        self._folded: list[Folded] = []  # of the frozen ones, made when needed: their weights are loaded by then
        self._shelf = Shelf(cache, backbone, self._cuts) if cache else None
        self._ranks = ranks
        self._store = FeatureStore(folder, named=ranks.count > 1) if self._cuts and views else None
        self.place, self._number = WHOLE, 0
        self._tried: set[tuple[int, int | str]] = set()
        self._counted: set[int | str] = set()  # views whose cost is in the metrics
        self.passes = 0.0  # of all training pictures through the frozen part, this run's or another's
        self.reused_seconds = 0.0  # that others' features took, which this run did not have to compute

    def goes_on(self, epochs: int) -> None:
        """After `epochs` epochs: what they took is counted already."""
        if epochs:
            self._counted = {VALIDATION, *(self.view(epoch) for epoch in range(1, epochs + 1))}

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

    def features(self, view: int | str, wanted: Wanted) -> FrozenOutputs | None:
        """The features of the `wanted` pictures at the cut.

        None where they are used only once or don't fit: use `before` then. `view`: an epoch, VALIDATION, TEST or TRAIN.
        """
        if self.place == WHOLE or self._store is None:
            return None
        known = self._store.get(self.place, view)
        # Decided by the plan alone, so that a resumed run decides alike.
        used = [
            cut for epoch, cut in enumerate(self._plan, 1) if cut != WHOLE and view in (self.view(epoch), VALIDATION)
        ]
        if view == TRAIN or (view == TEST and wanted.facts is not None):  # looked at twice; by other runs
            used = [self.place, self.place]
        if known is None and len(used) > 1 and (self.place, view) not in self._tried:
            self._tried.add((self.place, view))
            self._find(view, [cut for cut in dict.fromkeys(used) if cut <= self.place], wanted)
            known = self._store.get(self.place, view)
        return known

    @property
    def _kept(self) -> FeatureStore:
        assert self._store is not None, "nothing is kept"
        return self._store

    def _find(self, view: int | str, cuts: list[int], wanted: Wanted) -> None:
        """Take from the cache what it has, compute the rest and put it there; once, for all processes of the run."""
        made: dict[int, FrozenOutputs] = {}
        found = FoundFeatures(wanted.count, {})

        def work() -> dict[int, tuple[Path, tuple[int, ...]]]:
            nonlocal made, found
            shelf = None if wanted.facts is None else self._shelf
            if shelf:
                found = shelf.find(cuts, wanted, self._pieces[: self._number])
            alone = self._ranks.count == 1  # a file of the cache may be gone when another looks for it
            ready = found.as_they_lie() if alone and not found.missing.any() else {}
            made = ready or self._make(cuts, wanted, found, shelf)
            return {} if alone else {cut: features.place for cut, features in made.items()}

        places = self._ranks.broadcast(work)
        for cut, features in (
            made if self._ranks.first else {cut: FrozenOutputs.opened(*place) for cut, place in places.items()}
        ).items():
            self._kept.keep(cut, view, features)
        self._ranks.wait()
        for features in made.values():
            features.hide()
        if not self._ranks.first or self._kept.get(self.place, view) is None:  # no room
            return
        if view in self._counted:
            passes = float(found.missing.mean())
        else:
            self._counted.add(view)
            self.reused_seconds += found.spared_seconds
            passes = 1.0
        self.passes += passes if isinstance(view, int) or view == TRAIN else 0.0

    def _frozen_pieces(self) -> list[Folded]:
        for piece in self._pieces[len(self._folded) : self._number]:
            self._folded.append(Folded(piece))
        return self._folded

    @torch.inference_mode()
    def _make(
        self, cuts: list[int], wanted: Wanted, found: FoundFeatures, shelf: Shelf | None
    ) -> dict[int, FrozenOutputs]:
        """Features at every one of the `cuts` that there is room for: what was found, and a pass of the rest.

        Room is for the first wanted first.
        """
        room = Room(self._kept, wanted.count)
        for cut, parts in found.parts.items():
            for part in parts:
                if features := room.at(cut, as_given(part.block.values[:1])):
                    features.stored[part.rows] = part.block.values[part.theirs]
        rest, seconds = np.flatnonzero(found.missing), dict.fromkeys(cuts, 0.0)
        began = time.monotonic()
        for rows, batch in wanted.inputs(rest if shelf else None) if len(rest) else ():
            values = self._values(batch, len(rows), began, seconds)
            for cut in cuts:
                if features := room.at(cut, values[cut]):
                    features.write(rows, values[cut])
            if not room.made:  # nothing fits: the pass would be for nothing
                return {}
            began = time.monotonic()
        for cut, features in room.made.items():
            if shelf and len(rest):
                shelf.keep(cut, wanted, rest, features, seconds[cut])
        return room.made

    def _values(
        self, value: torch.Tensor, count: int, began: float, seconds: dict[int, float]
    ) -> dict[int, torch.Tensor]:
        """The first `count` values of a batch at each cut; adds to `seconds` what each took since `began`."""
        values = {}
        for cut, piece in zip(self._cuts, self._frozen_pieces(), strict=False):
            value = piece(value)
            values[cut] = value[:count]
            if value.is_cuda:
                torch.cuda.synchronize()
            if cut in seconds:
                seconds[cut] += time.monotonic() - began
        return values
