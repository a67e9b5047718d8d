"""Loss and accuracy of a network on a split, in large batches under inference mode."""

from collections.abc import Callable, Iterator

import numpy as np
import torch
from torch import nn

from tl.train.batches import to_input

# Pictures a step at 64 px; fewer with a higher resolution so that activations stay small. A GPU needs more to do.
BATCH = {"cpu": 256, "cuda": 1024, "mps": 256}


def at_once(resolution: int, device: torch.device) -> int:
    """How many pictures go through a network in one step."""
    return max(16, BATCH[device.type] * 64 * 64 // resolution**2)


def slices(pictures: int, batch: int) -> Iterator[slice]:
    """The rows of each step through `pictures` pictures, `batch` at once."""
    for start in range(0, pictures, batch):
        yield slice(start, min(start + batch, pictures))


def plain_inputs(pixels: np.ndarray, resolution: int, device: torch.device) -> Callable[[slice], torch.Tensor]:
    """Rows of (n, R, R, 3) uint8 pixels -> what a network takes, without augmentation."""
    return lambda rows: to_input(np.array(pixels[rows]), resolution, device)  # a read-only map, copied


@torch.inference_mode()
def evaluate(
    network: Callable[[torch.Tensor], torch.Tensor],
    inputs: Callable[[slice], torch.Tensor],
    labels: np.ndarray,
    batch: int,
    tick: Callable[[int], None] | None = None,
) -> tuple[float, float]:
    """Mean cross-entropy and accuracy (0..1) of `network`, which is in evaluation mode; NaN for no pictures.

    `inputs(rows)` gives what the network takes for a slice of the pictures, `labels` (n,) their classes, `batch`
    says how many go at once; `tick(pictures done)` is called after each step.
    """
    loss, right = 0.0, 0
    for rows in slices(len(labels), batch):
        given = inputs(rows)
        target = torch.from_numpy(np.array(labels[rows])).to(given.device)
        scores = network(given).float()
        loss += nn.functional.cross_entropy(scores, target, reduction="sum").item()
        right += (scores.argmax(1) == target).sum().item()
        if tick:
            tick(rows.stop)
    return (loss / len(labels), right / len(labels)) if len(labels) else (float("nan"), float("nan"))
