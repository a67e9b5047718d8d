"""A network that learns: pictures, augmentation, the frozen part and its features, training steps, evaluation."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from itertools import chain, count
from pathlib import Path
from typing import Any

import numpy as np
import torch

from tl.backbones import BACKBONES, Input
from tl.config import RunConfig
from tl.phases import Phase, phase_at
from tl.store.frozen_features import FeatureCache
from tl.store.home import Run
from tl.store.two_sets import Pictures
from tl.train import flops
from tl.train.balance import Balance
from tl.train.batches import epoch_rows
from tl.train.checkpoints.moving import moving_part
from tl.train.devices.ranks import ALONE, Ranks
from tl.train.evaluate import Evaluation, at_once, evaluate_together
from tl.train.frozen import TRAIN, FrozenPart
from tl.train.frozen.folded import Folded
from tl.train.frozen.kept_features import FrozenOutputs
from tl.train.frozen.pieces import WHOLE
from tl.train.hardware import threads
from tl.train.hardware.precision import use_precision
from tl.train.inputs import Inputs
from tl.train.methods import method_of
from tl.train.network import Stages, load_pretrained, new_network
from tl.train.optimizer import make_optimizer, set_rates
from tl.train.rate_test import find_rate
from tl.train.resident import Resident, sent

MOST_PARTS = 8  # of a batch: halved three times


class Learner:
    """The network of a run with all that it takes to train and evaluate it.

    `weights` is the file of the pretrained weights (None: random ones), `expects` how pictures are normalised, `folder` a place for kept features, `tick` is
    called after each piece of work and may raise to end it. `ranks`: the processes that compute the run; of each batch this
    one has its share.
    """

    def __init__(
        self,
        config: RunConfig,
        store: Pictures,
        device: torch.device,
        weights: Path | None,
        expects: Input,
        folder: Path,
        tick: Callable[[], None],
        ranks: Ranks = ALONE,
    ):
        self.config, self.device, self._tick, self._ranks = config, device, tick, ranks
        labels = store.labels_of(TRAIN, config.samples)
        self._balance = Balance(config.balance, labels, len(store.classes), config.seed, device)
        self.inputs = Inputs(config, store, device, expects, self._balance, ranks)
        self.pixels, self.labels = self.inputs.pixels, self.inputs.labels
        torch.manual_seed(config.seed)
        self.network = new_network(config.backbone, len(store.classes), config.resolution, device)
        if weights:
            load_pretrained(self.network, config.backbone, weights)
        self.method = method_of(config)
        self.method.prepare(self.network)
        self.stages = Stages(
            self.network,
            config.backbone,
            owner=self.method.owner,
            trains=self.method.trains,
            statistics=self.method.statistics,
        )
        if device.type == "cpu":
            threads.tick_within(self.stages.modules)
        self.method.start(self.stages)
        self.optimizer = make_optimizer(self.stages, config, self.method)
        self.moving = moving_part(self.network, config.backbone, config.phases, self.method)
        plan = [set(phase_at(config.phases, epoch).rates) for epoch in range(1, config.max_epochs + 1)]
        self._common = self.inputs.named  # its features are those of other runs, too
        self._at_once = at_once(config.resolution, device)  # where nothing trains
        cache = FeatureCache(Run(folder).home)
        views = config.views_of(config.arm)
        self.frozen = FrozenPart(self.network, config.backbone, plan, folder, views, cache, ranks)
        self._asynchronous = device.type == "cuda"  # computes while Python goes on, so nobody asks it for a number
        self.parts = 1  # a batch goes through the network in so many; more where memory was not enough
        self._folded: Folded | None = None
        self._counted: dict[str, tuple[int, int]] = {}

    @property
    def divides(self) -> bool:
        """Whether a batch may go through the network in parts: not where BatchNorm normalises by all devices' shares."""
        return not self._ranks.sync

    def spare_memory(self) -> None:
        """Let half as many pictures go through the network at once where nothing trains; before the first of them do."""
        self._at_once = max(1, self._at_once // 2)

    def begin(self, epoch: int, phase: Phase) -> None:
        """`epoch` comes, in which the parts that `phase` names train."""
        self.stages.apply(phase)
        self.method.begin()
        self.frozen.begin(epoch, set(phase.rates))
        own = self._ranks.number << 48  # each device draws its own dropout
        torch.manual_seed(self.config.seed * 100_003 + epoch + own)  # so that a resumed run draws the same
        self.stages.train_mode()

    def batches(self, epoch: int) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        """(what the part that trains takes, labels) of this device's share of each batch: from kept features where there are
        some."""
        view = self.frozen.view(epoch)
        features = self._features(view)
        if features is None:
            yield from self._streamed(epoch)
            return
        rng = np.random.default_rng([self.config.seed, epoch])
        for batch in epoch_rows(len(self.pixels), self.config.batch_size, rng, self._balance.drawn(epoch)):
            rows = batch[self._ranks.share(len(batch))]
            yield features.read(rows, self.device), sent(self.labels[rows], self.device)

    def step(
        self, batch: torch.Tensor, target: torch.Tensor, phase: Phase, rate: float, done: float = 0.0
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Train on a batch of `batches`; gives loss, () float64, and scores of what has labels. Nothing moves where it is
        not finite. On several devices the loss is that of the whole batch, and so are the gradients. `done`: which share of
        the epochs it may take is behind, 0..1.

        Where the GPU's memory is not enough, the pictures that lie there give way; then the batch goes through the
        network in twice as many parts, from there on.
        """
        set_rates(self.optimizer, phase, rate)
        self.method.done = done
        while True:
            try:
                loss, scores = self._gradients(batch, target)
                break
            except torch.OutOfMemoryError:
                if not self.divides:  # the others wait for this one's part of BatchNorm's sums
                    raise
                self.optimizer.zero_grad(set_to_none=True)
                if not (isinstance(self.pixels, Resident) and self.pixels.release()):
                    if self.parts == MOST_PARTS:
                        raise
                    self.parts *= 2
            torch.cuda.empty_cache()  # only now: the error held on to what was computed
        loss = self._ranks.mean(loss, len(target))
        if self._asynchronous:
            # The fused optimizers ask this themselves, on the GPU, and leave everything as it is where it is 1.
            self.optimizer.found_inf = (~loss.isfinite()).float()  # type: ignore[attr-defined]  # unknown to stubs
        elif not loss.isfinite():
            return loss, scores
        self._ranks.add_gradients(self.network.parameters())
        self.method.after_backward()
        self.optimizer.step()
        self.method.after_step()
        return loss, scores

    def _gradients(self, batch: torch.Tensor, target: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Mean loss, () float64, and scores of what has labels in a batch; its gradients, summed up over its parts.

        BatchNorm normalises each part by itself: the one thing that is not as for the whole batch. Pictures without labels
        come last in it, and in each part.
        """
        self.optimizer.zero_grad(set_to_none=True)
        total, scores = torch.zeros((), dtype=torch.float64, device=self.device if self._asynchronous else "cpu"), []
        parts = max(1, min(self.parts, len(target) // 2))  # BatchNorm can't train on a single picture
        parts, mine = (parts if self.divides else 1), self._ranks.of_mean(len(target))
        labelled, others = (each.tensor_split(parts) for each in (batch[: len(target)], batch[len(target) :]))
        for some, more, classes in zip(labelled, others, target.tensor_split(parts), strict=True):
            with self._precision(), self._ranks.training():
                found = self.frozen.after(batch if parts == 1 else torch.cat([some, more]) if len(more) else some)
            found = found.float()
            loss = self.method.loss(found, classes, self._balance.loss)
            share = len(classes) / len(target)
            total += loss.detach().to(total.device).double() * share
            scores.append(found[: len(classes)].detach())
            if not self._asynchronous and self._ranks.count == 1 and not total.isfinite():
                break
            (loss if share * mine == 1 else loss * (share * mine)).backward()
        return total, torch.cat(scores) if len(scores) > 1 else scores[0]

    def fit(self, tick: Callable[[int], None]) -> Evaluation:
        """Set the head by what reaches it of each training picture as it is; gives what it then answers on them.

        `tick(pictures done)` is called after each step of either pass.
        """
        head, done = self.network.get_submodule(BACKBONES[self.config.backbone].head), 0
        assert isinstance(head, torch.nn.Linear)

        def look(_: torch.nn.Module, inputs: tuple[torch.Tensor]) -> None:
            nonlocal done
            first, done = done, done + len(inputs[0])
            self.method.see(inputs[0], torch.from_numpy(np.array(self.labels[first:done])))

        hook = head.register_forward_pre_hook(look)
        try:
            self.evaluate(TRAIN, tick)
        finally:
            hook.remove()
        self.method.fit(head)
        return self.evaluate(TRAIN, tick)

    def batch_sums(self, loss: torch.Tensor, scores: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        """(3,): what a batch, of which `step` gave loss and scores, adds to an epoch's losses, right answers, pictures.

        However classes are balanced, the means are those of the training pictures as they are: comparable throughout.
        """
        return self._ranks.counted(self._balance.batch_sums(loss, scores, target, self.method.adds))

    def adapt(self, tick: Callable[[int], None]) -> str | None:
        """Change the trained network by the target's pictures, see `Method.adapt`; what is to be said of it."""
        with self._precision():
            return self.method.adapt(self.network, self.inputs.of_target(self._at_once, tick))

    def evaluate(self, split: str, tick: Callable[[int], None], whole: bool = False) -> Evaluation:
        """What the network answers on the pictures of a split; `tick(pictures done)` is called after each step.

        From kept features where there are some; of pictures without a name not if `whole`: then a resumed run, which has
        kept none yet, gets the same to the last bit. Each of several devices asks the network about its part of them.
        """
        labels, pictures = self.inputs.labels_of(split), self.inputs.plain(split)
        self.network.eval()
        cut = self.frozen.place != WHOLE and not (whole and not self._common)
        features = self._features(split) if cut else None
        if split == TRAIN and features is None:
            self.frozen.passes += 1
        network: Callable[[torch.Tensor], torch.Tensor] = self.frozen.after
        given = pictures
        with self._precision():
            if features is not None:
                given = lambda rows: features.read(rows, self.device)  # noqa: E731
            elif cut and self._common:
                given = lambda rows: self.frozen.before(pictures(rows))  # noqa: E731
            else:
                network = self._evaluated()
            return evaluate_together(self._ranks, network, given, labels, self._at_once, tick)

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
            pictures += self._ranks.in_batch(len(batch))
            self._tick()
            return loss.item()

        found = find_rate(self.network, self.optimizer, step, batches, self.config.rate_test_batches)
        return *found, pictures * sum(self.flops(phase))

    def flops(self, phase: Phase) -> tuple[int, int]:
        """Per picture in `phase`: of the frozen part's forward pass, of forward and backward pass of the rest."""
        if phase.name not in self._counted:
            config = self.config
            self._counted[phase.name] = flops.count(self.network, config.backbone, config.resolution, self.frozen.place)
        return self._counted[phase.name]

    def _precision(self) -> AbstractContextManager[Any]:
        return use_precision(self.config.precision, self.device)

    def _streamed(self, view: int) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        for batch, target in self.inputs.batches(view):
            with self._precision():
                given = self.frozen.before(batch)
            yield given, target
        self.frozen.passes += 1

    def _features(self, view: int | str) -> FrozenOutputs | None:
        """Of training pictures as a view shows them, or of those of a split."""
        with self._precision():
            return self.frozen.features(view, self.inputs.wanted(view, self._at_once, self._common, self._tick))
