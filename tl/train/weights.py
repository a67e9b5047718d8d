"""Read a file of weights: safetensors after a look through it; a pickle only where it is the very file torchvision
publishes, and then without running its code."""

from pathlib import Path

import torch
from safetensors.torch import load_file

from tl.backbones import BACKBONES
from tl.store import weights_file


def read_weights(path: Path, backbone: str) -> dict[str, torch.Tensor]:
    """The tensors by name, on the CPU. Raises Refused, in one sentence, for a file that is not to be trusted."""
    with weights_file.opened(path) as file:
        if path.suffix == ".safetensors":
            weights_file.check(file)
            return load_file(f"/proc/self/fd/{file.fileno()}")  # the open file: the library takes names only
        weights_file.check_published(file, BACKBONES[backbone].imagenet.sha256_prefix)
        file.seek(0)
        return torch.load(file, map_location="cpu", weights_only=True)
