"""Look at a picture with the networks of finished runs: in the background, giving way to runs.

`ask` starts `python -m tl.jobs.measurements.saliency HOME PICTURE RUN_ID...`; what it found is read by tl.store.saliency.
"""

import subprocess
import sys
from collections.abc import Sequence
from functools import partial

from tl.jobs import background
from tl.languages import later, say, store_sentence
from tl.store.home import Home
from tl.store.saliency import Failed, drop_pixels, forget_saliency, read_saliency, write_saliency

LIMIT_SECONDS = 300.0  # several large networks on a slow machine, and pictures to decode before
LOCK = "looking.lock"  # under which one process looks
working = partial(background.working, name=LOCK)  # whether the background job works
COMMAND = (sys.executable, "-m", "tl.train.looking.one_picture")
CAME_FIRST = later("A run was started meanwhile; try again when nothing trains.")


def ask(home: Home, picture: str, runs: Sequence[str]) -> bool:
    """Start looking at a picture (its place, or the name `hand_over` gave), unless something trains or somebody looks
    already; whether it began."""

    def forget() -> None:  # what failed before is tried again
        for run_id in runs:
            forget_saliency(home, run_id, picture)

    return background.begin(home, LOCK, __name__, [picture, *runs], first=forget)


def _ask_networks(home: Home, picture: str, runs: Sequence[str]) -> None:
    """Every run gets its answer in the cache, or a sentence, stored, why not."""
    problem = None
    try:
        ended = background.run(home, [*COMMAND, "--home", str(home.path), "--picture", picture, *runs], LIMIT_SECONDS)
        if ended is None:
            problem = store_sentence(say(CAME_FIRST))
        elif ended.returncode:
            problem = next(
                iter(ended.stderr.strip().splitlines()[-1:]), store_sentence(say("Looking at the picture failed."))
            )
    except subprocess.TimeoutExpired:
        problem = store_sentence(
            say("Looking at the picture took longer than {minutes:.0f} minutes.", minutes=LIMIT_SECONDS / 60)
        )
    finally:
        drop_pixels(home, picture)
    for run_id in runs if problem else ():
        if read_saliency(home, run_id, picture) is None:
            write_saliency(home, run_id, picture, Failed(problem or ""))


if __name__ == "__main__":
    # Started by `ask`, which handed over the lock: ask at once.
    _ask_networks(Home(sys.argv[1]), sys.argv[2], sys.argv[3:])
