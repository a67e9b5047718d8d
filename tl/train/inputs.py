"""What the network of a run is fed: training pictures in an epoch's order and augmentation, and every split as it is."""

import hashlib
from collections.abc import Callable, Iterator
from functools import cached_property
from typing import Any

import numpy as np
import torch

from tl.backbones import Input
from tl.config import RunConfig
from tl.config.training import DATASET, TRIVIAL
from tl.store.features import fingerprint_of
from tl.store.two_sets import HIDDEN, Pictures
from tl.strategies import STRATEGIES
from tl.train.balance import Balance
from tl.train.batches import (
    BESIDE_STREAM,
    SMALLEST_AREA,
    going_round,
    merged_batches,
    training_batches,
    training_inputs,
    view_blocks,
)
from tl.train.devices.ranks import ALONE, Ranks
from tl.train.evaluate import plain_inputs, slices
from tl.train.frozen import TRAIN, VALIDATION
from tl.train.frozen.found_features import Wanted
from tl.train.hardware.device import arithmetic
from tl.train.resident import Resident, resident

# Pictures a step where features are computed that runs have in common: always so many, the last step filled up. On a
# CPU larger steps are no faster.
BLOCK = {"cpu": 64, "cuda": 256}


class Inputs:
    """The pictures of a `store` as the network of a run takes them; `expects`: how they are normalised, `ranks`: who takes
    which of a batch."""

    def __init__(
        self,
        config: RunConfig,
        store: Pictures,
        device: torch.device,
        expects: Input,
        balance: Balance,
        ranks: Ranks = ALONE,
    ):
        self._config, self._store, self._device, self._expects, self._balance = config, store, device, expects, balance
        self._ranks = ranks
        self.pixels = resident(store.pixels(TRAIN, config.samples), device)
        self.labels = store.labels_of(TRAIN, config.samples)
        self._validation: np.ndarray | Resident | None = None
        self._trivial = config.augmentation and config.augment == TRIVIAL
        beside = store.beside if STRATEGIES[config.arm.strategy].beside else None
        self._beside = None if beside is None else resident(beside.pixels, device)

    @cached_property
    def _fingerprints(self) -> dict[str, str | None]:
        return {split: fingerprint_of(self._store.of(split).folder) for split in self._store.sizes}

    @property
    def named(self) -> bool:
        """Whether the pictures have a name by which other runs find what was made of them."""
        return all(self._fingerprints.values())

    @property
    def per_epoch(self) -> int:
        """Pictures that go through the network in an epoch's training."""
        return len(self.pixels) * (1 if self._beside is None else 2)

    def labels_of(self, split: str) -> np.ndarray:
        """(N,) int64 classes of a split's pictures; of training, of the sample."""
        return self.labels if split == TRAIN else self._store.labels_of(split)

    def plain(self, split: str) -> Callable[[slice], torch.Tensor]:
        """Rows of a split -> what the network takes, without augmentation."""
        return plain_inputs(self._pictures_of(split), self._config.resolution, self._device, self._expects)

    def batches(self, view: int) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        """Shuffled (input, label) batches of training pictures as a view shows them; on several devices, shares of them.

        Where there are pictures of a target beside, as many of them follow in each batch, and their labels where they are
        known. One batch: BatchNorm normalises both by what they have in common, and a step costs one pass.
        """
        own = training_batches(self.pixels, self.labels, share=self._ranks.share, **self._stream(view))
        beside = self._store.beside
        if beside is None or self._beside is None:
            return own
        theirs = training_batches(self._beside, beside.labels, **self._stream(view, beside=True))
        return _joined_batches(own, theirs, labelled=bool((beside.labels != HIDDEN).all()))

    def of_target(self, at_once: int, tick: Callable[[int], None]) -> Iterator[torch.Tensor]:
        """The target's training pictures as the network takes them, without augmentation, in steps of about the same size of
        `at_once` at most; `tick(pictures done)` is called after each."""
        assert self._store.beside is not None, "this strategy has none of the target"
        pixels = self._store.beside.pixels
        given = plain_inputs(pixels, self._config.resolution, self._device, self._expects)
        steps = -(-len(pixels) // at_once)
        for step in range(steps):
            rows = slice(step * len(pixels) // steps, (step + 1) * len(pixels) // steps)
            yield given(rows)
            tick(rows.stop)

    def wanted(self, view: int | str, at_once: int, common: bool, tick: Callable[[], None]) -> Wanted:
        """The pictures of a view, or of a split, for features to be made of them: `at_once` in a step.

        `common`: for other runs, too; `tick` is called after each step.
        """
        split = view if isinstance(view, str) else TRAIN
        samples = self._config.samples if split == TRAIN else None
        pixels, places = self._store.pixels(split, samples), self._store.pictures_of(split, samples)
        shown = view if isinstance(view, int) and self._config.augmentation else None
        own = shown is not None and self._config.views_by != DATASET  # crops of this seed: all of them, or none
        resolution, device, expects = self._config.resolution, self._device, self._expects
        about: Any = {"resolution": resolution, "block": min(BLOCK[device.type], at_once), "device": device}

        def inputs(chosen: np.ndarray | None) -> Iterator[tuple[np.ndarray, torch.Tensor]]:
            if chosen is not None and not own:
                yield from view_blocks(pixels, places, chosen, shown, expects=expects, trivial=self._trivial, **about)
            elif isinstance(view, int):
                yield from merged_batches(training_inputs(self.pixels, **self._stream(view) | {"drawn": None}), at_once)
            else:
                given = plain_inputs(pixels, resolution, device, expects)
                for step in slices(len(pixels), at_once):
                    yield np.arange(len(pixels))[step], given(step)

        def ticking(chosen: np.ndarray | None) -> Iterator[tuple[np.ndarray, torch.Tensor]]:
            for rows, batch in inputs(chosen):
                yield rows, batch
                tick()

        facts = self._facts(shown, at_once, split) if common else None
        if facts and own:  # every arm of the seed shows the same pictures in the same crops
            facts += (self._config.seed, self._config.batch_size, hashlib.sha256(places.tobytes()).hexdigest())
        return Wanted(len(pixels), ticking, places, facts)

    def _facts(self, shown: int | None, at_once: int, split: str) -> tuple[object, ...]:
        """What decides the features of a picture in a view, besides the network."""
        config = self._config
        sides = (self._store.of(split).resolution, config.resolution, at_once)
        normalised = (self._expects.mean, self._expects.std)
        view = f"{shown} {TRIVIAL}" if shown is not None and self._trivial else shown
        computed = (config.precision, config.threads, *arithmetic(self._device))
        return (self._fingerprints[split], normalised, *sides, *computed, view)

    def _pictures_of(self, split: str) -> np.ndarray | Resident:
        """On the GPU where there is room; validation, which comes again and again, stays there."""
        if split == TRAIN:
            return self.pixels
        if split != VALIDATION:
            return self._store.pixels(split)
        if self._validation is None:
            self._validation = resident(self._store.pixels(split), self._device)
        return self._validation

    def _stream(self, view: int, beside: bool = False) -> dict[str, Any]:
        """What makes the pictures of a view: order and augmentation; of those `beside`, as many, which go round."""
        config = self._config
        drawn = self._balance.drawn(view)
        if beside and self._beside is not None:
            rng = np.random.default_rng([BESIDE_STREAM, config.seed, view])
            drawn = going_round(len(self._beside), len(self.pixels), rng)
        return {
            "resolution": config.resolution,
            "batch_size": config.batch_size,
            "seed": config.seed,
            "epoch": view,
            "begins": (BESIDE_STREAM, 1) if beside else (),
            "device": self._device,
            "expects": self._expects,
            "smallest_area": SMALLEST_AREA if config.augmentation else None,
            "trivial": self._trivial,
            "drawn": drawn,
        }


def _joined_batches(
    own: Iterator[tuple[torch.Tensor, torch.Tensor]],
    beside: Iterator[tuple[torch.Tensor, torch.Tensor]],
    labelled: bool,
) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    """Two batches as one."""
    for (batch, labels), (more, theirs) in zip(own, beside, strict=True):
        yield torch.cat([batch, more]), torch.cat([labels, theirs]) if labelled else labels
