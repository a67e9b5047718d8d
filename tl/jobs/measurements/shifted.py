"""Ask finished runs' networks about shifted test pictures: in the background, giving way to runs, or in front of a person.

`ask` starts `python -m tl.jobs.measurements.shifted HOME RUN_ID...`; what it found lies in the runs' folders
(tl.store.shifted), why one could not be asked in the cache (tl.store.saliency).
"""

import sys
from collections.abc import Sequence

from tl.jobs import background
from tl.jobs.measurements import of_networks
from tl.store.home import Home
from tl.store.saliency import Failed, forget_saliency, write_saliency
from tl.store.shifted import forget_progress, read_shifted

LIMIT_SECONDS = 3600.0  # a dozen runs of a large network on a slow machine
LOCK = "shifting.lock"  # under which one process measures
COMMAND = (sys.executable, "-m", "tl.train.looking.shifted")
NAME = "shifted"  # in place of a picture, where the cache says why a run could not be asked


def ask(home: Home, runs: Sequence[str]) -> bool:
    """Start measuring the runs that have not been, unless something trains or somebody measures already; whether it
    began."""
    return background.begin(home, LOCK, __name__, runs, first=lambda: forget_progress(home))


def measuring(home: Home) -> bool:
    """Whether the background job works."""
    return background.working(home, LOCK)


def measure(home: Home, runs: Sequence[str]) -> None:
    """The same, waiting for it and for turns; progress goes to stderr."""
    with background.single_process(home, LOCK):
        _measure(home, runs, background.in_front)


def problem(home: Home, run_id: str) -> str | None:
    """Why the network of a run could not be asked; None where it was, or nobody has tried."""
    return of_networks.problem(home, run_id, NAME)


def _measure(home: Home, runs: Sequence[str], run: of_networks.Run) -> None:
    """Every run has its file afterwards, or a sentence why not; none of either where a run to be trained came first."""
    for run_id in runs:  # what failed before is tried again
        forget_saliency(home, run_id, NAME)
    left = [run_id for run_id in runs if read_shifted(home.run(run_id).shifted) is None]
    if not left:
        return
    reason = of_networks.reasons(run, [*COMMAND, "--home", str(home.path), *left], LIMIT_SECONDS)
    if reason is None:
        return
    for run_id in left:
        if read_shifted(home.run(run_id).shifted) is None:
            write_saliency(home, run_id, NAME, Failed(reason(run_id)))


if __name__ == "__main__":
    # Started by `ask`, which handed over the lock: measure at once.
    own_home = Home(sys.argv[1])
    _measure(own_home, sys.argv[2:], lambda command: background.run(own_home, command, LIMIT_SECONDS))
