"""Read a file of weights: safetensors after a look through it; a pickle only where it is the very file torchvision
publishes, and then without running its code."""

from collections.abc import Callable
from pathlib import Path

import torch
from safetensors.torch import load_file

from tl.backbones import BACKBONES
from tl.config import Refused
from tl.pretrained import source
from tl.store import weights_file
from tl.store.download import download
from tl.store.home import Home


def weights_here(home: Home, backbone: str, key: str, progress: Callable[[int, int, str], None]) -> Path:
    """The file of the pretrained weights of the source `key`, downloaded where need be; `progress(done, total, what)`."""
    weights = source(home, backbone, key)
    if weights.file is None and weights.url is not None:
        what, size = f"downloading {weights.place.name}", weights.size_bytes
        download(
            weights.url, weights.place, weights.sha256, size, lambda done, total: progress(done, total or size, what)
        )
    return weights.place


def read_weights(path: Path, backbone: str) -> dict[str, torch.Tensor]:
    """The tensors by name, on the CPU. Raises Refused, in one sentence, for a file that is not to be trusted."""
    with weights_file.opened(path) as file:
        if path.suffix == ".safetensors":
            weights_file.check(file)
            found: dict[str, torch.Tensor] = load_file(
                f"/proc/self/fd/{file.fileno()}"
            )  # the open file: it takes names only
            return found
        imagenet = BACKBONES[backbone].imagenet
        if imagenet is None:
            raise Refused(f"{path} is a pickle, and nobody publishes one for {backbone}; give a .safetensors file.")
        weights_file.check_published(file, imagenet.sha256_prefix)
        file.seek(0)
        published: dict[str, torch.Tensor] = torch.load(file, map_location="cpu", weights_only=True)
        return published
