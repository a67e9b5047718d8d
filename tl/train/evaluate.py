"""What a network answers on a split, in large batches under inference mode, and what follows from it."""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, fields

import numpy as np
import torch
from torch import nn

from tl import machine
from tl.backbones import Input
from tl.measures import MEASURES, accuracy, balanced_accuracy, balanced_mean, standard_error
from tl.store.predictions import Predictions
from tl.store.two_sets import HIDDEN, Pictures
from tl.train.batches import to_input
from tl.train.devices.ranks import Ranks
from tl.train.resident import Resident, sent

# Pictures a step at 64 px; fewer with a higher resolution so that activations stay small. A GPU needs more to do. On the
# CPU a quarter where memory is short: 256 of them take 300 MB, and are no faster there.
BATCH = {"cpu": 256, "cuda": 1024}
SHORT_BYTES, SHORT_BATCH = 3e9, 64


@dataclass(frozen=True)
class Evaluation:
    """What a network answered on n pictures of C classes. Measures of no pictures, or of none with a label, are NaN."""

    labels: np.ndarray  # (n,) int64, HIDDEN where there is none: of all or of none
    losses: np.ndarray  # (n,) float64, cross-entropy; NaN where there is no label
    predicted: np.ndarray  # (n,) int64
    probabilities: np.ndarray  # (n, C) float16

    @property
    def loss(self) -> float:
        """Mean cross-entropy."""
        return float(self.losses.mean()) if len(self.losses) else math.nan

    @property
    def accuracy(self) -> float:
        """Share of right answers, 0..1."""
        return accuracy(*self._answers) if self._judged else math.nan

    def judged(self, balanced: bool) -> tuple[float, float, float]:
        """What best epoch and early stopping go by: loss, its standard error, accuracy; `balanced`: each class alike."""
        if not balanced:
            return self.loss, standard_error(self.losses), self.accuracy
        classes = self.probabilities.shape[1]
        return *balanced_mean(self.losses, self.labels, classes), balanced_accuracy(*self._answers)

    def row(self, prefix: str, errors: bool = False) -> dict[str, float | None]:
        """The measures under the names they have in metrics and result, None where there is none."""
        if not self._judged:
            return {f"{prefix}_{name}": None for name in ("loss", *MEASURES)}
        found = {"loss": self.loss} | {name: measure(*self._answers) for name, measure in MEASURES.items()}
        if errors:
            found |= {
                "loss_error": standard_error(self.losses),
                "accuracy_error": standard_error((self.labels == self.predicted).astype(np.float64)),
            }
        return {f"{prefix}_{name}": value if math.isfinite(value) else None for name, value in found.items()}

    def predictions(self, store: Pictures, split: str) -> Predictions:
        """What is kept of it, with the places of the pictures, which are those of `split`."""
        return Predictions(
            picture=store.pictures_of(split),
            label=self.labels,
            predicted=self.predicted,
            probabilities=self.probabilities,
            group=store.groups_of(split),
        )

    @property
    def _judged(self) -> bool:
        """Whether it is known what is right."""
        return bool(len(self.labels)) and bool((self.labels != HIDDEN).all())

    @property
    def _answers(self) -> tuple[np.ndarray, np.ndarray, int]:
        return self.labels, self.predicted, self.probabilities.shape[1]


def concatenated(parts: Sequence[Evaluation]) -> Evaluation:
    """What was answered on pictures that are in several parts, one after the other."""
    some = [part for part in parts if len(part.labels)] or parts[:1]
    return Evaluation(*(np.concatenate([getattr(part, entry.name) for part in some]) for entry in fields(Evaluation)))


def at_once(resolution: int, device: torch.device) -> int:
    """How many pictures go through a network in one step; by what memory there is in all, so that it stays the same."""
    short = device.type == "cpu" and machine.total_memory() < SHORT_BYTES
    at_64, least = (SHORT_BATCH, 4) if short else (BATCH[device.type], 16)
    return max(least, at_64 * 64 * 64 // resolution**2)


def slices(pictures: int, batch: int) -> Iterator[slice]:
    """The rows of each step through `pictures` pictures, `batch` at once."""
    for start in range(0, pictures, batch):
        yield slice(start, min(start + batch, pictures))


def plain_inputs(
    pixels: np.ndarray | Resident, resolution: int, device: torch.device, expects: Input
) -> Callable[[slice], torch.Tensor]:
    """Rows of (n, R, R, 3) uint8 pixels -> what a network takes, without augmentation."""

    def inputs(rows: slice) -> torch.Tensor:
        some = pixels[rows]
        own = np.array(some) if isinstance(some, np.ndarray) else some  # of a map, a copy
        return to_input(own, resolution, device, expects)

    return inputs


@torch.inference_mode()
def evaluate(
    network: Callable[[torch.Tensor], torch.Tensor],
    inputs: Callable[[slice], torch.Tensor],
    labels: np.ndarray,
    batch: int,
    tick: Callable[[int], None] | None = None,
) -> Evaluation:
    """What `network`, which is in evaluation mode, answers.

    `inputs(rows)` gives what the network takes for a slice of the pictures, `labels` (n,) their classes, `batch`
    says how many go at once; `tick(pictures done)` is called after each step.
    """
    found = []
    for rows in slices(len(labels), batch):
        given = inputs(rows)
        target = sent(np.array(labels[rows]), given.device)
        scores = network(given).float()
        losses = nn.functional.cross_entropy(scores, target, reduction="none", ignore_index=HIDDEN)
        losses = losses.masked_fill(target == HIDDEN, math.nan)
        found.append((losses, scores.argmax(1), scores.softmax(1).half()))
        if tick:
            tick(rows.stop)
    if not found:
        return Evaluation(np.empty(0, np.int64), np.empty(0), np.empty(0, np.int64), np.empty((0, 0), np.float16))
    with torch.autocast(found[0][0].device.type, enabled=False):  # a CPU's refuses half precision
        losses, predicted, probabilities = (torch.cat(each) for each in zip(*found, strict=True))
    answers = (each.cpu().numpy() for each in (losses.double(), predicted, probabilities))  # a GPU is waited for
    return Evaluation(np.array(labels), *answers)


def evaluate_together(
    ranks: Ranks,
    network: Callable[[torch.Tensor], torch.Tensor],
    inputs: Callable[[slice], torch.Tensor],
    labels: np.ndarray,
    batch: int,
    tick: Callable[[int], None],
) -> Evaluation:
    """As `evaluate`, by all devices: what each answers on its part, put together."""
    if ranks.count == 1:
        return evaluate(network, inputs, labels, batch, tick)
    part = ranks.part(len(labels))
    own = evaluate(
        network,
        lambda rows: inputs(slice(part.start + rows.start, part.start + rows.stop)),
        labels[part],
        batch,
        lambda done: tick(min(len(labels), done * ranks.count)),
    )
    return concatenated(ranks.gathered(own))
