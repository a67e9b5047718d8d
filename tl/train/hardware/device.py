"""Which device trains, and with what."""

import os
import platform
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torchvision

from tl.words import number_of


def choose_device() -> torch.device:
    """The first CUDA GPU, else the CPU."""
    if torch.cuda.is_available():
        torch.backends.cudnn.benchmark = True  # batches are alike, so the fastest algorithm is worth a search
        return torch.device("cuda")
    return torch.device("cpu")


def gpu_identity(device: torch.device) -> dict[str, Any]:
    """How NVML can find the GPU that torch uses (arguments of ResourceMonitor); without a GPU nothing to find."""
    if device.type != "cuda":
        return {"gpu": False}
    properties = torch.cuda.get_device_properties(device)
    return {"gpu": True, "uuid": str(properties.uuid), "index": torch.cuda.current_device()}


def device_name(device: torch.device, count: int = 1) -> str:
    """What a person calls the device, or so many of them."""
    if device.type == "cuda":
        return (f"{count} × " if count > 1 else "") + torch.cuda.get_device_name()
    threads = number_of(count * torch.get_num_threads(), "thread")
    processes = f" of {count} processes" if count > 1 else ""  # not shown
    return ", ".join(filter(None, ["CPU", threads + processes, _processor()]))


def _processor() -> str:
    """The processor's model, "" where the system does not say."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return platform.processor()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "")  # not shown


def arithmetic(device: torch.device) -> tuple[str, ...]:
    """What decides the last digits of what a network computes, besides its numbers and how many threads share the work."""
    libraries = torch.__version__, torchvision.__version__
    if device.type != "cpu":
        return *libraries, device_name(device)
    held = os.environ.get("ONEDNN_MAX_CPU_ISA", "")
    return *libraries, _processor(), torch.backends.cpu.get_cpu_capability(), held


def versions() -> dict[str, str]:
    """Of all that decides what a run computes."""
    own = {module.__name__: module.__version__ for module in (torch, torchvision, np)}
    return {"python": platform.python_version()} | own
