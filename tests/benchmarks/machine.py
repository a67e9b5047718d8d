"""What the figures were measured on."""

import os
import platform
import shutil
import subprocess
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import psutil

from tests.benchmarks.contest import peer_python

OWN = ("torch", "torchvision", "numpy", "pillow", "streamlit")
PEERS = ("fastai", "lightning", "torch")
INSTRUCTION_SETS = ("avx2", "avx512f", "avx512_bf16", "amx_bf16")  # as Linux calls them


def machine() -> dict:
    """Hardware, load and versions; a peer that is missing is named as not installed."""
    models = [line.split(":")[1].strip() for line in _lines("/proc/cpuinfo") if line.startswith("model name")]
    return {
        "processor": models[0] if models else platform.processor(),
        "cores": os.cpu_count(),
        "instruction_sets": instruction_sets(),
        "memory_gib": round(psutil.virtual_memory().total / 2**30, 1),
        "gpu": _gpu(),
        "load_before": os.getloadavg()[0],
        "system": platform.platform(),
        "python": platform.python_version(),
        "versions": {name: _version(name) for name in OWN},
        "peers": {name: _peer_version(name) for name in PEERS},
    }


def instruction_sets() -> str:
    """What the processor can do of what torch makes use of, and what it is held to."""
    flags = next((line.split(":")[1].split() for line in _lines("/proc/cpuinfo") if line.startswith("flags")), [])
    held = os.environ.get("ATEN_CPU_CAPABILITY")
    return ", ".join(name for name in INSTRUCTION_SETS if name in flags) + (f"; held to {held}" if held else "")


def hold_to(instruction_set: str) -> None:
    """Let whatever is started from here compute as a processor does that has no more than "avx2"."""
    if instruction_set not in instruction_sets().split(", "):
        raise ValueError(f"this processor has no {instruction_set}")
    os.environ |= {"ATEN_CPU_CAPABILITY": instruction_set, "ONEDNN_MAX_CPU_ISA": instruction_set.upper()}


def _gpu() -> str:
    if not (program := shutil.which("nvidia-smi")):
        return "none"
    asked = subprocess.run([program, "--query-gpu=name,driver_version", "--format=csv,noheader"], capture_output=True)
    return asked.stdout.decode().strip() or "none"


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"


def _peer_version(package: str) -> str:
    python = peer_python(package)
    if python is None:
        return "not installed"
    code = f"from importlib.metadata import version; print(version({package!r}))"
    return subprocess.run([python, "-c", code], capture_output=True, text=True, check=True).stdout.strip()


def _lines(path: str) -> list[str]:
    try:
        return Path(path).read_text(encoding="utf-8").splitlines()
    except OSError:
        return []
