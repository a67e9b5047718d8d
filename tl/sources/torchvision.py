"""ImageNet weights that torchvision publishes, downloaded into the folder where torch.hub keeps them, too."""

import os
from pathlib import Path

from tl.backbones import BACKBONES, ImageNetWeights
from tl.sources.source import Source, imagenet


def checkpoints_folder() -> Path:
    """Where torch.hub keeps downloaded weights: $TORCH_HOME, else $XDG_CACHE_HOME/torch, else ~/.cache/torch."""
    cache = os.getenv("XDG_CACHE_HOME", "~/.cache")
    return Path(os.getenv("TORCH_HOME", os.path.join(cache, "torch"))).expanduser() / "hub" / "checkpoints"


def published(backbone: str) -> list[Source]:
    """The one torchvision publishes for `backbone`, if it does."""
    weights = BACKBONES[backbone].imagenet
    if not isinstance(weights, ImageNetWeights):
        return []
    place = checkpoints_folder() / weights.file_name
    return [imagenet(backbone, weights, place, "cached", "download")]
