"""Read a file of weights: safetensors after a look through it; a pickle only where it is the very file torchvision
publishes, and then without running its code."""

from pathlib import Path

import torch
from safetensors.torch import load_file

from tl.backbones import BACKBONES
from tl.store import weights_file


def read_weights(path: Path, backbone: str) -> dict[str, torch.Tensor]:
    """The tensors by name, on the CPU. Raises Refused, in one sentence, for a file that is not to be trusted."""
    if path.suffix == ".safetensors":
        weights_file.check(path)
        return load_file(path)
    weights_file.check_published(path, BACKBONES[backbone].imagenet.sha256_prefix)
    return torch.load(path, map_location="cpu", weights_only=True)
