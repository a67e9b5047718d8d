"""The queue on disk: one SQLite file of experiments and runs; the only place that knows its tables.

Rows and allowed changes of status only. Whether a trainer still lives is not known here: ask tl.jobs. Hosted, all
visitors share the file: every function sees and changes only what belongs to `home.owner`, a foreign id is an unknown one.
"""

import json
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from tl.config import Experiment, Refused, RunConfig
from tl.store.damage import experiment_of, plain, refusal
from tl.store.files import locked
from tl.store.home import Home
from tl.store.places import without_places

# status -> what it may become; a finished run stays finished
TRANSITIONS: dict[str, tuple[str, ...]] = {
    "queued": ("running", "stopped"),
    "running": ("finished", "stopped", "failed", "interrupted"),
    "finished": (),
    "stopped": ("queued",),
    "failed": ("queued",),
    "interrupted": ("queued",),
}
ACTIVE = ("queued", "running")
Admission = Callable[[sqlite3.Connection], None]  # looks at the queue with what was put into it; raises Refused

# One tuple of statements per version of the file; a newer version appends a tuple and never edits an older one.
MIGRATIONS: tuple[tuple[str, ...], ...] = (
    (
        """CREATE TABLE experiments (
            id TEXT PRIMARY KEY,
            key TEXT UNIQUE,           -- the submission's own name: the same key twice is the same experiment
            created REAL NOT NULL,     -- Unix time, seconds
            spec TEXT NOT NULL         -- Experiment.to_json
        )""",
        f"""CREATE TABLE runs (
            id TEXT PRIMARY KEY,
            experiment_id TEXT NOT NULL REFERENCES experiments(id),
            arm TEXT NOT NULL,
            seed INTEGER NOT NULL,
            position INTEGER NOT NULL, -- place in its experiment, seed by seed: the order of training
            status TEXT NOT NULL DEFAULT 'queued' CHECK (status IN ({", ".join(map(repr, TRANSITIONS))})),
            attempt INTEGER NOT NULL DEFAULT 1,
            pid INTEGER, start_ticks INTEGER, boot_id TEXT,  -- together they name the trainer's process for good
            created REAL NOT NULL, started REAL, ended REAL, -- Unix time, seconds
            reason TEXT, message TEXT,
            stop_requested INTEGER NOT NULL DEFAULT 0,
            UNIQUE (experiment_id, position)
        )""",
        "CREATE INDEX runs_by_status ON runs(status)",
    ),
    (
        "ALTER TABLE experiments ADD COLUMN sweep_id TEXT",  # the same for all sizes of one sweep, else null
        "CREATE INDEX experiments_by_sweep ON experiments(sweep_id)",
    ),
    (
        "ALTER TABLE experiments ADD COLUMN owner TEXT",  # whose it is (see Home.owner); null: not hosted
        "CREATE INDEX experiments_by_owner ON experiments(owner)",
    ),
)

_RUNS = """SELECT runs.id AS run_id, runs.*, experiments.spec AS spec, experiments.created AS submitted,
    experiments.sweep_id AS sweep_id, experiments.owner AS owner FROM runs JOIN experiments ON experiments.id = runs.experiment_id"""
_OWN = "experiment_id IN (SELECT id FROM experiments WHERE owner IS :owner)"
_CHANGEABLE = {"pid", "start_ticks", "boot_id", "started", "ended", "reason", "message", "stop_requested"}


class Unknown(Refused):
    """There is nothing with this id, or it is somebody else's."""


@contextmanager
def writing(home: Home) -> Iterator[sqlite3.Connection]:
    """One transaction that excludes other writers; rolled back when the block raises."""
    with _connected(home) as connection:
        connection.execute("BEGIN IMMEDIATE")
        try:
            yield connection
        except BaseException:
            connection.execute("ROLLBACK")
            raise
        connection.execute("COMMIT")


@contextmanager
def _connected(home: Home) -> Iterator[sqlite3.Connection]:
    home.root.mkdir(parents=True, exist_ok=True)
    connection = sqlite3.connect(home.database_path, timeout=5, isolation_level=None)
    try:
        connection.row_factory = sqlite3.Row
        connection.execute("PRAGMA foreign_keys = ON")
        if _version(connection) != len(MIGRATIONS):
            _migrate(home, connection)
        yield connection
    except sqlite3.DatabaseError as problem:
        raise refusal(problem) from problem
    finally:
        connection.close()


def _version(connection: sqlite3.Connection) -> int:
    return connection.execute("PRAGMA user_version").fetchone()[0]


def _migrate(home: Home, connection: sqlite3.Connection) -> None:
    # The change to WAL does not wait for other connections as transactions do, hence the lock file.
    with locked(home.locks_dir / "database.lock"):
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("BEGIN IMMEDIATE")
        version = _version(connection)
        if version > len(MIGRATIONS):
            raise Refused(f"{home.database_path} was written by a newer TL Lab; update this one.")
        for statement in (statement for step in MIGRATIONS[version:] for statement in step):
            connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {len(MIGRATIONS)}")
        connection.execute("COMMIT")


def select(home: Home, query: str, values: tuple = ()) -> list[dict]:
    """Rows of a query; none where there is no file yet."""
    if not home.database_path.exists():  # asking creates nothing
        return []
    with _connected(home) as connection:
        return [dict(row) for row in connection.execute(query, values)]


def insert_experiment(home: Home, experiment: Experiment, runs: list[RunConfig], key: str | None) -> str:
    """Queue `runs`, which belong to one experiment; the id of the experiment that has `key` already, else theirs."""
    return insert_experiments(home, [(experiment, runs)], key)


def insert_experiments(
    home: Home,
    submitted: list[tuple[Experiment, list[RunConfig]]],
    key: str | None,
    sweep_id: str | None = None,
    admit: Admission | None = None,
) -> str:
    """Queue experiments with their runs, all of them or none, `sweep_id` says as which sweep.

    The id of the first, which gets `key`; where an experiment has that key already, its id, and nothing is queued.
    `admit` may refuse them for what is in the queue at that moment.
    """
    now, first_id = time.time(), submitted[0][1][0].experiment_id
    key = _stored_key(home, key)
    with writing(home) as connection:
        earlier = connection.execute("SELECT id FROM experiments WHERE key = ?", (key,)).fetchone()
        if earlier:
            return earlier["id"]
        for experiment, runs in submitted:
            own_id = runs[0].experiment_id
            own_key, document = key if own_id == first_id else None, json.dumps(experiment.to_json())
            values = (own_id, own_key, now, document, sweep_id, home.owner)
            columns = "(id, key, created, spec, sweep_id, owner)"
            connection.execute(f"INSERT INTO experiments {columns} VALUES (?, ?, ?, ?, ?, ?)", values)
            connection.executemany(
                "INSERT INTO runs (id, experiment_id, arm, seed, position, created) VALUES (?, ?, ?, ?, ?, ?)",
                [(run.run_id, own_id, run.arm.name, run.seed, place, now) for place, run in enumerate(runs)],
            )
        if admit:
            admit(connection)
    return first_id


def insert_ended(
    home: Home,
    ended: list[tuple[str, Experiment, float, list[dict]]],
    sweep_id: str | None = None,
    admit: Admission | None = None,
) -> None:
    """Add experiments that were trained elsewhere, all or none: (id, experiment, created, its rows of runs) each.

    Rows are in the order of training, all ended. `sweep_id` says as which sweep, `admit` may refuse them.
    """
    columns = ("run_id", "arm", "seed", "status", "reason", "message", "created", "started", "ended")
    names, values = ", ".join(("id", *columns[1:])), ", ".join(f":{column}" for column in columns)
    with writing(home) as connection:
        for experiment_id, experiment, created, runs in ended:
            assert not {run["status"] for run in runs} & set(ACTIVE), runs
            connection.execute(
                "INSERT INTO experiments (id, created, spec, sweep_id, owner) VALUES (?, ?, ?, ?, ?)",
                (experiment_id, created, json.dumps(experiment.to_json()), sweep_id, home.owner),
            )
            places = ({"experiment_id": experiment_id, "position": place} | run for place, run in enumerate(runs))
            query = f"INSERT INTO runs (experiment_id, position, {names}) VALUES (:experiment_id, :position, {values})"
            connection.executemany(query, places)
        if admit:
            admit(connection)


def has_experiment(home: Home, experiment_id: str) -> bool:
    """Whether there is an experiment with this id."""
    return bool(select(home, "SELECT 1 FROM experiments WHERE id = ? AND owner IS ?", (experiment_id, home.owner)))


def experiment_with_key(home: Home, key: str) -> str | None:
    """Id of the experiment that was submitted under `key`."""
    rows = select(home, "SELECT id FROM experiments WHERE key = ?", (_stored_key(home, key),))
    return rows[0]["id"] if rows else None


def _stored_key(home: Home, key: str | None) -> str | None:
    """A visitor's keys are their own: another's that is the same is another."""
    return key if key is None or home.owner is None else f"{home.owner} {key}"


def read_experiment(home: Home, experiment_id: str) -> dict:
    """`{"experiment_id", "key", "created", "sweep_id", "experiment": Experiment}`. Raises Refused for an unknown id."""
    query = "SELECT id AS experiment_id, key, created, sweep_id, spec FROM experiments WHERE id = ? AND owner IS ?"
    rows = select(home, query, (experiment_id, home.owner))
    if not rows:
        raise Unknown(f"There is no experiment {experiment_id!r}; `python -m tl runs` lists them.")
    return rows[0] | {"experiment": experiment_of(rows[0].pop("spec"))}


def read_sweep(home: Home, sweep_id: str) -> dict:
    """`{"sweep_id", "created", "experiments": {id: Experiment}}`, sizes ascending. Raises Refused for an unknown id."""
    found = [sweep for sweep in read_sweeps(home) if sweep["sweep_id"] == sweep_id]
    if not found:
        raise Unknown(f"There is no sweep {sweep_id!r}; `python -m tl sweeps` lists them.")
    return found[0]


def read_sweeps(home: Home) -> list[dict]:
    """Every sweep as `read_sweep` gives it, the newest first; a size whose runs were all deleted is in none."""
    query = "SELECT id, sweep_id, created, spec FROM experiments WHERE sweep_id IS NOT NULL AND owner IS ?"
    sweeps: dict[str, dict] = {}
    for row in select(home, f"{query} ORDER BY created, id", (home.owner,)):
        empty = {"sweep_id": row["sweep_id"], "created": row["created"], "experiments": {}}
        sweep = sweeps.setdefault(row["sweep_id"], empty)
        sweep["experiments"][row["id"]] = experiment_of(row["spec"])
    for sweep in sweeps.values():
        sweep["experiments"] = dict(sorted(sweep["experiments"].items(), key=lambda entry: entry[1].samples))
    return list(sweeps.values())[::-1]


def read_runs(
    home: Home, experiment_id: str | None = None, statuses: tuple[str, ...] = (), *, everyone: bool = False
) -> list[dict]:
    """Rows of runs, newest experiment first and within it in the order of training; `spec` is the experiment's JSON.

    `everyone`: those of all visitors, for who keeps the queue; a row's `owner` says whose it is (see Home.of).
    """
    conditions, values = (["1"], []) if everyone else (["experiments.owner IS ?"], [home.owner])
    if experiment_id is not None:
        conditions.append("experiment_id = ?")
        values.append(experiment_id)
    if statuses:
        conditions.append(f"status IN ({', '.join('?' * len(statuses))})")
        values.extend(statuses)
    order = "ORDER BY experiments.created DESC, experiment_id DESC, position"
    return [
        plain(row, TRANSITIONS)
        for row in select(home, f"{_RUNS} WHERE {' AND '.join(conditions)} {order}", tuple(values))
    ]


def read_run(home: Home, run_id: str) -> dict:
    """One run's row as in `read_runs`. Raises Refused for an unknown id."""
    rows = select(home, f"{_RUNS} WHERE runs.id = ? AND experiments.owner IS ?", (run_id, home.owner))
    if not rows:
        raise Unknown(f"There is no run {run_id!r}; `python -m tl runs` lists them.")
    return plain(rows[0], TRANSITIONS)


def move(home: Home, run: dict, status: str, admit: Admission | None = None, **values) -> bool:
    """Change the run's status and `values` (columns) if it is still the attempt that `run` (a row) shows.

    False, and nothing changed, where the run is gone, has been resumed since or may not become `status` from where it
    is now: so of two that label the same end, one wins. `admit` may refuse it.
    """
    allowed = tuple(old for old, new in TRANSITIONS.items() if status in new)
    return _update(home, run, allowed, {"status": status} | values, admit)


def note(home: Home, run: dict, **values) -> bool:
    """Change `values` (columns) of a run that is queued or running, without changing its status."""
    return _update(home, run, ACTIVE, values)


def _update(home: Home, run: dict, statuses: tuple[str, ...], values: dict, admit: Admission | None = None) -> bool:
    assert set(values) <= _CHANGEABLE | {"status"}, values
    if values.get("message"):
        values = values | {"message": without_places(values["message"])}
    changes = ", ".join(f"{column} = :{column}" for column in values)
    if values.get("status") == "queued":
        changes += ", attempt = attempt + 1"
    allowed = ", ".join(map(repr, statuses))
    query = f"UPDATE runs SET {changes} WHERE id = :run_id AND attempt = :attempt AND status IN ({allowed})"
    which = {"run_id": run["run_id"], "attempt": run["attempt"], "owner": home.owner}
    with writing(home) as connection:
        changed = connection.execute(f"{query} AND {_OWN}", values | which).rowcount == 1
        if changed and admit:
            admit(connection)
        return changed


def delete_run(home: Home, run: dict) -> bool:
    """Remove a run that is neither queued nor running, and its experiment with its last run; False: it is active."""
    with writing(home) as connection:
        ended = f"status NOT IN ({', '.join(map(repr, ACTIVE))})"
        query = f"DELETE FROM runs WHERE id = :run_id AND attempt = :attempt AND {ended}"
        which = {"run_id": run["run_id"], "attempt": run["attempt"], "owner": home.owner}
        gone = connection.execute(f"{query} AND {_OWN}", which).rowcount == 1
        left = "SELECT 1 FROM runs WHERE experiment_id = experiments.id"
        query = f"DELETE FROM experiments WHERE id = ? AND owner IS ? AND NOT EXISTS ({left})"
        connection.execute(query, (run["experiment_id"], home.owner))
        return gone


def when_idle(home: Home, action: Callable[[], None]) -> bool:
    """Do `action` if nobody has anything queued or running, so that nothing can be queued between the look and the action."""
    if not home.database_path.exists():  # removed while a supervisor worked: don't make it again
        action()
        return True
    with writing(home) as connection:
        query = f"SELECT 1 FROM runs WHERE status IN ({', '.join(map(repr, ACTIVE))}) LIMIT 1"
        if connection.execute(query).fetchone():
            return False
        action()
        return True
