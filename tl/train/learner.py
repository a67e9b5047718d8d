"""A network that learns: pictures, augmentation, the frozen part and its features, training steps, evaluation."""

from collections.abc import Callable, Iterator
from itertools import chain, count
from pathlib import Path

import numpy as np
import torch

from tl.config import RunConfig
from tl.store.pictures import PictureStore
from tl.strategies import MEAN_VAR, STRATEGIES, Phase, phase_at
from tl.train import flops
from tl.train.balance import Balance
from tl.train.batches import epoch_rows, joined, training_batches, training_inputs
from tl.train.evaluate import Evaluation, at_once, evaluate, plain_inputs, slices
from tl.train.folded import Folded
from tl.train.frozen import VALIDATION, Features, FrozenPart
from tl.train.network import Stages, load_pretrained, new_network
from tl.train.optimizer import Anchor, make_optimizer, set_rates
from tl.train.precision import use_precision
from tl.train.rate_test import find_rate
from tl.train.resident import Resident, resident, sent

MOST_PARTS = 8  # of a batch: halved three times
SMALLEST_AREA = 0.5  # of a training crop, as a part of the picture's area


class Learner:
    """The network of a run with all that it takes to train and evaluate it.

    `weights` is the file of the pretrained weights (None: random ones), `folder` a place for kept features, `tick` is
    called after each piece of work and may raise to end it.
    """

    def __init__(
        self,
        config: RunConfig,
        store: PictureStore,
        device: torch.device,
        weights: Path | None,
        folder: Path,
        tick: Callable[[], None],
    ):
        self.config, self.store, self.device, self._tick = config, store, device, tick
        self.pixels = resident(store.pixels("train", config.samples), device)
        self.labels = store.labels_of("train", config.samples)
        self._balance = Balance(config.balance, self.labels, len(store.classes), config.seed, device)
        torch.manual_seed(config.seed)
        self.network = new_network(config.backbone, len(store.classes), config.resolution, device)
        strategy = STRATEGIES[config.arm.strategy]
        if weights:
            load_pretrained(self.network, config.backbone, weights)
        self.stages = Stages(self.network, config.backbone)
        if strategy.initialisation == MEAN_VAR:
            self.stages.keep_only_scale()
        self._anchor = Anchor(self.stages, config.arm.anchor) if strategy.anchored else None
        self.optimizer = make_optimizer(self.stages, config)
        plan = [set(phase_at(config.phases, epoch).rates) for epoch in range(1, config.max_epochs + 1)]
        self._frozen = FrozenPart(self.network, config.backbone, plan, folder, config.views_of(config.arm))
        self._asynchronous = device.type == "cuda"  # computes while Python goes on, so nobody asks it for a number
        self._validation: np.ndarray | Resident | None = None
        self.parts = 1  # a batch goes through the network in so many; more where memory was not enough
        self._at_once = at_once(config.resolution, device)  # where nothing trains
        self._folded: Folded | None = None
        self._counted: dict[str, tuple[int, int]] = {}

    def spare_memory(self) -> None:
        """Let half as many pictures go through the network at once where nothing trains; before the first of them do."""
        self._at_once = max(1, self._at_once // 2)

    def begin(self, epoch: int, phase: Phase) -> None:
        """`epoch` comes, in which the parts that `phase` names train."""
        self.stages.apply(phase)
        self._frozen.begin(epoch, set(phase.rates))
        torch.manual_seed(self.config.seed * 100_003 + epoch)  # dropout: so that a resumed run draws the same
        self.stages.train_mode()

    def batches(self, epoch: int) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        """(what the part that trains takes, labels) of each batch: from kept features where there are some."""
        view = self._frozen.view(epoch)
        features = self._features(view, len(self.pixels), lambda: self._large_batches(view))
        if features is None:
            yield from self._streamed(epoch)
            return
        rng = np.random.default_rng([self.config.seed, epoch])
        for rows in epoch_rows(len(self.pixels), self.config.batch_size, rng, self._balance.drawn(epoch)):
            yield features.read(rows, self.device), sent(self.labels[rows], self.device)

    def step(
        self, batch: torch.Tensor, target: torch.Tensor, phase: Phase, rate: float
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Train on a batch of `batches`; gives loss, () float64, and scores. Nothing moves where it is not finite.

        Where the GPU's memory is not enough, the pictures that lie there give way; then the batch goes through the
        network in twice as many parts, from there on.
        """
        set_rates(self.optimizer, phase, rate)
        while True:
            try:
                loss, scores = self._gradients(batch, target)
                break
            except torch.OutOfMemoryError:
                self.optimizer.zero_grad(set_to_none=True)
                if not (isinstance(self.pixels, Resident) and self.pixels.release()):
                    if self.parts == MOST_PARTS:
                        raise
                    self.parts *= 2
            torch.cuda.empty_cache()  # only now: the error held on to what was computed
        if self._asynchronous:
            # The fused optimizers ask this themselves, on the GPU, and leave everything as it is where it is 1.
            self.optimizer.found_inf = (~loss.isfinite()).float()  # type: ignore[attr-defined]
        elif not loss.isfinite():
            return loss, scores
        if self._anchor:
            self._anchor.pull()
        self.optimizer.step()
        return loss, scores

    def _gradients(self, batch: torch.Tensor, target: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Mean loss, () float64, and scores of a batch; its gradients, summed up over its parts.

        BatchNorm normalises each part by itself: the one thing that is not as for the whole batch.
        """
        self.optimizer.zero_grad(set_to_none=True)
        total, scores = torch.zeros((), dtype=torch.float64, device=self.device if self._asynchronous else "cpu"), []
        parts = max(1, min(self.parts, len(batch) // 2))  # BatchNorm can't train on a single picture
        for some, classes in zip(batch.tensor_split(parts), target.tensor_split(parts), strict=True):
            with self._precision():
                found = self._frozen.after(some)
            found = found.float()
            loss = self._balance.loss(found, classes)
            total += loss.detach().to(total.device).double() * (len(some) / len(batch))
            scores.append(found.detach())
            if not self._asynchronous and not total.isfinite():
                break
            (loss if parts == 1 else loss * (len(some) / len(batch))).backward()
        return total, torch.cat(scores) if len(scores) > 1 else scores[0]

    def told(self, loss: torch.Tensor, scores: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        """(3,): what a batch, of which `step` gave loss and scores, adds to an epoch's losses, right answers, pictures.

        However classes are balanced, the means are those of the training pictures as they are: comparable throughout.
        """
        return self._balance.told(loss, scores, target)

    def evaluate(self, split: str, tick: Callable[[int], None], whole: bool = False) -> Evaluation:
        """What the network answers on "validation" or "test"; `tick(pictures done)` is called after each step.

        On "validation" from kept features where there are some, but not if `whole`: then a resumed run, which has kept
        none yet, gets the same to the last bit.
        """
        pixels, labels = self._pictures_of(split), self.store.labels_of(split)
        pictures = plain_inputs(pixels, self.config.resolution, self.device)
        self.network.eval()

        def all_pictures() -> Iterator[tuple[slice, torch.Tensor]]:
            for rows in slices(len(labels), self._at_once):
                yield rows, pictures(rows)

        kept = split == VALIDATION and not whole
        features = self._features(split, len(labels), all_pictures) if kept else None
        with self._precision():
            if features is not None:
                read = lambda rows: features.read(rows, self.device)  # noqa: E731
                return evaluate(self._frozen.after, read, labels, self._at_once, tick)
            return evaluate(self._evaluated(), pictures, labels, self._at_once, tick)

    def _pictures_of(self, split: str) -> np.ndarray | Resident:
        """On the GPU where there is room; validation, which comes again and again, stays there."""
        if split != VALIDATION:
            return self.store.pixels(split)
        if self._validation is None:
            self._validation = resident(self.store.pixels(split), self.device)
        return self._validation

    def _evaluated(self) -> Folded:
        """The network as it is now; it is in evaluation mode."""
        if self._folded is None:
            self._folded = Folded(self.network)
        else:
            self._folded.refresh()
        return self._folded

    def find_rate(self, phase: Phase) -> tuple[float | None, list[dict[str, float]], int]:
        """The range test with what trains in `phase`: rate (None: it shows none) and curve, see `tl.train.rate_test`;
        operations it took.
        """
        self.begin(1, phase)
        batches, pictures = chain.from_iterable(self._streamed(view) for view in count(1)), 0

        def step(rate: float, batch: torch.Tensor, target: torch.Tensor) -> float:
            nonlocal pictures
            loss, _ = self.step(batch, target, phase, rate)
            pictures += len(target)
            self._tick()
            return loss.item()

        found = find_rate(self.network, self.optimizer, step, batches, self.config.rate_test_batches)
        return *found, pictures * sum(self.flops(phase))

    def flops(self, phase: Phase) -> tuple[int, int]:
        """Per picture in `phase`: of the frozen part's forward pass, of forward and backward pass of the rest."""
        if phase.name not in self._counted:
            config = self.config
            self._counted[phase.name] = flops.count(
                self.network, config.backbone, config.resolution, self._frozen.place
            )
        return self._counted[phase.name]

    @property
    def frozen_passes(self) -> int:
        """How often all training pictures went through the frozen part so far."""
        return self._frozen.passes

    def _precision(self):
        return use_precision(self.config.precision, self.device)

    def _stream(self, view: int) -> dict:
        """What makes the pictures of a view: order and augmentation."""
        config = self.config
        return {
            "resolution": config.resolution,
            "batch_size": config.batch_size,
            "seed": config.seed,
            "epoch": view,
            "device": self.device,
            "smallest_area": SMALLEST_AREA if config.augmentation else None,
            "drawn": self._balance.drawn(view),
        }

    def _large_batches(self, view: int) -> Iterator[tuple[np.ndarray, torch.Tensor]]:
        """Each picture once, as a view shows it, in batches that suit a forward pass."""
        return joined(training_inputs(self.pixels, **self._stream(view) | {"drawn": None}), self._at_once)

    def _streamed(self, view: int) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        for batch, target in training_batches(self.pixels, self.labels, **self._stream(view)):
            with self._precision():
                given = self._frozen.before(batch)
            yield given, target
        self._frozen.passes += 1

    def _features(self, view: int | str, pictures: int, inputs: Callable[[], Iterator]) -> Features | None:
        def ticking() -> Iterator:
            for rows, batch in inputs():
                yield rows, batch
                self._tick()

        with self._precision():
            return self._frozen.features(view, pictures, ticking)
