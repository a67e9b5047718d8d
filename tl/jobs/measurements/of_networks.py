"""What commands that ask finished runs' networks have in common: which could not be asked, and why."""

import json
import subprocess
from collections.abc import Callable

from tl.languages import say, store_sentence
from tl.store.home import Home
from tl.store.saliency import Failed, read_saliency

Run = Callable[[list[str]], subprocess.CompletedProcess[str] | None]  # None: a run to be trained came first


def problem(home: Home, run_id: str, name: str) -> str | None:
    """Why a run could not be asked, stored, as the cache says under `name`; None where it was, or nobody has tried."""
    found = read_saliency(home, run_id, name)
    return found.error if isinstance(found, Failed) else None


def reasons(run: Run, command: list[str], limit_seconds: float) -> Callable[[str], str] | None:
    """Run a command whose last line is a JSON object, run -> why it could not be asked; what then says it of a run that has no
    answer. None where a run to be trained came first."""
    otherwise, told = store_sentence(say("Asking its network failed.")) or "", {}
    try:
        ended = run(command)
        if ended is None:
            return None
        if ended.returncode == 0:
            told = json.loads(ended.stdout.strip().splitlines()[-1])
        elif said := (ended.stderr or "").strip().splitlines():
            otherwise = said[-1]
    except subprocess.TimeoutExpired:
        otherwise = (
            store_sentence(
                say("Asking the networks took longer than {minutes:.0f} minutes.", minutes=limit_seconds / 60)
            )
            or ""
        )
    return lambda run_id: str(told.get(run_id, otherwise))
