"""Look at pictures of both data sets with the networks of runs, before and after: in the background, giving way to runs, or in
front of a person.

`ask` starts `python -m tl.jobs.measurements.both_sets HOME RUN_ID...`; what it found lies in the runs' folders
(tl.store.both_sets), why one could not be asked in the cache (tl.store.saliency).
"""

import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tl.ending import clean_up_when_ended
from tl.jobs import background
from tl.jobs.measurements import of_networks
from tl.store.both_sets import read_both_sets, write_both_sets
from tl.store.home import Home
from tl.store.saliency import Failed, forget_saliency, write_saliency

LIMIT_SECONDS = 1800.0  # several large networks on a slow machine, and pictures to decode before
LOCK = "both_sets.lock"  # under which one process looks
COMMAND = (sys.executable, "-m", "tl.train.looking.both_sets")
NAME = "both_sets"  # in place of a picture, where the cache says why a run could not be asked


def ask(home: Home, runs: Sequence[str]) -> bool:
    """Start looking with the runs that have not been asked, unless something trains or somebody looks already; whether it
    began."""
    return background.begin(home, LOCK, __name__, runs)


def looking(home: Home) -> bool:
    """Whether the background job works."""
    return background.working(home, LOCK)


def measure(home: Home, runs: Sequence[str]) -> None:
    """The same, waiting for it and for turns."""
    with background.single_process(home, LOCK):
        _measure(home, runs, background.in_front)


def problem(home: Home, run_id: str) -> str | None:
    """Why a run could not be asked; None where it was, or nobody has tried."""
    return of_networks.problem(home, run_id, NAME)


def _measure(home: Home, runs: Sequence[str], run: of_networks.Run) -> None:
    """Every run has its file afterwards, or a sentence why not; none of either where a run to be trained came first."""
    for run_id in runs:  # what failed before is tried again
        forget_saliency(home, run_id, NAME)
    left = [run_id for run_id in runs if read_both_sets(home.run(run_id).both_sets) is None]
    if not left:
        return
    with tempfile.TemporaryDirectory(prefix="tl-both-sets-") as folder:
        command = [*COMMAND, "--home", str(home.path), "--output", folder, *left]
        reason = of_networks.reasons(run, command, LIMIT_SECONDS)
        if reason is None:
            return
        for run_id in left:
            if (file := Path(folder) / f"{run_id}.npz").exists():
                _keep(home, run_id, file)
            else:
                write_saliency(home, run_id, NAME, Failed(reason(run_id)))


def _keep(home: Home, run_id: str, file: Path) -> None:
    import numpy as np

    from tl.analysis.adaptation.both_sets import both_sets

    with np.load(file, allow_pickle=False) as found:
        write_both_sets(home.run(run_id).both_sets, both_sets(found))


if __name__ == "__main__":
    # Started by `ask`, which handed over the lock: look at once.
    clean_up_when_ended()
    own_home = Home(sys.argv[1])
    _measure(own_home, sys.argv[2:], lambda command: background.run(own_home, command, LIMIT_SECONDS))
