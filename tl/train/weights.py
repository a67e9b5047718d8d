"""Read a file of weights: safetensors after a look through it; a pickle only where it is the very file that
was published, and then without running its code."""

from pathlib import Path

import torch
from safetensors.torch import load_file

from tl.backbones import BACKBONES
from tl.config import refusal
from tl.languages import later
from tl.store import weights_file


def read_weights(path: Path, backbone: str) -> dict[str, torch.Tensor]:
    """The tensors by name, on the CPU. Raises Refused, in one sentence, for a file that is not to be trusted."""
    if path.suffix == ".safetensors":
        return read_safetensors(path)
    published = BACKBONES[backbone].imagenet
    if published is None:
        text = later("{file} is a pickle, and nobody publishes one for {backbone}; give a .safetensors file.")
        raise refusal(text, file=path, backbone=backbone)
    return read_published(path, published.sha256)


def read_safetensors(path: Path) -> dict[str, torch.Tensor]:
    """The tensors by name of a safetensors file, whatever it is called, after a look through it. Raises Refused."""
    with weights_file.opened(path) as file:
        weights_file.check(file)
        found: dict[str, torch.Tensor] = load_file(f"/proc/self/fd/{file.fileno()}")  # it takes names only
        return found


def read_published(path: Path, sha256: str, remedy: str = weights_file.DOWNLOAD_AGAIN) -> dict[str, torch.Tensor]:
    """The tensors, in their order, of a pickle whose SHA-256 begins with `sha256`; Refused with `remedy` for another."""
    with weights_file.opened(path) as file:
        weights_file.check_published(file, sha256, remedy)
        file.seek(0)
        state: dict[str, torch.Tensor] = torch.load(file, map_location="cpu", weights_only=True)
        return state
