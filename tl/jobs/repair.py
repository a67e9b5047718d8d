"""A new queue from the folders of the runs, where the old one is damaged or gone; the damaged file is kept.

What trained is ended first and can be resumed like everything else that has not finished.
"""

import json
import os
import signal
import sqlite3
import time
from collections import Counter
from collections.abc import Container, Iterator
from contextlib import closing, suppress
from dataclasses import fields
from pathlib import Path
from typing import Any, TypedDict

from tl.config import ID_PATTERN, Experiment, Newer, Refused, RunConfig, Training, newer, refusal
from tl.config.experiment import DECIDED
from tl.jobs.endings import RESULTS, rebuilt
from tl.jobs.launchers import catalogue, processes
from tl.jobs.launchers.launcher import KILL_SECONDS, Unreachable
from tl.jobs.start import holder, take_lock
from tl.languages import say
from tl.store.documents import Result, read_config, read_result
from tl.store.home import Home, Run
from tl.store.quarantine import announced, sweep_abandoned
from tl.store.queue import database
from tl.store.queue.damage import QueueDamaged
from tl.store.queue.rows import experiment_of
from tl.store.queue.schema import select

# Settings in which an experiment's runs may differ, with what the experiment has then: they go on with what there is.
_OWN = DECIDED | {"devices": 1}
_SHARED = [entry.name for entry in fields(Training) if entry.name not in _OWN]

TOGETHER_SECONDS = 1.0  # between the ids of runs that were queued at once, at most; seeds are added after a training


class Done(TypedDict):
    """What was done for a queue, as `--json` says it."""

    sound: bool  # there was nothing to do
    kept: str | None  # where the damaged file lies now; None where there was none
    experiments: int  # in the new queue
    runs: int
    left_out: list[str]  # folders of runs whose settings can't be read


def repair(home: Home) -> Done:
    """What was done for everybody's queue under this root.

    Raises Refused where what works on the queue can't be ended, and where a newer TL Lab has written the queue or a run:
    then nothing is touched.
    """
    home = home.of(None)
    workspaces = [home, *home.visitors()]
    for workspace in workspaces:
        sweep_abandoned(workspace)
    done: Done = {"sound": _sound(home), "kept": None, "experiments": 0, "runs": 0, "left_out": []}
    if done["sound"]:
        return done
    _check_known(home)
    lock = _sole_lock(home)
    try:
        known = _salvaged(home)
        for run in (run for workspace in workspaces for run in _folders(workspace, known)):
            _end(run)
        done["kept"] = _set_aside(home)
        for workspace in workspaces:
            _index(workspace, known, done)
            sweep_abandoned(workspace)  # now that the queue can be read
        return done
    finally:
        os.close(lock)


def _sound(home: Home) -> bool:
    """Whether all of the queue can be read; one without anything is not sound where runs lie in folders."""
    try:
        checks = select(home, "PRAGMA integrity_check") + select(home, "PRAGMA foreign_key_check")
        specs = [row["spec"] for row in select(home, "SELECT spec FROM experiments", everyone=True)]
        database.read_runs(home, everyone=True)
        for spec in specs:  # one that has lost its runs, too
            experiment_of(spec)
    except QueueDamaged:
        return False
    if not specs:
        return not any(run for workspace in (home, *home.visitors()) for run in _folders(workspace))
    return checks == [{"integrity_check": "ok"}]


def _check_known(home: Home) -> None:
    """Refuse where a newer TL Lab has written anything: what it means is not known here, and its training may go on."""
    for row in _salvaged(home).values():
        with suppress(QueueDamaged):
            experiment_of(row["spec"])
    for run in (run for workspace in (home, *home.visitors()) for run in _folders(workspace)):
        if isinstance(found := read_config(run), Newer):
            raise Refused(newer(say("Run {run}", run=run.folder.name), found))


def _folders(workspace: Home, known: Container[str] = ()) -> Iterator[Run]:
    """Runs of one workspace that are on the disk, without those that were being brought in when a kill came.

    `known`: experiments that were in the queue; theirs are runs, for all that was not tidied up.
    """
    coming = announced(workspace)
    for folder in sorted(workspace.runs_dir.glob("*")):
        if not ID_PATTERN.fullmatch(folder.name):
            continue
        run = workspace.run(folder.name)
        if folder.name in coming and (
            not isinstance(config := read_config(run), RunConfig) or config.experiment_id not in known
        ):
            continue
        yield run


def _sole_lock(home: Home) -> int:
    """The lock of the only supervisor, whose holder is ended."""
    end = time.monotonic() + KILL_SECONDS
    while (lock := take_lock(home)) is None:
        works = holder(home)
        if time.monotonic() > end:
            process = works.pid if works else say("unknown")
            raise refusal("Process {process} works on the queue and does not end; end it first.", process=process)
        if works and processes.alive(works):
            os.kill(works.pid, signal.SIGTERM)
        time.sleep(0.1)
    return lock


def _end(run: Run) -> None:
    """End what trains the run, letting it keep what it has."""
    try:
        for launcher in catalogue.in_use():
            launcher.terminate(run.folder.name, launcher.adopt(run))
    except (TimeoutError, Unreachable) as problem:
        raise Refused(str(problem)) from None


def _salvaged(home: Home) -> dict[str, dict[str, Any]]:
    """Experiment id -> its row, as far as the damaged file can still be read."""
    found: dict[str, dict[str, Any]] = {}
    if not home.database_path.exists():
        return found
    with closing(sqlite3.connect(home.database_path)) as connection:
        connection.row_factory = sqlite3.Row
        with suppress(sqlite3.DatabaseError, ValueError):  # what comes before the damage is something
            for row in connection.execute("SELECT id, spec, sweep_id FROM experiments"):
                found[row["id"]] = dict(row)
    return found


def _set_aside(home: Home) -> str | None:
    """Move the file, and what SQLite keeps beside it; its new name."""
    if not home.database_path.exists():
        return None
    kept = home.database_path.with_name(time.strftime(f"{home.database_path.name}.damaged-%Y%m%d-%H%M%S"))
    for suffix in ("", "-wal", "-shm"):
        part = Path(f"{home.database_path}{suffix}")
        if part.exists():
            part.rename(f"{kept}{suffix}")
    return str(kept)


def _index(workspace: Home, known: dict[str, dict[str, Any]], done: Done) -> None:
    """Put the workspace's runs into the new queue."""
    groups: dict[str, list[RunConfig]] = {}
    for run in _folders(workspace, known):
        config = read_config(run)
        if (
            not isinstance(config, RunConfig)
            or config.run_id != run.folder.name
            or not ID_PATTERN.fullmatch(str(config.experiment_id))
        ):
            done["left_out"].append(str(run.folder))
        else:
            groups.setdefault(config.experiment_id, []).append(config)
    for experiment_id, configs in groups.items():
        old = known.get(experiment_id, {})
        try:
            looks = _looks(configs) if workspace.owner is None else ()  # ids of what visitors import tell no time
            told = _experiments(old, configs, looks)
            fits = [(experiment, _in_order(experiment, configs)) for experiment in told]
            experiment, own = max(fits, key=lambda fit: len(fit[1]))
            created = int(experiment_id[:10], 32) / 1000  # an id begins with its time
            rows = [_row(workspace.run(config.run_id), config, created) for config in own]
            sweep_id = old.get("sweep_id")
            sweep_id = sweep_id if isinstance(sweep_id, str) and ID_PATTERN.fullmatch(sweep_id) else None
            database.insert_ended(workspace, [(experiment_id, experiment, created, rows)], sweep_id)
        except (Refused, TypeError, sqlite3.IntegrityError):
            own = []
        done["experiments"] += bool(own)
        done["runs"] += len(own)
        placed = {config.run_id for config in own}
        lost = [config.run_id for config in configs if config.run_id not in placed]
        done["left_out"] += [str(workspace.run(run_id).folder) for run_id in lost]


def _experiments(old: dict[str, Any], configs: list[RunConfig], looks: tuple[int, ...]) -> Iterator[Experiment]:
    """What it may have been: as the old queue had it, and what its runs say. Raises Refused where they say nonsense."""
    with suppress(KeyError, QueueDamaged):
        yield experiment_of(old["spec"])
    [(told, _)] = Counter(json.dumps(_shared(config)) for config in configs).most_common(1)
    settings: dict[str, Any] = json.loads(told)
    for name, left in _OWN.items():
        found = {getattr(config, name) for config in configs}
        settings[name] = found.pop() if len(found) == 1 else left
    arms = {config.arm_position: config.arm for config in configs}
    yield Experiment(
        **settings,
        arms=tuple(arms[position] for position in sorted(arms)),
        seeds=tuple(sorted({config.seed for config in configs})),
        looks=looks,
    )


def _looks(configs: list[RunConfig]) -> tuple[int, ...]:
    """At which numbers of seeds it was judged: those that were added later have runs whose ids began later."""
    born: dict[int, float] = {}
    for config in configs:
        began = int(config.run_id[:10], 32) / 1000  # an id begins with its time
        born[config.seed] = min(began, born.get(config.seed, began))
    times = sorted(born.values())
    grown = [place for place in range(1, len(times)) if times[place] - times[place - 1] > TOGETHER_SECONDS]
    return (*grown, len(times)) if grown else ()


def _shared(config: Training) -> dict[str, Any]:
    return {name: getattr(config, name) for name in _SHARED}


def _in_order(experiment: Experiment, configs: list[RunConfig]) -> list[RunConfig]:
    """Those that belong to the experiment, seed by seed."""
    places = {
        (arm.name, seed): (turn, place)
        for turn, seed in enumerate(experiment.seeds)
        for place, arm in enumerate(experiment.arms)
    }
    own = {(config.arm.name, config.seed): config for config in configs if _shared(config) == _shared(experiment)}
    return [own[key] for key in sorted(own.keys() & places.keys(), key=places.__getitem__)]


def _row(run: Run, config: RunConfig, created: float) -> dict[str, Any]:
    result = read_result(run) or Result()
    end = {"status": result.status, "reason": result.reason, "message": result.message_said or result.message}
    ended = run.result.stat().st_mtime if run.result.exists() else None
    times = {"created": created, "started": None, "ended": ended}
    about = {"run_id": config.run_id, "arm": config.arm.name, "seed": config.seed}
    return about | (end if end["status"] in RESULTS else rebuilt(run)) | times
