"""Look at a sample of pictures through every pretrained network that is here: in the background, giving way to runs.

`ask` starts `python -m tl.jobs.measurements.hints HOME QUESTION`; what it found is read by tl.analysis.forecasts.hints.answer.
"""

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from tl.analysis.forecasts import hints
from tl.analysis.forecasts.hints import HintQuestion
from tl.jobs import background
from tl.languages import say, store_sentence
from tl.store.features import FeatureKey
from tl.store.home import Home

LIMIT_SECONDS = 1800.0  # a dozen large networks on a slow machine, and pictures to decode before
LOCK = "hinting.lock"  # under which one process looks
COMMAND = (sys.executable, "-m", "tl.train.features")
Run = Callable[[list[str]], subprocess.CompletedProcess[str] | None]


def ask(home: Home, asked: HintQuestion) -> bool:
    """Start looking at what is not scored yet, unless something trains or somebody looks already; whether it began."""
    return background.begin(home, LOCK, "tl.jobs.measurements.hints", [json.dumps(asdict(asked))])


def looking(home: Home) -> bool:
    """Whether the background job works."""
    return background.working(home, LOCK)


def measure(home: Home, asked: HintQuestion) -> dict[str, Any]:
    """`hints.answer` with everything scored that can be kept at once, waiting for it.

    What is printed meanwhile goes to stderr.
    """
    with background.single_process(home, LOCK):
        _look(home, asked, background.in_front)
    return hints.answer(home, asked)


def _look(home: Home, asked: HintQuestion, run: Run) -> None:
    """Make the features that are missing, score them, write down what failed; what was tried in vain is tried again."""
    left = _unscored(home, asked)
    if not left:
        return
    to_make = [key for key in left if not key.path(home).is_file()]
    answers = _make(home, asked, to_make, run) if to_make else {}
    if answers is None:
        return
    for key in _unscored(home, asked):  # asked anew: the pictures may only now have got their fingerprint
        if key.path(home).is_file():
            hints.keep(home, key)
        elif problem := answers.get(_name(key)) or answers.get(""):
            hints.remember(home, key, {"error": problem})
        # Else it was made, and dropped again since the cache may not grow further: the next look makes it.


def _unscored(home: Home, asked: HintQuestion) -> list[FeatureKey]:
    known = hints.known(home)
    return [key for key in hints.candidates(home, asked) if "logme" not in known.get(key.digest, {})]


def _make(home: Home, asked: HintQuestion, keys: list[FeatureKey], run: Run) -> dict[str, str] | None:
    """Candidate -> why it has no features, "" -> why none has; None where a run came first."""
    names = [_name(key) for key in keys]
    command = [*COMMAND, "--home", str(home.path), "--dataset", asked.dataset]
    command += ["--samples", str(asked.samples), "--resolution", str(asked.resolution), *names]
    try:
        ended = run(command)
    except subprocess.TimeoutExpired:
        return {
            "": store_sentence(
                say("Looking at the pictures took longer than {minutes:.0f} minutes.", minutes=LIMIT_SECONDS / 60)
            )
            or ""
        }
    if ended is None:
        return None
    try:
        answers = json.loads(ended.stdout.strip().splitlines()[-1])
        return {name: answer.get("error", "") for name, answer in zip(names, answers, strict=True)}
    except (IndexError, ValueError):
        said = (ended.stderr or "").strip().splitlines()
        return {"": said[-1] if said else store_sentence(say("Looking at the pictures failed.")) or ""}


def _name(key: FeatureKey) -> str:
    return f"{key.backbone}:{key.weights}:{key.weights_hash}"


if __name__ == "__main__":
    # Started by `ask`, which handed over the lock: look at once.
    own_home, document = Home(sys.argv[1]), json.loads(sys.argv[2])
    question = HintQuestion(**document | {"backbones": tuple(document["backbones"])})
    _look(own_home, question, lambda command: background.run(own_home, command, LIMIT_SECONDS))
