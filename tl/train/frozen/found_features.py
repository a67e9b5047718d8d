"""What the home's cache has of the features that a run wants: parts of files that this or another run has put there."""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn

from tl.store.frozen_features import Block, FeatureCache, family
from tl.train.frozen.kept_features import FrozenOutputs


@dataclass(frozen=True)
class Wanted:
    """Pictures whose features are wanted.

    `inputs(rows)` gives batches (rows, pictures) of those `rows`, a batch perhaps filled up beyond them; None: of all,
    and rows of any kind.
    """

    count: int
    inputs: Callable[[np.ndarray | None], Iterator[tuple[np.ndarray, torch.Tensor]]]
    places: np.ndarray  # (count,) in the data set
    facts: tuple[object, ...] | None = None  # that decide the features besides the network; None: nobody else's


@dataclass(frozen=True)
class CachedPart:
    """What a file of the cache holds of the wanted pictures."""

    rows: np.ndarray  # of the wanted pictures
    theirs: np.ndarray  # where they are in the block
    block: Block


class FoundFeatures:
    """Parts of files by cut, for the wanted pictures."""

    def __init__(self, count: int, parts: dict[int, list[CachedPart]]):
        self.parts, self.missing = parts, np.ones(count, bool)  # (count,): what is missing at one of the cuts at least
        if parts:
            self.missing = ~np.logical_and.reduce([self._covered(some) for some in parts.values()])

    @property
    def spared_seconds(self) -> float:
        """What computing once took that need not be computed now, at the cut where that is the most."""
        return max((sum(self._seconds(part) for part in some) for some in self.parts.values()), default=0.0)

    def as_they_lie(self) -> dict[int, FrozenOutputs]:
        """By cut, a file of the cache for what it is; {} unless each holds just what is wanted, in its order."""
        count = len(self.missing)
        for some in self.parts.values():
            if len(some) != 1 or not len(some[0].block.places) == len(some[0].rows) == count:
                return {}
            if not np.array_equal(some[0].rows, some[0].theirs):
                return {}
        return {cut: FrozenOutputs.of(part.block.values) for cut, (part,) in self.parts.items()}

    def _covered(self, parts: list[CachedPart]) -> np.ndarray:
        found = np.zeros(len(self.missing), bool)
        for part in parts:
            found[part.rows] = True
        return found

    def _seconds(self, part: CachedPart) -> float:
        return part.block.seconds * float((~self.missing[part.rows]).sum()) / len(part.block.places)


class Shelf:
    """The home's cache, as the frozen `pieces` of a network see it: cut after each of them."""

    def __init__(self, cache: FeatureCache, backbone: str, cuts: Sequence[int]):
        self._cache, self._backbone, self._cuts = cache, backbone, cuts
        self._hashes: list[str] = []  # of the weights up to each cut

    def find(self, cuts: Sequence[int], wanted: Wanted, pieces: Sequence[nn.Module]) -> FoundFeatures:
        """What there is of the `wanted` pictures at these cuts; `pieces`: those that are frozen now."""
        self._know(pieces)
        parts = {cut: self._parts(cut, wanted) for cut in cuts}
        return FoundFeatures(wanted.count, parts)

    def keep(self, cut: int, wanted: Wanted, rows: np.ndarray, features: FrozenOutputs, seconds: float) -> None:
        """Put what was computed of the wanted pictures where others find it."""
        block = Block(wanted.places[rows], features.stored, seconds)
        self._cache.keep(self._family(cut, wanted), block, rows)

    def _parts(self, cut: int, wanted: Wanted) -> list[CachedPart]:
        found, left = [], np.ones(wanted.count, bool)
        for block in self._cache.blocks(self._family(cut, wanted)):
            rows = np.flatnonzero(left & np.isin(wanted.places, block.places))
            if len(rows):
                left[rows] = False
                order = np.argsort(block.places)
                theirs = order[np.searchsorted(block.places, wanted.places[rows], sorter=order)]
                found.append(CachedPart(rows, theirs, block))
        return found

    def _family(self, cut: int, wanted: Wanted) -> str:
        return family(self._backbone, cut, self._hashes[self._cuts.index(cut)], wanted.facts)

    def _know(self, pieces: Sequence[nn.Module]) -> None:
        """Hash the weights once: those of a part that is frozen now were frozen from the start."""
        if len(self._hashes) >= len(pieces):
            return
        so_far = hashlib.sha256()
        self._hashes = []
        for piece in pieces:
            for name, tensor in piece.state_dict().items():
                so_far.update(name.encode())
                so_far.update(tensor.cpu().contiguous().numpy().tobytes())
            self._hashes.append(so_far.hexdigest())
