"""Experiments and runs as pages and the command line see them: submit, list, resume; to stop them: stopping.py.

Needs no living supervisor, but what is queued starts only when there is one: see ensure_supervisor.
"""

import sqlite3
import time
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from tl.config import ACCURACY, BALANCED_ACCURACY, ArmConfig, Experiment, Newer, Refused, new_id, newer, refusal
from tl.config.arm import of_arm
from tl.jobs import devices, settle_plan
from tl.jobs.dead_trainers import as_if_recorded, record_if_dead
from tl.jobs.endings import out_of_time
from tl.jobs.launchers import catalogue
from tl.jobs.listing import RunEntry, RunLine, in_full, line_of
from tl.jobs.queue_order import in_order
from tl.languages import later, say
from tl.store.documents import read_config
from tl.store.files import write_json
from tl.store.home import Home
from tl.store.queue import database, everybody
from tl.store.queue.growth import with_ended
from tl.store.queue.rows import RunRow, Waiting
from tl.store.queue.schema import ACTIVE, kept_open
from tl.store.queue.settle_plan import SettlePlan
from tl.store.titles import title_of

_FORGET = dict.fromkeys(("handle", "ended", "reason", "message"))


def submit(
    home: Home,
    experiment: Experiment,
    key: str | None = None,
    settle: SettlePlan | None = None,
    keep_of: str | None = None,
) -> str:
    """Queue an experiment; its id. `settle`: add seeds to it until it is settled. The same `key` twice (a double click)
    is the same experiment, and so is the same under another key a moment later (a second tab). `keep_of`: id of an
    earlier one, whose finished runs are taken over for the arms that are as they were there (see tl.jobs.reused_runs).

    Raises Refused where the data set, the sample count or the weights do not exist, or where it is too much.
    """
    if key and (earlier := database.experiment_with_key(home, key)):
        return earlier
    return enqueue(
        home,
        [resolved(home, experiment)],
        key,
        settle=settle and settle_plan.begun_plan(settle, experiment),
        keep_of=keep_of,
    )


def enqueue(
    home: Home,
    experiments: list[Experiment],
    key: str | None,
    sweep_id: str | None = None,
    settle: SettlePlan | None = None,
    keep_of: str | None = None,
) -> str:
    """Queue resolved experiments, all or none, to be trained in this order; id of the first (or of the key's owner).

    Raises Refused where weights are not here and can't be downloaded, or nothing can be started: better now than later.
    """
    # Takes a second (numpy, pandas); before the rows are there, so that Ctrl-C meanwhile leaves nothing behind.
    from tl.jobs.measurements.advice import predict
    from tl.store.quarantine import announce, quarantine

    ids = sorted(new_id() for _ in experiments)
    runs = [experiment.runs(experiment_id) for experiment, experiment_id in zip(experiments, ids, strict=True)]
    catalogue.check()
    check_weights(home, experiments)
    keep: dict[str, RunRow] = {}
    if keep_of:
        from tl.jobs.reused_runs import reusable_runs, take_over
        from tl.jobs.seeds import decided_as

        runs = [decided_as(home, database.read_runs(home, keep_of), own) for own in runs]
        keep = reusable_runs(home, keep_of, experiments[0], runs[0])
    with quarantine(home, home.runs_dir) as incoming:
        announce(incoming, [run.run_id for own in runs for run in own])  # without a row they go with it, even killed
        for run in (run for own in runs for run in own):  # before the rows: a run that can be seen is complete
            if run.run_id in keep:
                take_over(home, keep[run.run_id], run)
            else:
                write_json(home.run(run.run_id).config, run.to_json())
        submitted = list(zip(experiments, runs, strict=True))
        admit = with_ended(keep, admission_of(home, {name for own in experiments for name in own.sets}))
        stored = database.insert_experiments(home, submitted, key, sweep_id, admit, settle)
    if stored == ids[0]:
        for experiment_id, experiment in zip(ids, experiments, strict=True):
            predict(home, experiment_id, experiment)
    return stored


def check_weights(home: Home, experiments: list[Experiment]) -> None:
    """Refuse experiments whose weights are neither here nor to be had."""
    from tl import sources  # numpy
    from tl.sources import hub

    found = {(entry.backbone, entry.key): entry for own in experiments for entry in sources.used(home, own)}
    for entry in found.values():
        hub.check(entry)


def admission_of(home: Home, names: set[str]) -> database.Admission:
    """What refuses runs in the transaction that queues them; also where a data set of these names was deleted meanwhile."""
    from tl import datasets

    def with_pictures(connection: sqlite3.Connection) -> None:
        home.policy.admit(connection)
        for name in names:
            datasets.describe(home, name)

    return with_pictures


def resolved(home: Home, experiment: Experiment) -> Experiment:
    """The experiment with its sample count, its weights, its splits and what it is judged by spelled out.

    Raises Refused where it can't be run.
    """
    from tl import datasets, sources  # numpy and Pillow: not for listing and stopping

    info = datasets.describe_for(home, experiment)
    datasets.check_for(home, experiment, {arm.strategy for arm in experiment.arms})
    samples = info.train if experiment.samples is None else experiment.samples
    if samples > info.train:
        text = later("{dataset} has only {train:,} training pictures; choose at most that many, not {samples:,}.")
        raise refusal(text, samples=samples, dataset=info.called, train=info.train)
    if samples < len(info.classes):
        text = later(
            "{dataset} has {classes} classes, and each needs a picture; {samples} training pictures are too few."
        )
        raise refusal(text, samples=samples, dataset=info.called, classes=len(info.classes))
    sets = [datasets.describe(home, name) for name in experiment.sets]
    devices.check(experiment.devices)
    home.policy.check_settings(experiment, info.train, 0 if sets[-1].origin == "drawn" else sets[-1].train)
    arms = tuple(_with_weights(home, experiment, arm) for arm in experiment.arms)
    weights = experiment.weights
    if any(arm.pretrained and arm.weights is None for arm in arms):
        weights = sources.resolve(home, experiment.backbone, weights)
    judge_by = experiment.judge_by
    if judge_by == "auto":
        judge_by = BALANCED_ACCURACY if info.uneven else ACCURACY
    resplit = experiment.resplit
    if resplit is None:  # a target's test pictures are the same for every seed: the source's are no test
        resplit = len(sets) == 1 and datasets.resplits_by_itself(home, sets[0])
    if resplit:
        datasets.check_resplit(home, sets[0])
    return replace(experiment, samples=samples, weights=weights, judge_by=judge_by, resplit=resplit, arms=arms)


def _with_weights(home: Home, experiment: Experiment, arm: ArmConfig) -> ArmConfig:
    """The arm with its own weights spelled out, where it needs some that are not the experiment's. Raises Refused."""
    from tl import sources

    own = experiment.of(arm)
    alike = arm.weights is None and own.backbone == experiment.backbone
    if alike or not arm.pretrained:
        return arm
    try:
        return replace(arm, weights=sources.resolve(home, own.backbone, own.weights))
    except Refused as problem:
        raise Refused(of_arm(arm, problem)) from None


def experiment(home: Home, experiment_id: str) -> dict[str, Any]:
    """As tl.store.queue.database.read_experiment, and `"runs"` as list_runs; Refused when unknown."""
    return database.read_experiment(home, experiment_id) | {"runs": list_runs(home, experiment_id)}


def list_runs(home: Home, experiment_id: str | None = None) -> list[RunEntry]:
    """What is known of every run (or one experiment's), newest experiment first, in it in the order of training."""
    return [in_full(home, line) for line in list_lines(home, experiment_id)]


def list_lines(home: Home, experiment_id: str | None = None) -> list[RunLine]:
    """`list_runs` without what the files of the runs tell."""
    with kept_open():
        rows = database.read_runs(home, experiment_id)
        places = _places(home) if any(row.status == "queued" for row in rows) else {}
    return [_listed(home, row, places) for row in rows]


def _places(home: Home) -> dict[str, int]:
    """Run id -> place in the queue, from 1."""
    return {row.run_id: place for place, row in enumerate(waiting_runs(home), 1)}


def waiting_runs(home: Home) -> list[Waiting]:
    """Everybody's runs that wait, in the order in which they will train."""
    queued = everybody.waiting(home)
    return in_order(queued, everybody.served(home) if queued else {})


def run(home: Home, run_id: str) -> RunEntry:
    """One run as in `list_runs`. Raises Refused for an unknown id."""
    row = database.read_run(home, run_id)
    return in_full(home, _listed(home, row, _places(home) if row.status == "queued" else {}))


def resume(home: Home, run_id: str) -> RunEntry:
    """Queue an ended run again, to go on after its last finished epoch; as in `list_runs`.

    Raises Refused for an unknown id, for a run that is finished, running or queued or whose pictures were deleted;
    also where the queue is full or the run has had its time.
    """
    return resume_all(home, [run_id])[0]


def resume_on(home: Home, run_id: str, number: int) -> RunEntry:
    """`resume` on so many devices. Raises Refused also where there are fewer."""
    if _resumable(home, run_id).status not in ACTIVE:
        devices.go_on_with(home, run_id, number)
    return resume(home, run_id)


def resume_all(home: Home, run_ids: Iterable[str]) -> list[RunEntry]:
    """`resume` of several: all of them or, where one is refused, none."""
    catalogue.check()
    rows = [_resumable(home, run_id) for run_id in run_ids]
    admit = admission_of(home, {name for row in rows for name in row.experiment.sets})
    database.requeue(home, rows, admit, **_FORGET, queued=time.time(), stop_requested=0)
    return [run(home, row.run_id) for row in rows]


def _resumable(home: Home, run_id: str) -> RunRow:
    """The row of a run that may be queued again. Raises Refused where nothing is left to resume."""
    from tl import datasets

    row = record_if_dead(home, database.read_run(home, run_id))
    if row.status == "finished":
        raise refusal("Run {run} is finished; there is nothing left to resume.", run=run_id)
    if home.run(run_id).imported.exists():
        raise refusal(
            "Run {run} was imported without its trained weights; start the comparison again instead.", run=run_id
        )
    if out_of_time(home, row):
        minutes = home.policy.run_minutes
        raise refusal(
            "Run {run} has trained for the {minutes:,} min that a run may take here.", run=run_id, minutes=minutes
        )
    if isinstance(found := read_config(home.run(run_id)), Newer):
        raise Refused(newer(say("Run {run}", run=run_id), found))
    name = next((name for name in row.experiment.sets if not datasets.has(home, name)), None)
    if row.status not in ACTIVE and name is not None:
        text = later("Run {run} can't go on: its pictures, the data set {dataset!r}, were deleted.")
        raise refusal(text, run=run_id, dataset=title_of(home, name))
    return row


def _listed(home: Home, row: RunRow, places: dict[str, int]) -> RunLine:
    row = as_if_recorded(home, row)
    return line_of(row, places.get(row.run_id) if row.status == "queued" else None)
