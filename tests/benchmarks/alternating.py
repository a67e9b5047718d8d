"""Two arms that alternate epoch by epoch against the same two one after the other."""

import time
from dataclasses import replace
from statistics import median

from tests.benchmarks.contest import contest, ours
from tests.benchmarks.pictures import flowers_dataset
from tests.benchmarks.row import Row, share
from tests.benchmarks.runs import new_run
from tests.benchmarks.scale import Scale
from tl.config import Training
from tl.store.home import Home

ARMS = ("scratch", "full_finetuning")
MOST = 1.03


def alternating(home: Home, scale: Scale) -> list[Row]:
    """Sum of both arms' computing times, and the time on the clock with start-up."""
    dataset, _ = flowers_dataset(home, 64, scale.alternating_pictures, scale.validation)
    settings = Training(dataset=dataset, batch_size=scale.batch_size, epochs=scale.alternating_epochs)
    contest([ours("first", new_run(home, ARMS[0], replace(settings, epochs=1)))])  # chooses the precision, uncounted
    measured: dict[bool, list[tuple[float, float]]] = {True: [], False: []}
    for _ in range(scale.alternating_rounds):
        for together in (True, False):
            measured[together].append(_both(home, settings, together))
    computing, clock = ({kind: median(pair[place] for pair in measured[kind]) for kind in measured} for place in (0, 1))
    against = "one after the other"
    return [
        share("two arms alternating, computing time", computing[True], "s", against, computing[False], at_most=MOST),
        share("two arms alternating, on the clock", clock[True], "s", against, clock[False]),
    ]


def _both(home: Home, settings: Training, together: bool) -> tuple[float, float]:
    """Computing time of both arms, and time on the clock, in seconds."""
    contestants = [ours(name, new_run(home, name, settings)) for name in ARMS]
    began = time.monotonic()
    turns = contest(contestants) if together else contest(contestants[:1]) | contest(contestants[1:])
    return sum(rows[-1]["elapsed_seconds"] for rows in turns.values()), time.monotonic() - began
