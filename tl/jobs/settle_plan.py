"""What may be run until it is settled, and how long it has been running: tl.store.queue.settle_plan and the clock.

Imports nothing of the queue, which uses it.
"""

import time
from collections.abc import Sequence
from dataclasses import replace

from tl.config import PLANNED_LOOKS, Experiment, refusal
from tl.jobs.launchers import processes
from tl.jobs.listing import RunLine
from tl.languages import later
from tl.store.queue.rows import RunRow
from tl.store.queue.settle_plan import SettlePlan

LEAST_SEEDS = PLANNED_LOOKS[0]  # with fewer there is nothing to judge


def begun_plan(plan: SettlePlan, experiment: Experiment) -> SettlePlan:
    """The plan as it begins now for this experiment. Raises Refused where it can't be run until settled."""
    if len(experiment.arms) < 2:
        raise refusal("There is nothing to settle with one arm; compare at least two.")
    seeds = len(experiment.seeds)
    if seeds > PLANNED_LOOKS[-1]:
        text = later("There are {seeds} seeds already; a comparison can be run until settled with at most {most}.")
        raise refusal(text, seeds=seeds, most=PLANNED_LOOKS[-1])
    if seeds > plan.at_most_seeds:
        text = later("at most seeds is {wanted}, but there are {seeds} already; choose more, {most} at most.")
        raise refusal(text, wanted=plan.at_most_seeds, seeds=seeds, most=PLANNED_LOOKS[-1])
    fresh = replace(plan, looks=(), ended=None, message=None)
    return replace(fresh, began=time.time(), up=_up(), boot_id=processes.boot_id())


def spent_seconds(plan: SettlePlan, runs: Sequence[RunRow | RunLine]) -> float:
    """Seconds since the first of its runs trained: what is waited in the queue behind others is no time of its own.

    By the clock that nobody can set, after a restart of the machine by the other one.
    """
    if plan.up is not None and plan.boot_id == processes.boot_id():
        since = max(0.0, _up() - plan.up)
    else:
        since = max(0.0, time.time() - plan.began)
    if any(run.status == "running" and run.started and run.started <= plan.began for run in runs):
        return since
    first = min((run.started for run in runs if run.started and run.started > plan.began), default=None)
    if first is None:
        return 0.0 if any(run.status == "queued" for run in runs) else since
    return max(0.0, since - (first - plan.began))


def _up() -> float:
    return time.clock_gettime(time.CLOCK_BOOTTIME)


def with_seeds(experiment: Experiment, up_to: int, looks: tuple[int, ...] = ()) -> Experiment:
    """The experiment with the next unused whole numbers as seeds, until it has `up_to`, judged at `looks`."""
    free = (seed for seed in range(len(experiment.seeds) + up_to) if seed not in experiment.seeds)
    more = tuple(seed for seed, _ in zip(free, range(up_to - len(experiment.seeds)), strict=False))
    return replace(experiment, seeds=experiment.seeds + more, looks=looks)


def with_least_seeds(experiment: Experiment) -> Experiment:
    """The experiment with as many seeds as there must be at the first look."""
    return with_seeds(experiment, LEAST_SEEDS) if len(experiment.seeds) < LEAST_SEEDS else experiment
