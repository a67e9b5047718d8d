"""How many trainers fit into memory at once; as many arms of a comparison then take turns instead of queueing up."""

import os
import shutil
import subprocess
from pathlib import Path

import psutil

from tl.backbones import BACKBONES
from tl.store.files import read_json
from tl.store.home import Home

# What a trainer needs, roughly: Python and torch, per parameter a weight, its gradient and Adam's two moments, and
# per picture of a batch the activations kept for the backward pass (75 to 150 MB at 224 px over the networks here).
TORCH_BYTES = 1.0e9
PARAMETER_BYTES = 16
ACTIVATION_BYTES = 120e6
GPU_CONTEXT_BYTES = 1e9  # what CUDA and its libraries take of the GPU besides
GPU_HOST_BYTES = 3e9  # main memory of a trainer whose network is on the GPU

_CGROUP_FILES = (  # limit and use of this container, versions 2 and 1
    ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory.current"),
    ("/sys/fs/cgroup/memory/memory.limit_in_bytes", "/sys/fs/cgroup/memory/memory.usage_in_bytes"),
)


def trainer_bytes(home: Home, spec: dict, siblings: list[str]) -> float:
    """Memory that one trainer of the experiment `spec` needs: as measured in the runs `siblings`, else estimated."""
    results = (read_json(home.run(run_id).result) for run_id in siblings)
    peaks = [result.get("memory_peak_bytes") or 0 for result in results if isinstance(result, dict)]
    if measured := max(peaks, default=0):
        return 1.1 * measured
    activations = ACTIVATION_BYTES * spec["batch_size"] * (spec["resolution"] / 224) ** 2
    return TORCH_BYTES + PARAMETER_BYTES * BACKBONES[spec["backbone"]].parameters + activations


def trainers_that_fit(need_bytes: float) -> int:
    """How many more trainers the free memory holds: that of the GPU where there is one, and main memory."""
    gpu = free_gpu_bytes()
    if gpu is None:
        return int(free_bytes() // need_bytes)
    return int(min(gpu // (need_bytes + GPU_CONTEXT_BYTES), free_bytes() // GPU_HOST_BYTES))


def free_bytes() -> float:
    """Main memory that can be had without swapping, within the limit of the container."""
    free = psutil.virtual_memory().available
    for limit, used in _CGROUP_FILES:
        try:
            free = min(free, int(Path(limit).read_text()) - int(Path(used).read_text()))
        except (OSError, ValueError):
            continue  # not this version, or "max": no limit
    return max(free, 0)


def free_gpu_bytes() -> float | None:
    """Free memory of the first GPU; None where there is none, it is hidden or the driver can't tell.

    Asks the driver's own program, which can be given up on: a driver that hangs must not take the queue with it.
    """
    if os.environ.get("CUDA_VISIBLE_DEVICES") == "" or not (program := shutil.which("nvidia-smi")):
        return None
    query = [program, "--query-gpu=memory.free", "--format=csv,noheader,nounits"]
    try:
        answer = subprocess.run(query, capture_output=True, text=True, timeout=10, check=True).stdout
        return int(answer.split()[0]) * 2.0**20
    except (OSError, subprocess.SubprocessError, ValueError, IndexError):
        return None
