"""Look at a sample of pictures through every pretrained network that is here: in the background, giving way to runs.

`ask` starts `python -m tl.jobs.measurements.hints HOME QUESTION`; what it found is read by tl.analysis.forecasts.hints.answer.
"""

import json
import sys
from dataclasses import asdict
from functools import partial
from typing import Any

from tl.analysis.forecasts import hints
from tl.analysis.forecasts.hints import HintQuestion
from tl.jobs import background
from tl.jobs.measurements import features
from tl.store.features import FeatureKey
from tl.store.files import locked
from tl.store.home import Home

LOCK = "hinting.lock"  # under which one process looks
working = partial(background.working, name=LOCK)  # whether the background job works


def ask(home: Home, asked: HintQuestion) -> bool:
    """Start looking at what is not scored yet, unless something trains or somebody looks already; whether it began."""
    return background.begin(home, LOCK, "tl.jobs.measurements.hints", [json.dumps(asdict(asked))])


def measure(home: Home, asked: HintQuestion) -> dict[str, Any]:
    """`hints.answer` with everything scored that can be kept at once, waiting for it.

    What is printed meanwhile goes to stderr.
    """
    with locked(home.locks_dir / LOCK):
        _measure(home, asked, background.in_front)
    return hints.answer(home, asked)


def _measure(home: Home, asked: HintQuestion, run: features.Run) -> None:
    """Make the features that are missing, score them, write down what failed; what was tried in vain is tried again."""
    left = _unscored(home, asked)
    if not left:
        return
    to_make = [key for key in left if not key.path(home).is_file()]
    problems = features.make(home, run, to_make) if to_make else {}
    if problems is None:
        return
    for key in _unscored(home, asked):  # asked again: the pictures may only now have got their fingerprint
        if key.path(home).is_file():
            hints.keep(home, key)
        elif problem := problems.get(features.named(key)):
            hints.remember(home, key, {"error": problem})
        # Else it was made, and dropped again since the cache may not grow further: the next look makes it.


def _unscored(home: Home, asked: HintQuestion) -> list[FeatureKey]:
    known = hints.known(home)
    return [key for key in hints.candidates(home, asked) if "logme" not in known.get(key.digest, {})]


if __name__ == "__main__":
    # Started by `ask`, which handed over the lock: measure at once.
    own_home, document = Home(sys.argv[1]), json.loads(sys.argv[2])
    question = HintQuestion(**document | {"backbones": tuple(document["backbones"])})
    _measure(own_home, question, lambda command: background.run(own_home, command, features.LIMIT_SECONDS))
