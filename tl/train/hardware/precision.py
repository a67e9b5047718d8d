"""fp32 or bfloat16 for a network's computations: a few steps on this machine decide. Weights stay fp32.

On CPUs bfloat16 makes dense convolutions faster and depthwise ones slower, so those are computed in fp32 there.
"""

import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import cache
from typing import Any

import torch
from msgspec import Struct
from torch import nn

from tl.store.documents import Finite, of_type
from tl.store.files import locked, read_json, write_json
from tl.store.home import Home
from tl.train.hardware import threads

STEPS = 4  # measured of each kind, after one that is not counted
PIXELS = 32 * 64 * 64  # of the batch that is measured on a CPU: larger ones tell no more; a GPU gets the whole batch
KEY = "precision "  # how entries of probes.json begin that are of this kind
GAIN = 1.03  # bfloat16 has to be this much faster


def use_precision(precision: str, device: torch.device) -> AbstractContextManager[None]:
    """Context in which a network computes in "fp32" or "bf16"."""
    return torch.autocast(device.type, torch.bfloat16, enabled=precision == "bf16")


def keep_depthwise_exact(network: nn.Module) -> None:
    """On the CPU, compute the network's depthwise convolutions in fp32 whatever the context says."""
    for module in network.modules():
        if isinstance(module, nn.Conv2d) and module.groups == module.in_channels > 1:
            kind = _exact(type(module))  # type: ignore[arg-type]  # mypy takes for a class's own hash its instances'
            module.__class__ = kind


class _Exact:
    """A layer that a CPU always computes in fp32; comes before the layer's own class."""

    def forward(self, batch: torch.Tensor) -> torch.Tensor:
        """(N, C, H, W) of any floating type -> fp32."""
        with torch.autocast("cpu", enabled=False):
            result: torch.Tensor = super().forward(batch.float())  # type: ignore[misc]  # of the layer's own class
            return result


@cache
def _exact(kind: type[nn.Conv2d]) -> type[nn.Conv2d]:
    """The layer's class with the above; some libraries have convolutions of their own, with paddings of their own."""
    return kind if issubclass(kind, _Exact) else type(f"Exact{kind.__name__}", (_Exact, kind), {})


def choose_precision(
    home: Home,
    build: Callable[[], nn.Module],
    backbone: str,
    resolution: int,
    batch_size: int,
    device: torch.device,
) -> str:
    """The faster of "fp32" and "bf16" for training steps, measured once per home and machine.

    `build()` gives a network on `device` that may be spoilt. Every arm of a comparison finds the same answer.
    """
    key = f"{KEY}{backbone} {resolution}px batch {batch_size} on {_hardware(device)}, torch {torch.__version__}"  # not shown
    with locked(home.locks_dir / "precision.lock"):  # two that begin together must not find two answers
        with locked(home.locks_dir / "probes.lock"):
            known = _entries(home).get(key)
        if known is None:
            network = build()
            pictures = batch_size if device.type == "cuda" else max(4, min(batch_size, PIXELS // resolution**2))
            known = _speeds(network, pictures, resolution, device)
            with locked(home.locks_dir / "probes.lock"):
                write_json(home.probes_path, _entries(home) | {key: known})
    return "bf16" if known["bf16"] > GAIN * known["fp32"] else "fp32"


class _Speeds(Struct, frozen=True):
    fp32: Finite
    bf16: Finite


def _entries(home: Home) -> dict[str, dict[str, Any]]:
    """All that was measured; of precisions only what can be: after damage to the file it is measured again."""
    document = read_json(home.probes_path)
    entries = document.items() if isinstance(document, dict) else ()
    return {key: entry for key, entry in entries if not key.startswith(KEY) or of_type(entry, _Speeds) is not None}


def _hardware(device: torch.device) -> str:
    if device.type == "cuda":
        return torch.cuda.get_device_name()
    return f"{threads.most()} threads, {torch.backends.cpu.get_cpu_capability()}"  # not shown


def _speeds(network: nn.Module, pictures: int, resolution: int, device: torch.device) -> dict[str, float]:
    """Pictures a second of each kind, in batches of `pictures` or of what fits the GPU's memory."""
    while True:
        try:
            return {kind: _images_per_second(network, kind, pictures, resolution, device) for kind in ("fp32", "bf16")}
        except torch.OutOfMemoryError:
            network.zero_grad(set_to_none=True)
            if pictures < 4:
                raise
            pictures //= 2
        torch.cuda.empty_cache()  # only now: the error held on to what was computed


def _images_per_second(
    network: nn.Module, precision: str, pictures: int, resolution: int, device: torch.device
) -> float:
    batch = torch.randn(pictures, 3, resolution, resolution, device=device).to(memory_format=torch.channels_last)
    target = torch.zeros(pictures, dtype=torch.long, device=device)
    network.train()
    seconds = []
    for _ in range(1 + STEPS):
        began = time.perf_counter()
        with use_precision(precision, device):
            scores = network(batch)
        loss = nn.functional.cross_entropy(scores.float(), target)
        loss.backward()
        loss.item()  # waits for a GPU
        network.zero_grad(set_to_none=True)
        seconds.append(time.perf_counter() - began)
        threads.tick()
    return pictures / min(seconds[1:])
