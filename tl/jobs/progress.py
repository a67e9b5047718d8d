"""How far runs are and how long they still take: the same on the page and on a terminal. Imports no pandas."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from tl.analysis.time_estimate import RunState, times_left
from tl.config import RunConfig
from tl.jobs.listing import RunEntry
from tl.store.device_lock import places
from tl.store.documents import Progress, read_config
from tl.store.home import Home


def epochs_done(run: RunEntry) -> float:
    """Epochs done of its budget, the one under way as a fraction; all of them once it tests or has finished.

    Never falls back while a run goes on: validating follows training of the same epoch. What was trained of an epoch
    when a run ended is lost, and does not count.
    """
    progress = run.progress or Progress()
    if run.status == "finished" or progress.phase in ("testing", "done"):  # perhaps earlier than planned
        return run.max_epochs
    reached = float(run.epochs)
    if progress.phase == "training" and progress.steps:
        reached = max(reached, progress.epoch - 1 + min(1.0, progress.step / progress.steps))
    elif progress.phase == "validating":
        reached = max(reached, progress.epoch)
    return min(reached, run.max_epochs)


def share_done(runs: Sequence[RunEntry]) -> float:
    """How much of the budget of these runs is done, 0..1, each counting alike."""
    return sum(epochs_done(run) / run.max_epochs for run in runs) / len(runs)


def seconds_left(
    home: Home, runs: Sequence[RunEntry], epochs_of: Callable[[str], Sequence[Mapping[Any, Any]]]
) -> dict[str, float | None]:
    """Run -> seconds until it is done, at most, of those of an experiment that are under way; None where not known yet.

    `epochs_of` gives the rows of a run's metrics. Arms alternate: while one does an epoch, every other does one as well.
    """
    states: dict[str, RunState] = {}
    for run in runs:
        config = read_config(home.run(run.run_id)) if run.status == "running" else None
        if isinstance(config, RunConfig):
            states[run.run_id] = RunState(config=config, progress=run.progress, epochs=epochs_of(run.run_id))
    return times_left(states, places(home.locks_dir))
