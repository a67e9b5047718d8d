"""Loss and accuracy of a network on a split, in large batches under inference mode."""

import numpy as np
import torch
from torch import nn

from tl.train.batches import to_input

BATCH = 256  # pictures a step; shrinks with the resolution so that activations stay small


@torch.inference_mode()
def evaluate(
    network: nn.Module, pixels: np.ndarray, labels: np.ndarray, resolution: int, device: torch.device, tick=None
) -> tuple[float, float]:
    """Mean cross-entropy and accuracy (0..1) on (n, R, R, 3) uint8 pixels; NaN for no pictures.

    `tick(pictures done)` is called after each step.
    """
    network.eval()
    step = max(16, BATCH * 64 * 64 // resolution**2)
    loss, right = 0.0, 0
    for start in range(0, len(pixels), step):
        batch = to_input(np.array(pixels[start : start + step]), resolution, device)  # a read-only map, copied
        target = torch.from_numpy(np.array(labels[start : start + step])).to(device)
        scores = network(batch)
        loss += nn.functional.cross_entropy(scores, target, reduction="sum").item()
        right += (scores.argmax(1) == target).sum().item()
        if tick:
            tick(start + len(target))
    return (loss / len(pixels), right / len(pixels)) if len(pixels) else (float("nan"), float("nan"))
