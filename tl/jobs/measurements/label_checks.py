"""Look at all pictures for wrong labels: features once, then a linear probe per fold, giving way to runs.

`ask` starts `python -m tl.jobs.measurements.label_checks HOME QUESTION`; what it measured is read by
tl.analysis.inspection.held_out.
"""

import json
import os
import sys
from collections.abc import Callable
from dataclasses import asdict

from tl.analysis.forecasts.question import Question
from tl.analysis.inspection import held_out
from tl.config import Refused
from tl.jobs import background
from tl.jobs.measurements.forecasts import (
    LIMIT_SECONDS,
    NOT_READ,
    GaveWay,
    InFront,
    Run,
    features_of,
    in_turns,
    make_features,
    unless_busy,
)
from tl.store.home import Home
from tl.store.pictures import SPLITS

LOCK = "label_checks.lock"  # under which one process looks
WAITS = "Something else computes now; looking at the labels waits for its turn."


def ask(home: Home, asked: Question) -> bool:
    """Start looking, unless something trains or somebody looks already; whether it began."""
    if background.busy(home):
        return False
    lock = background.take_lock(home, LOCK, wait=False)
    if lock is None:
        return False
    background.start(lock, __name__, [str(home.path), json.dumps(asdict(asked))])
    return True


def looking(home: Home) -> bool:
    """Whether the background job works."""
    return background.working(home, LOCK)


def measure(home: Home, asked: Question) -> None:
    """Look where it is not known yet, waiting for it and for turns. Raises Refused where that is impossible."""
    lock = background.take_lock(home, LOCK, wait=True)
    assert lock is not None
    try:
        in_front = InFront(home, WAITS)
        _look(home, asked, in_front.run, in_front.look)
    finally:
        os.close(lock)
    if held_out.out_of_fold(home, asked) is None:
        raise Refused(held_out.problem_of(home, asked) or NOT_READ)


def _look(home: Home, asked: Question, run: Run, give_way: Callable[[], None]) -> None:
    """Measure what is not known yet; what was tried in vain is tried again. `give_way` may raise GaveWay."""
    if held_out.out_of_fold(home, asked) is not None:
        return
    try:
        problem = make_features(home, asked, run)
        if problem is None:
            problem = _measure(home, asked, give_way)
    except GaveWay:
        return
    if problem:
        held_out.keep_problem(home, asked, problem)


def _measure(home: Home, asked: Question, give_way: Callable[[], None]) -> str | None:
    """Fit the probes, one fold in a turn; a sentence where that can't be done."""
    import numpy as np

    from tl.analysis.inspection.label_issues import Judged
    from tl.analysis.inspection.out_of_fold import out_of_fold

    found = features_of(home, asked)
    if found is None:
        return NOT_READ
    features = np.concatenate([found[split].features for split in SPLITS])
    labels = np.concatenate([found[split].labels for split in SPLITS])
    places, groups = held_out.places_of(home, asked)
    try:
        with in_turns(home, give_way) as next_turn:
            shares = out_of_fold(features, labels, groups, int(labels.max()) + 1, before_each=next_turn)
    except ValueError:
        return "All pictures belong together, so that none could be judged without having been seen."
    held_out.keep(home, asked, Judged(picture=places, label=labels, probabilities=shares.astype(float)))
    return None


if __name__ == "__main__":
    # Started by `ask`, which handed over the lock: look at once.
    own_home = Home(sys.argv[1])
    _look(
        own_home,
        Question(**json.loads(sys.argv[2])),
        lambda command: background.run(own_home, command, LIMIT_SECONDS),
        lambda: unless_busy(own_home),
    )
