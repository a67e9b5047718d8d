"""How many trainers fit into memory at once; as many arms of a comparison then take turns instead of queueing up."""

import os
import shutil
import subprocess
import time
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from typing import Any

from tl import machine
from tl.backbones import BACKBONES
from tl.config import TRANSFERRED, Experiment, RunConfig, Training
from tl.store.documents import read_config, read_result
from tl.store.home import Home
from tl.store.queue import database
from tl.store.queue.rows import RunRow
from tl.strategies import KEEP_START, STRATEGIES

# What a trainer needs, roughly: Python and torch, per parameter a weight, its gradient and Adam's two moments (nothing
# more to save it or to resume: checkpoints are read and written tensor by tensor), and per picture of a batch the
# activations kept for the backward pass (see tl.backbones).
TORCH_BYTES = 1.0e9
# Where there is less memory in all than this, blocks go back to the system as soon as they are free (tl.jobs.launchers.launcher),
# and only what can't be dropped is counted: not the files of programs and pictures, which the system reads again.
ROOMY_BYTES = 4e9
LEAN_TORCH_BYTES = 0.46e9
PARAMETER_BYTES = 16
START_BYTES = 4  # per parameter: the weights it starts from, of which some methods keep a copy
FRESH_SECONDS = 60.0  # in which what an experiment needs is not looked up again
GPU_CONTEXT_BYTES = 1e9  # what CUDA and its libraries take of the GPU besides
GPU_HOST_BYTES = 3e9  # main memory of a trainer whose network is on the GPU


def trainer_bytes(home: Home, training: Training, siblings: list[str]) -> float:
    """Memory that one trainer of `training` needs: as measured in the runs `siblings`, else estimated; of an experiment
    that of the arm that needs the most."""
    if not isinstance(training, Experiment):
        return estimated_bytes(training)
    kinds: dict[tuple[str, int], list[Experiment]] = {}  # network and resolution -> the arms with these
    for one in each_alone(training):
        kinds.setdefault((one.backbone, one.resolution), []).append(one)
    peaks: dict[tuple[str, int], float] = dict.fromkeys(kinds, 0.0)
    for run_id in siblings:
        files = home.run(run_id)
        config = read_config(files) if len(kinds) > 1 else None
        kind = (config.backbone, config.resolution) if isinstance(config, RunConfig) else next(iter(kinds))
        if (result := read_result(files)) and kind in peaks:
            peaks[kind] = max(peaks[kind], result.memory_peak_bytes or 0)
    return max(1.1 * peaks[kind] or max(map(estimated_bytes, arms)) for kind, arms in kinds.items())


class MemoryNeeds:
    """What a trainer of each experiment needs, as a supervisor asks again and again."""

    def __init__(self, home: Home, clock: Callable[[], float] = time.monotonic):
        self._home, self._clock = home, clock
        self._asked: dict[str, tuple[float, float]] = {}  # experiment -> bytes, when asked

    def of(self, row: RunRow) -> float:
        """Bytes of memory that a trainer of the run's experiment needs."""
        found = self._asked.get(row.experiment_id)
        if found is None or self._clock() - found[1] >= FRESH_SECONDS:
            home = self._home.of(row.owner)
            others = [other.run_id for other in database.read_runs(home, row.experiment_id)]
            found = trainer_bytes(home, row.experiment, others), self._clock()
            self._asked[row.experiment_id] = found
        return found[0]

    def forget(self) -> None:
        self._asked.clear()


def each_alone(experiment: Experiment) -> list[Experiment]:
    """Every arm as an experiment by itself, whose network, weights and resolution are the arm's."""
    alone = []
    for arm in experiment.arms:
        own = experiment.of(arm)
        shared: dict[str, Any] = {name: getattr(own, name) for name in TRANSFERRED}
        alone.append(replace(experiment, **shared, arms=(arm.with_the_shared(),)))
    return alone


def estimated_bytes(training: Training) -> float:
    """Memory that one trainer of `training` needs on this machine, roughly; of an experiment as `trainer_bytes`."""
    if not isinstance(training, Experiment):
        return _estimated_bytes(training)
    arms = [(training.of(arm), STRATEGIES[arm.strategy]) for arm in training.arms]
    return max(_estimated_bytes(own, strategy.method in KEEP_START, strategy.beside) for own, strategy in arms)


def _estimated_bytes(training: Training, keeps_start: bool = False, beside: bool = False) -> float:
    backbone = BACKBONES[training.backbone]
    batch = training.batch_size * (1 + beside)
    activations = backbone.activation_bytes * batch * (training.resolution / 224) ** 2
    program = TORCH_BYTES if machine.total_memory() >= ROOMY_BYTES else LEAN_TORCH_BYTES
    per_parameter = PARAMETER_BYTES + (START_BYTES if keeps_start else 0)
    processes = training.devices if training.devices > 1 and not gpus() else 1  # in the memory that counts
    network = program + per_parameter * backbone.parameters
    return processes * network + activations * processes / training.devices


def trainers_that_fit(need_bytes: float) -> int:
    """How many more trainers the free memory holds: that of the GPU where there is one, and main memory."""
    if (gpu := free_gpu_bytes()) is None:
        return main_memory_holds(need_bytes)
    return min(int(gpu // (need_bytes + GPU_CONTEXT_BYTES)), main_memory_holds(GPU_HOST_BYTES))


def main_memory_holds(need_bytes: float) -> int:
    """The same of main memory alone: quick enough to be asked at each drawing of a page, since no driver is asked."""
    return int(max(machine.free_memory() - Home().policy.page_bytes, 0) // need_bytes)


def free_gpu_bytes() -> float | None:
    """Free memory of the first GPU; None where there is none, it is hidden or the driver can't tell."""
    try:
        return int(_asked_driver("--query-gpu=memory.free").split()[0]) * 2.0**20
    except (ValueError, IndexError):
        return None


@cache
def gpus() -> int:
    """How many GPUs programs may use here, as the driver tells; 0 where there are none, they are hidden or it can't."""
    there, visible = len(_asked_driver("--query-gpu=uuid").split()), os.environ.get("CUDA_VISIBLE_DEVICES")
    return there if visible is None else min(there, len(visible.split(",")))


def gpu_processes() -> set[int]:
    """Processes that hold memory of a GPU; none where the driver doesn't name them (inside many containers)."""
    return {int(pid) for pid in _asked_driver("--query-compute-apps=pid").split() if pid.isdigit()}


def gpu_utilisation() -> float | None:
    """How busy the GPUs are that programs may use here, 0..1, on average; None where there are none or the driver can't tell."""
    told = _asked_driver("--query-gpu=utilization.gpu").split()
    shares = [int(each) / 100 for each in told if each.isdigit()]
    return sum(shares) / len(shares) if shares and len(shares) == len(told) else None


def _asked_driver(query: str) -> str:
    """The driver's answer, "" where there is none.

    Asks its own program, which can be given up on: a driver that hangs must not take the queue with it.
    """
    if os.environ.get("CUDA_VISIBLE_DEVICES") == "" or not (program := shutil.which("nvidia-smi")):
        return ""
    command = [program, query, "--format=csv,noheader,nounits"]
    try:
        return subprocess.run(
            command, capture_output=True, encoding="utf-8", errors="replace", timeout=10, check=True
        ).stdout
    except (OSError, subprocess.SubprocessError):
        return ""
