"""Look at a sample of two data sets through a pretrained network, giving way to runs: how different do they look?

`ask` starts `python -m tl.jobs.measurements.domain_distance HOME QUESTION`; what it found is read by tl.analysis.adaptation.domain_distance.
"""

import json
import sys
from dataclasses import asdict
from functools import partial

from tl.analysis.adaptation.domain_distance import DistanceQuestion, keys
from tl.config import Refused
from tl.jobs import background
from tl.jobs.measurements import features
from tl.languages import read_sentence
from tl.store.files import locked
from tl.store.home import Home

LOCK = "apart.lock"  # under which one process looks
working = partial(background.working, name=LOCK)  # whether the background job works


def ask(home: Home, asked: DistanceQuestion) -> bool:
    """Start looking, unless something trains or somebody looks already; whether it began."""
    return background.begin(home, LOCK, __name__, [json.dumps(asdict(asked))])


def measure(home: Home, asked: DistanceQuestion) -> None:
    """Make the features that are missing, waiting for them. Raises Refused where that fails."""
    with locked(home.locks_dir / LOCK):
        problem = _measure(home, asked, background.in_front)
    if problem:
        raise Refused(read_sentence(problem))


def _measure(home: Home, asked: DistanceQuestion, run: features.Run) -> str | None:
    """A sentence, stored, where it fails."""
    for key in keys(home, asked):
        if not key.path(home).is_file():
            problems = features.make(home, run, [key])
            if problems is None:  # a run came first; the next look makes it
                return None
            if problem := problems[features.named(key)]:
                return problem
    return None


if __name__ == "__main__":
    # Started by `ask`, which handed over the lock: measure at once.
    own_home, question = Home(sys.argv[1]), DistanceQuestion(**json.loads(sys.argv[2]))
    _measure(own_home, question, lambda command: background.run(own_home, command, features.LIMIT_SECONDS))
