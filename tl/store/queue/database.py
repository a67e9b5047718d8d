"""The queue on disk: one SQLite file (tl.store.queue.schema) of experiments and runs.

Rows and allowed changes of status only. Whether a trainer still lives is not known here: ask tl.jobs. All visitors share
the file, each connection shows and changes one home's rows: a foreign id is an unknown one.
"""

import json
import sqlite3
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from tl.config import Experiment, Refused, RunConfig, refusal
from tl.languages import read_sentence, say, store_sentence
from tl.store.home import Home
from tl.store.queue.name_and_notes import NONE, NameAndNotes
from tl.store.queue.rows import RunRow, experiment_of, row_of
from tl.store.queue.schema import ACTIVE, TRANSITIONS, select, writing
from tl.store.queue.settle_plan import SettlePlan, plan_of
from tl.words import status_name

TWICE_SECONDS = 5.0  # in which the same, started from two pages, is one submission: a form that is open in two tabs
Admission = Callable[[sqlite3.Connection], None]  # looks at the queue with what was put into it; raises Refused

_CHANGEABLE = {"handle", "queued", "started", "ended", "spent", "reason", "message", "stop_requested"}


class Unknown(Refused):
    """There is nothing with this id, or it is somebody else's."""


def insert_experiments(
    home: Home,
    submitted: list[tuple[Experiment, list[RunConfig]]],
    key: str | None,
    sweep_id: str | None = None,
    admit: Admission | None = None,
    settling: SettlePlan | None = None,
) -> str:
    """Queue experiments with their runs, all of them or none, `sweep_id` says as which sweep, `settling` until when.

    The id of the first, which gets `key`; where an experiment has that key already, or the same was submitted under
    another a moment ago, the id of that one, and nothing is queued. `admit` may refuse them for what is in the queue
    at that moment.
    """
    first_id, key = submitted[0][1][0].experiment_id, _stored_key(home, key)
    specs = [json.dumps(experiment.to_json()) for experiment, _ in submitted]
    with writing(home) as connection:
        now = time.time()
        earlier = connection.execute("SELECT id FROM experiments WHERE key = ?", (key,)).fetchone()
        if earlier:
            return str(earlier["id"])
        kind = (sweep_id is not None, settling is not None)
        if key and (twin := _twin(connection, specs, kind, now)):
            return twin
        for document, (_, runs) in zip(specs, submitted, strict=True):
            own_id = runs[0].experiment_id
            own_key = key if own_id == first_id else None
            values = (own_id, own_key, now, document, sweep_id, home.owner, settling and settling.to_json())
            columns = "(id, key, created, spec, sweep_id, owner, settling)"  # not shown
            connection.execute(f"INSERT INTO main.experiments {columns} VALUES (?, ?, ?, ?, ?, ?, ?)", values)
            queue_runs(connection, runs, 0)
        if admit:
            admit(connection)
    return first_id


def queue_runs(connection: sqlite3.Connection, runs: list[RunConfig], first: int) -> None:
    """Put runs into the queue, in this order, from position `first` of their experiment on; inside a transaction."""
    now = time.time()
    connection.executemany(
        "INSERT INTO main.runs (id, experiment_id, arm, seed, position, created, queued) VALUES (?, ?, ?, ?, ?, ?, ?)",
        [
            (run.run_id, run.experiment_id, run.arm.name, run.seed, place, now, now)
            for place, run in enumerate(runs, first)
        ],
    )


def _twin(connection: sqlite3.Connection, specs: list[str], kind: tuple[bool, bool], now: float) -> str | None:
    """Id of the first of what was submitted under a key just before `now` and is the same.

    `kind`: whether it is a sweep, and whether it is to be settled.
    """
    query = "SELECT id, key, spec, sweep_id, settling FROM experiments WHERE created BETWEEN ? AND ? ORDER BY id"  # not shown
    together: dict[str, list[sqlite3.Row]] = {}
    for row in connection.execute(query, (now - TWICE_SECONDS, now)):
        together.setdefault(row["sweep_id"] or row["id"], []).append(row)
    for first, *others in together.values():
        own_kind = (first["sweep_id"] is not None, first["settling"] is not None)
        same = [row["spec"] for row in (first, *others)] == specs and own_kind == kind
        if same and first["key"]:
            return str(first["id"])
    return None


def insert_ended(
    home: Home,
    ended: list[tuple[str, Experiment, float, list[dict[str, Any]]]],
    sweep_id: str | None = None,
    admit: Admission | None = None,
    labels: Mapping[str, NameAndNotes] | None = None,
) -> None:
    """Add experiments that were trained elsewhere, all or none: (id, experiment, created, its rows of runs) each.

    Rows are in the order of training, all ended. `sweep_id` says as which sweep, `admit` may refuse them; `labels`: id ->
    what they are called.
    """
    columns = ("run_id", "arm", "seed", "status", "reason", "message", "created", "started", "ended")
    names, values = ", ".join(("id", *columns[1:])), ", ".join(f":{column}" for column in columns)
    with writing(home) as connection:
        for experiment_id, experiment, created, runs in ended:
            assert not {run["status"] for run in runs} & set(ACTIVE), runs
            called = [(labels or {}).get(ident or "", NONE) for ident in (experiment_id, sweep_id)]
            about = [text or None for one in called for text in (one.name, one.notes)]
            connection.execute(
                "INSERT INTO main.experiments (id, created, spec, sweep_id, owner, name, notes, sweep_name, sweep_notes) "
                "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (experiment_id, created, json.dumps(experiment.to_json()), sweep_id, home.owner, *about),
            )
            places = (
                {"experiment_id": experiment_id, "position": place} | run | {"message": store_sentence(run["message"])}
                for place, run in enumerate(runs)
            )
            query = f"INSERT INTO main.runs (experiment_id, position, {names}) VALUES (:experiment_id, :position, {values})"  # not shown
            connection.executemany(query, places)
        if admit:
            admit(connection)


def has_experiment(home: Home, experiment_id: str) -> bool:
    return bool(select(home, "SELECT 1 FROM experiments WHERE id = ?", (experiment_id,)))


def experiment_with_key(home: Home, key: str) -> str | None:
    """Id of the experiment that was submitted under `key`."""
    rows = select(home, "SELECT id FROM experiments WHERE key = ?", (_stored_key(home, key),))
    return rows[0]["id"] if rows else None


def _stored_key(home: Home, key: str | None) -> str | None:
    """A visitor's keys are their own: another's that is the same is another."""
    return key if key is None or home.owner is None else f"{home.owner} {key}"


def read_experiment(home: Home, experiment_id: str) -> dict[str, Any]:
    """`{"experiment_id", "key", "created", "sweep_id", "experiment": Experiment, "settling": Settling | None}`.

    Raises Refused for an unknown id.
    """
    columns = "id AS experiment_id, key, created, sweep_id, spec, settling"  # not shown
    rows = select(home, f"SELECT {columns} FROM experiments WHERE id = ?", (experiment_id,))
    if not rows:
        raise Unknown(say("There is no experiment {id!r}; `python -m tl runs` lists them.", id=experiment_id))
    [row] = rows
    return row | {"experiment": experiment_of(row.pop("spec")), "settling": plan_of(row["settling"])}


def read_sweep(home: Home, sweep_id: str) -> dict[str, Any]:
    """`{"sweep_id", "created", "experiments": {id: Experiment}}`, sizes ascending. Raises Refused for an unknown id."""
    found = [sweep for sweep in read_sweeps(home) if sweep["sweep_id"] == sweep_id]
    if not found:
        raise Unknown(say("There is no sweep {id!r}; `python -m tl sweeps` lists them.", id=sweep_id))
    return found[0]


def read_sweeps(home: Home) -> list[dict[str, Any]]:
    """Every sweep as `read_sweep` gives it, the newest first; a size whose runs were all deleted is in none."""
    query = "SELECT id, sweep_id, created, spec FROM experiments WHERE sweep_id IS NOT NULL ORDER BY created, id"  # not shown
    sweeps: dict[str, dict[str, Any]] = {}
    for row in select(home, query):
        empty = {"sweep_id": row["sweep_id"], "created": row["created"], "experiments": {}}
        sweep = sweeps.setdefault(row["sweep_id"], empty)
        sweep["experiments"][row["id"]] = experiment_of(row["spec"])
    for sweep in sweeps.values():
        sweep["experiments"] = dict(sorted(sweep["experiments"].items(), key=lambda entry: entry[1].samples))
    return list(sweeps.values())[::-1]


def read_runs(
    home: Home, experiment_id: str | None = None, statuses: tuple[str, ...] = (), *, everyone: bool = False
) -> list[RunRow]:
    """Rows of runs, newest experiment first and within it in the order of training.

    `everyone`: those of all visitors, for who keeps the queue; a row's `owner` says whose it is (see Home.of).
    """
    conditions, values = ["1"], list[object]()
    if experiment_id is not None:
        conditions.append("experiment_id = ?")
        values.append(experiment_id)
    if statuses:
        conditions.append(f"status IN ({', '.join('?' * len(statuses))})")
        values.extend(statuses)
    query = f"SELECT * FROM runs WHERE {' AND '.join(conditions)} ORDER BY submitted DESC, experiment_id DESC, position"
    return [row_of(columns) for columns in select(home, query, tuple(values), everyone=everyone)]


def read_run(home: Home, run_id: str) -> RunRow:
    """One run's row as in `read_runs`. Raises Refused for an unknown id."""
    rows = select(home, "SELECT * FROM runs WHERE id = ?", (run_id,))
    if not rows:
        raise Unknown(say("There is no run {id!r}; `python -m tl runs` lists them.", id=run_id))
    return row_of(rows[0])


def move(home: Home, run: RunRow, status: str, **values: Any) -> bool:
    """Change the run's status and `values` (columns) if it is still the attempt that `run` (a row) shows.

    False, and nothing changed, where the run is gone, has been resumed since or may not become `status` from where it
    is now: so of two that label the same end, one wins.
    """
    with writing(home) as connection:
        return moved(connection, home, run, status, values)


def moved(connection: sqlite3.Connection, home: Home, run: RunRow, status: str, values: dict[str, Any]) -> bool:
    """`move`, inside a transaction."""
    before = tuple(old for old, new in TRANSITIONS.items() if status in new)
    return _update(connection, home, run, before, {"status": status} | values)


def requeue(home: Home, runs: list[RunRow], admit: Admission, **values: Any) -> None:
    """Queue ended runs (rows) again, with `values` (columns): all of them, or none.

    Raises Refused where one is no longer as its row shows it, or `admit` refuses what is in the queue then.
    """
    with writing(home) as connection:
        for run in runs:
            if not moved(connection, home, run, "queued", values):
                now = connection.execute("SELECT status FROM runs WHERE id = ?", (run.run_id,)).fetchone()
                if now is None:
                    raise refusal("Run {id} has already been deleted.", id=run.run_id)
                status = status_name(now["status"])
                raise refusal("Run {id} is {status} already.", id=run.run_id, status=status)
        admit(connection)


def note(home: Home, run: RunRow, **values: Any) -> bool:
    """Change `values` (columns) of a run that is queued or running, without changing its status."""
    with writing(home) as connection:
        return _update(connection, home, run, ACTIVE, values)


def _update(
    connection: sqlite3.Connection, home: Home, run: RunRow, statuses: tuple[str, ...], values: dict[str, Any]
) -> bool:
    assert set(values) <= _CHANGEABLE | {"status"}, values
    if message := read_sentence(values.get("message")):
        values = values | {"message": store_sentence(home.policy.without_places(message))}
    changes = ", ".join(f"{column} = :{column}" for column in values)
    if values.get("status") == "queued":
        changes += ", attempt = attempt + 1"
    allowed = ", ".join(map(repr, statuses))
    query = f"UPDATE main.runs SET {changes} WHERE id = :run_id AND attempt = :attempt AND status IN ({allowed})"
    return connection.execute(query, values | {"run_id": run.run_id, "attempt": run.attempt}).rowcount == 1


def unless_needed(
    home: Home, statuses: Iterable[str], needs: Callable[[RunRow], bool], action: Callable[[], object]
) -> RunRow | None:
    """Do `action` unless a run of this home with one of these statuses `needs` what it takes away; one that does.

    In one transaction: nothing can be queued between the look and the action.
    """
    with writing(home) as connection:
        which = f"status IN ({', '.join(map(repr, statuses))})"
        for columns in connection.execute(f"SELECT * FROM runs WHERE {which}"):
            row = row_of(dict(columns))
            if needs(row):
                return row
        action()
        return None
