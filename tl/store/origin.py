"""Where the network of a run lies: with the run, or with an earlier one that it was taken over from."""

from tl.config import Refused
from tl.store.files import read_json
from tl.store.home import Run

ORIGIN = "origin"  # in result.json: id of the run that trained what this one has taken over
MOST = 100  # runs that one is taken over through


def with_network(run: Run) -> Run | None:
    """The run, or the one it was taken over from, that has the best epoch's network; None where no one has it any more."""
    for _ in range(MOST):
        if run.best.is_file():
            return run
        result = read_json(run.result)
        origin = result.get(ORIGIN) if isinstance(result, dict) else None
        if not isinstance(origin, str):
            return None
        try:
            run = run.home.run(origin)
        except Refused:  # no id
            return None
    return None
