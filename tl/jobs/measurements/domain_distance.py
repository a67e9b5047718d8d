"""Look at a sample of two data sets through a pretrained network, giving way to runs: how different do they look?

`ask` starts `python -m tl.jobs.measurements.domain_distance HOME QUESTION`; what it found is read by tl.analysis.adaptation.domain_distance.
"""

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import asdict

from tl.analysis.adaptation.domain_distance import DistanceQuestion, keys
from tl.config import Refused
from tl.jobs import background
from tl.languages import read_sentence, say, store_sentence
from tl.store.home import Home

LIMIT_SECONDS = 1800.0  # a large network on a slow machine, and pictures to decode before
LOCK = "apart.lock"  # under which one process looks
COMMAND = (sys.executable, "-m", "tl.train.features")
Run = Callable[[list[str]], subprocess.CompletedProcess[str] | None]


def ask(home: Home, asked: DistanceQuestion) -> bool:
    """Start looking, unless something trains or somebody looks already; whether it began."""
    return background.begin(home, LOCK, __name__, [json.dumps(asdict(asked))])


def looking(home: Home) -> bool:
    """Whether the background job works."""
    return background.working(home, LOCK)


def measure(home: Home, asked: DistanceQuestion) -> None:
    """Make the features that are missing, waiting for them. Raises Refused where that fails."""
    with background.single_process(home, LOCK):
        problem = _look(home, asked, background.in_front)
    if problem:
        raise Refused(read_sentence(problem))


def _look(home: Home, asked: DistanceQuestion, run: Run) -> str | None:
    """A sentence, stored, where it fails."""
    for key in keys(home, asked):
        if key.path(home).is_file():
            continue
        command = [*COMMAND, "--home", str(home.path), "--dataset", key.dataset, "--samples", str(key.samples)]
        command += ["--resolution", str(key.resolution), f"{key.backbone}:{key.weights}:{key.weights_hash}"]
        try:
            ended = run(command)
        except subprocess.TimeoutExpired:
            return store_sentence(
                say("Looking at the pictures took longer than {minutes:.0f} minutes.", minutes=LIMIT_SECONDS / 60)
            )
        if ended is None:  # a run came first; the next look makes it
            return None
        if problem := background.problem_of(ended):
            return problem
    return None


if __name__ == "__main__":
    # Started by `ask`, which handed over the lock: look at once.
    own_home = Home(sys.argv[1])
    _look(
        own_home,
        DistanceQuestion(**json.loads(sys.argv[2])),
        lambda command: background.run(own_home, command, LIMIT_SECONDS),
    )
