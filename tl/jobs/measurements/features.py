"""Pictures looked at through pretrained networks by `python -m tl.train.features`, and why one could not look."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterable, Sequence

from tl.languages import later, say, store_sentence
from tl.store.features import FeatureKey
from tl.store.home import Home

LIMIT_SECONDS = 1800.0  # a dozen large networks on a slow machine, and pictures to decode before
COMMAND = (sys.executable, "-m", "tl.train.features")
Run = Callable[[list[str]], subprocess.CompletedProcess[str] | None]  # None: a run to be trained came first


def named(key: FeatureKey) -> str:
    """A network with its weights, as the command line takes it."""
    return f"{key.backbone}:{key.weights}:{key.weights_hash}"


def make(home: Home, run: Run, keys: Sequence[FeatureKey], also: Iterable[str] = ()) -> dict[str, str] | None:
    """Make the features `keys`, of the same pictures, with `also` as the command takes it. Network as `named` -> why it has
    none, stored, "" where it has; None where a run to be trained came first."""
    names, pictures = [named(key) for key in keys], keys[0]
    command = [*COMMAND, "--home", str(home.path), "--dataset", pictures.dataset, "--samples", str(pictures.samples)]
    command += ["--resolution", str(pictures.resolution), *(f"--also={split}" for split in also), *names]
    try:
        ended = run(command)
        if ended is None:
            return None
        answers = json.loads(ended.stdout.strip().splitlines()[-1])
        return {name: str(answer.get("error") or "") for name, answer in zip(names, answers, strict=True)}
    except subprocess.TimeoutExpired:
        text = later("Looking at the pictures took longer than {minutes:.0f} minutes.")
        problem = store_sentence(say(text, minutes=LIMIT_SECONDS / 60))
    except (IndexError, ValueError, AttributeError):
        said = (ended.stderr or "").strip().splitlines() if ended else []
        problem = said[-1] if said else store_sentence(say("Looking at the pictures failed."))
    return dict.fromkeys(names, problem or "")
