"""Loss and accuracy of a network on a split, in large batches under inference mode."""

from collections.abc import Callable

import numpy as np
import torch
from torch import nn

BATCH = 256  # pictures a step at 64 px; shrinks with the resolution so that activations stay small


def batch_of(resolution: int) -> int:
    """Pictures a step."""
    return max(16, BATCH * 64 * 64 // resolution**2)


@torch.inference_mode()
def evaluate(
    network: Callable[[torch.Tensor], torch.Tensor],
    inputs: Callable[[slice], torch.Tensor],
    labels: np.ndarray,
    batch: int,
    tick: Callable[[int], None] | None = None,
) -> tuple[float, float]:
    """Mean cross-entropy and accuracy (0..1) of `network`, which is in evaluation mode; NaN for no pictures.

    `inputs(rows)` gives what the network takes for a slice of the pictures, `labels` (n,) their classes;
    `tick(pictures done)` is called after each step.
    """
    loss, right = 0.0, 0
    for start in range(0, len(labels), batch):
        rows = slice(start, min(start + batch, len(labels)))
        given = inputs(rows)
        target = torch.from_numpy(np.array(labels[rows])).to(given.device)
        scores = network(given).float()
        loss += nn.functional.cross_entropy(scores, target, reduction="sum").item()
        right += (scores.argmax(1) == target).sum().item()
        if tick:
            tick(rows.stop)
    return (loss / len(labels), right / len(labels)) if len(labels) else (float("nan"), float("nan"))
