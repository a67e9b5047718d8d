"""The queue across visitors, for what keeps it: how full it is, what waits, who was served when, changes of many runs,
whether anything is left to do, the end of an owner's rows."""

import json
import sqlite3
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from tl.config import Training
from tl.store.home import Home
from tl.store.queue.database import moved
from tl.store.queue.rows import RunRow, Waiting, experiment_of, row_of, waiting_of
from tl.store.queue.schema import ACTIVE, select, writing
from tl.store.queue.settle_plan import has_open

_ACTIVE = f"status IN ({', '.join(map(repr, ACTIVE))})"


class Load(NamedTuple):
    """What is in the queue at this moment."""

    training: list[Training]  # of each run of this home that trains or waits, as its arm has it
    kept: int  # runs of this home, whatever became of them
    everybody: list[str]  # networks of the runs of all homes that train or wait


def load(home: Home, connection: sqlite3.Connection) -> Load:
    """How full the queue is, inside the transaction of this home that fills it."""
    active = f"""SELECT owner, spec, arm, count(*) AS runs FROM main.runs JOIN main.experiments ON experiments.id = experiment_id
        WHERE {_ACTIVE} GROUP BY experiment_id, arm"""  # not shown
    ours: list[Training] = []
    networks: list[str] = []
    for row in connection.execute(active):
        experiment = experiment_of(row["spec"])
        # Of an arm that is not there, since the file is damaged: the experiment.
        arms = [experiment.of(arm) for arm in experiment.arms if arm.name == row["arm"]] or [experiment]
        networks += [arms[0].backbone] * row["runs"]
        ours += arms[:1] * row["runs"] if row["owner"] == home.owner else []
    kept = connection.execute("SELECT count(*) FROM runs").fetchone()[0]
    return Load(ours, kept, networks)


def served(home: Home) -> dict[str | None, float]:
    """Owner -> when a run of theirs was last started, Unix seconds; without those who never had a turn."""
    query = "SELECT owner, max(started) AS started FROM runs WHERE started IS NOT NULL GROUP BY owner"  # not shown
    return {row["owner"]: row["started"] for row in select(home, query, everyone=True)}


def waiting(home: Home) -> list[Waiting]:
    """Everybody's runs that wait. Without their experiments: of ten thousand only those are read whose turn it is."""
    query = "SELECT run_id, experiment_id, seed, position, queued, owner FROM runs WHERE status = 'queued'"  # not shown
    return waiting_of(select(home, query, everyone=True))


def rows_of(home: Home, run_ids: list[str]) -> list[RunRow]:
    """The rows of these runs, in this order, whoever's they are; without those that are gone."""
    query = "SELECT * FROM runs WHERE id IN (SELECT value FROM json_each(?))"
    rows = {row.run_id: row for row in map(row_of, select(home, query, (json.dumps(run_ids),), everyone=True))}
    return [rows[run_id] for run_id in run_ids if run_id in rows]


class Move(NamedTuple):
    """What a run (a row, as it was seen) is to become, with these columns."""

    run: RunRow
    status: str
    values: dict[str, Any]


def move_all(home: Home, moves: list[Move]) -> list[bool]:
    """Each as by `database.move`, all in one transaction, which the disk is waited for once; which of them were done."""
    if not moves:
        return []
    with writing(home, everyone=True) as connection:
        return [moved(connection, home.of(run.owner), run, status, values) for run, status, values in moves]


def known_runs(home: Home, run_ids: Iterable[str]) -> set[str]:
    """Those of the runs that are in the queue, whoever's they are."""
    query, document = "SELECT id FROM runs WHERE id IN (SELECT value FROM json_each(?))", json.dumps(list(run_ids))
    return {row["id"] for row in select(home, query, (document,), everyone=True)}


def anything_waits(home: Home) -> bool:
    return bool(select(home, "SELECT 1 FROM runs WHERE status = 'queued' LIMIT 1", everyone=True))


def has_rows(home: Home) -> bool:
    return bool(select(home, "SELECT 1 FROM experiments LIMIT 1"))


def delete_owner(home: Home, take_files: Callable[[], bool]) -> bool:
    """Delete all rows of `home.owner` if nothing of theirs trains or waits and `take_files`, called then, agrees.

    In one transaction: nothing can be queued between the look and the end, and whatever is raised keeps the rows.
    False: they stay.
    """
    assert home.owner is not None, "only a visitor's workspace ends"  # not shown
    with writing(home) as connection:
        if connection.execute(f"SELECT 1 FROM runs WHERE {_ACTIVE}").fetchone():
            return False
        if not take_files():
            return False
        connection.execute("DELETE FROM main.runs WHERE experiment_id IN (SELECT id FROM experiments)")
        connection.execute("DELETE FROM main.experiments WHERE id IN (SELECT id FROM experiments)")
        return True


def when_idle(home: Home, action: Callable[[], None]) -> bool:
    """Do `action` if nobody has anything queued, running or to be settled: nothing can come between look and action."""
    if not home.database_path.exists():  # removed while a supervisor worked: don't make it again
        action()
        return True
    with writing(home, everyone=True) as connection:
        if connection.execute(f"SELECT 1 FROM runs WHERE {_ACTIVE} LIMIT 1").fetchone() or has_open(connection):
            return False
        action()
        return True
