"""Sweeps: one comparison at several sizes, each an ordinary experiment in the one queue, the smallest first."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from tl.config import Experiment, new_id, refusal
from tl.differences import each_of
from tl.jobs.endings import out_of_time
from tl.jobs.listing import RunEntry
from tl.jobs.queue import enqueue, list_runs, resolved, resume_all
from tl.jobs.sizes import MIN_SIZES, TOO_FEW
from tl.languages import later
from tl.store.home import Home
from tl.store.queue import database


def submit_sweep(home: Home, experiment: Experiment, sizes: Iterable[int], key: str | None = None) -> str:
    """Queue `experiment` once per size, all or none; the sweep's id. The same `key` twice is the same sweep.

    Sizes are nested: the pictures of a smaller one are among those of a larger one. Raises Refused as `submit` does,
    and for fewer than two different sizes.
    """
    if key and (earlier := database.experiment_with_key(home, key)):
        return _sweep_of(home, earlier)
    sizes = sorted(set(sizes))
    experiments = [resolved(home, replace(experiment, samples=size)) for size in sizes]
    if len(sizes) < MIN_SIZES:
        raise refusal(TOO_FEW, sizes=MIN_SIZES)
    return _sweep_of(home, enqueue(home, experiments, key, sweep_id=new_id()))


NO_TIME_LEFT = later(
    "Sweep {sweep} has no run that could be resumed: all have had their time, or are finished, running or queued."
)
NOTHING_ENDED = later("Sweep {sweep} has no run that could be resumed: all are finished, running or queued.")


def _sweep_of(home: Home, experiment_id: str) -> str:
    sweep_id: str | None = database.read_experiment(home, experiment_id)["sweep_id"]
    if sweep_id is None:
        raise refusal("This was already started as a single comparison; start again for a sweep.")
    return sweep_id


def sweep(home: Home, sweep_id: str) -> dict[str, Any]:
    """As `database.read_sweep`, and `runs` of all sizes as in `list_runs`. Raises Refused for an unknown id."""
    found = database.read_sweep(home, sweep_id)
    return found | {"runs": [run for experiment_id in found["experiments"] for run in list_runs(home, experiment_id)]}


def list_sweeps(home: Home) -> list[dict[str, Any]]:
    """Every sweep, the newest first: `sweep_id, created, dataset, target_dataset, backbone, resolution, sizes, arms, seeds,
    runs`.

    `runs` counts them by status; `networks`: all that its arms train, where some have their own.
    """
    listed = []
    for found in database.read_sweeps(home):
        first = next(iter(found["experiments"].values()))
        rows = [row for experiment_id in found["experiments"] for row in database.read_runs(home, experiment_id)]
        listed.append(
            {
                "sweep_id": found["sweep_id"],
                "created": found["created"],
                "dataset": first.dataset,
                "target_dataset": first.target_dataset,
                "backbone": first.backbone,
                "networks": list(dict.fromkeys(own.backbone for own in each_of(first))),
                "resolution": first.resolution,
                "sizes": [experiment.samples for experiment in found["experiments"].values()],
                "arms": [arm.name for arm in first.arms],
                "seeds": list(first.seeds),
                "runs": dict(Counter(row.status for row in rows)),
            }
        )
    return listed


def resume_sweep(home: Home, sweep_id: str) -> list[RunEntry]:
    """Queue every run of a sweep that ended without finishing again; those runs, as in `list_runs`.

    Without those that have had their time. Raises Refused for an unknown id, where nothing is left to resume,
    or where all of them would be too many.
    """
    ended = [run for run in sweep(home, sweep_id)["runs"] if run.status in ("stopped", "failed", "interrupted")]
    unfinished = [run.run_id for run in ended if not out_of_time(home, database.read_run(home, run.run_id))]
    if not unfinished:
        raise refusal(NO_TIME_LEFT if ended else NOTHING_ENDED, sweep=sweep_id)
    return resume_all(home, unfinished)
