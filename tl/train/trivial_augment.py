"""TrivialAugment (Müller and Hutter 2021, arXiv 2103.10158) as torchvision has it: one operation of random strength.

Picture by picture, as each has an operation of its own: what that costs beside crops and flips is in the README.
"""

from collections.abc import Callable, Sequence
from functools import cache

import numpy as np
import torch

MOST_SEEDS = 2**62  # random numbers below that are seeds of torch's generator


@cache
def _transform() -> Callable[[torch.Tensor], torch.Tensor]:
    from torchvision.transforms import InterpolationMode, v2  # takes time, and few runs need it

    transform: Callable[[torch.Tensor], torch.Tensor] = v2.TrivialAugmentWide(interpolation=InterpolationMode.BILINEAR)
    return transform


def trivially_augmented(batch: torch.Tensor, seeds: Sequence[int] | np.ndarray) -> torch.Tensor:
    """(N, 3, R, R) of values 0..255, of any type -> the same as uint8, each picture changed as its seed says.

    What torch draws otherwise, for dropout, stays as it is without: the generator is put back.
    """
    pictures = batch if batch.dtype == torch.uint8 else batch.round().clamp(0, 255).to(torch.uint8)
    changed = []
    with torch.random.fork_rng(devices=[]):
        for picture, seed in zip(pictures, seeds, strict=True):
            torch.default_generator.manual_seed(int(seed))
            changed.append(_transform()(picture))
    return torch.stack(changed)
