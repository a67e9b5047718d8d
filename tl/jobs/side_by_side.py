"""How many runs of an experiment compute at once on this machine's processors, each with its share of them.

A small network gains little from a second thread (1.36 times the pictures a second of one, 32 px on two cores), a second run
beside it nearly all of the other core. So the runs of an experiment compute side by side as far as there are
at least two for each place: with fewer, one long run would end alone and late.
"""

import os

from tl import machine
from tl.config import Experiment
from tl.jobs.memory import estimated_bytes, gpus, main_memory_holds


def lanes_of(experiment: Experiment) -> int:
    """As many; 1 where a GPU computes, which one run fills, and where a run has several devices."""
    if gpus() or experiment.devices > 1:
        return 1
    runs = len(experiment.arms) * len(experiment.seeds)
    return max(1, min(_processors() // (experiment.threads or 1), runs // 2))


def computing_at_once(experiment: Experiment) -> int:
    """As many as also fit into the memory that is free now."""
    lanes = lanes_of(experiment)
    return min(lanes, max(main_memory_holds(estimated_bytes(experiment)), 1)) if lanes > 1 else lanes


def _processors() -> int:
    """That a trainer may compute with: what this process has, and what the user allows by OMP_NUM_THREADS."""
    allowed = os.environ.get("OMP_NUM_THREADS", "").split(",")[0].strip()
    return min(machine.cores(), int(allowed)) if allowed.isdigit() and int(allowed) else machine.cores()
