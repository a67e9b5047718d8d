"""The SQLite file of the queue: its tables in all versions, opening it, transactions."""

import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Any

from tl.config import Refused
from tl.languages import say
from tl.store.files import locked
from tl.store.home import Home
from tl.store.queue.damage import refusal

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
RESUMABLE = tuple(status for status, after in TRANSITIONS.items() if "queued" in after)

# One tuple of statements per version of the file; a newer version appends a tuple and never edits an older one.
MIGRATIONS: tuple[tuple[str, ...], ...] = (
    (
        """CREATE TABLE experiments (
            id TEXT PRIMARY KEY,
            key TEXT UNIQUE,           -- the submission's own name: the same key twice is the same experiment
            created REAL NOT NULL,     -- Unix time, seconds
            spec TEXT NOT NULL         -- Experiment.to_json
        )""",  # not shown
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
        )""",  # not shown
        "CREATE INDEX runs_by_status ON runs(status)",
    ),
    (
        "ALTER TABLE experiments ADD COLUMN sweep_id TEXT",  # the same for all sizes of one sweep, else null
        "CREATE INDEX experiments_by_sweep ON experiments(sweep_id)",
    ),
    (
        "ALTER TABLE experiments ADD COLUMN owner TEXT",  # whose it is (see Home.owner); null: of the root itself
        "CREATE INDEX experiments_by_owner ON experiments(owner)",
    ),
    (
        "ALTER TABLE runs ADD COLUMN queued REAL NOT NULL DEFAULT 0",  # since when it waits, or waited last: Unix time
        "UPDATE runs SET queued = created",
        "ALTER TABLE runs ADD COLUMN spent REAL NOT NULL DEFAULT 0",  # seconds that its ended attempts took
    ),
    # SettlePlan.to_json (settle_plan.py); null: never asked for.
    ("ALTER TABLE experiments ADD COLUMN settling TEXT",),
    (
        "ALTER TABLE experiments ADD COLUMN name TEXT",  # what somebody calls it (name_and_notes.py); null: nothing
        "ALTER TABLE experiments ADD COLUMN notes TEXT",
    ),
    (
        "ALTER TABLE experiments ADD COLUMN sweep_name TEXT",  # the same of its sweep, at every size of it
        "ALTER TABLE experiments ADD COLUMN sweep_notes TEXT",
    ),
    (
        # What trains a run, in words of its launcher's own (tl.jobs.launchers.launcher). Before, it was always a process of
        # this machine, in the three columns that named it; they are no longer read or written.
        "ALTER TABLE runs ADD COLUMN handle TEXT",
        """UPDATE runs SET handle = 'local ' || pid || ' ' || coalesce(start_ticks, 0) || ' ' || coalesce(boot_id, '')
            WHERE pid""",  # not shown
    ),
)

# What `experiments` and `runs` are to a connection: the rows of its home alone, or everybody's. The tables themselves are
# `main.experiments` and `main.runs`, to which changes go; a connection of a home passes over others' rows there, too.
_VIEWS = (
    "CREATE TEMP VIEW experiments AS SELECT * FROM main.experiments WHERE {which}",
    """CREATE TEMP VIEW runs AS
        SELECT runs.id AS run_id, runs.*, spec, sweep_id, owner, experiments.created AS submitted
        FROM main.runs AS runs JOIN experiments ON experiments.id = experiment_id""",  # not shown
)
_GUARDS = tuple(
    f"""CREATE TEMP TRIGGER IF NOT EXISTS {table}_{change} BEFORE {change} ON main.{table}
        WHEN NOT EXISTS (SELECT 1 FROM experiments WHERE id = OLD.{column}) BEGIN SELECT RAISE(IGNORE); END"""  # not shown
    for table, column in (("experiments", "id"), ("runs", "experiment_id"))
    for change in ("UPDATE", "DELETE")
)


@contextmanager
def writing(home: Home, *, everyone: bool = False) -> Iterator[sqlite3.Connection]:
    """One transaction on the home's rows, or everybody's, alone in writing; rolled back when the block raises."""
    with _connected(home, everyone) as connection:
        for guard in () if everyone else _GUARDS:
            connection.execute(guard)
        connection.execute("BEGIN IMMEDIATE")
        try:
            yield connection
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:  # after some errors it no longer is
                connection.execute("ROLLBACK")
            raise


_Kept = tuple[ExitStack, dict[tuple[Path, str], sqlite3.Connection]]  # what closes them; by file, and by which rows
_kept: ContextVar[_Kept | None] = ContextVar("kept", default=None)


@contextmanager
def kept_open() -> Iterator[None]:
    """Let what this thread asks of the queue meanwhile go through connections that stay open, each transaction as before.

    The last one that closes a file has to write all of it to where it belongs and wait for the disk: most of what a small
    change takes. Keep them no longer than one piece of work: a file that was put in another's place is seen by the next.
    """
    with ExitStack() as stack:
        token = _kept.set((stack, {}))
        try:
            yield
        finally:
            _kept.reset(token)


@contextmanager
def _connected(home: Home, everyone: bool) -> Iterator[sqlite3.Connection]:
    # An owner is an id (see Home): letters and digits.
    which = "1" if everyone else "owner IS NULL" if home.owner is None else f"owner = '{home.owner}'"
    try:
        with ExitStack() as stack:
            keeper, connections = _kept.get() or (stack, {})
            key = (home.database_path, which)
            if key not in connections:
                connections[key] = keeper.enter_context(_opened(home, which))
            yield connections[key]
    except sqlite3.DatabaseError as problem:
        raise refusal(problem, home.root) from problem


@contextmanager
def _opened(home: Home, which: str) -> Iterator[sqlite3.Connection]:
    home.root.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(home.database_path, timeout=5, isolation_level=None)) as connection:
        connection.row_factory = sqlite3.Row
        connection.execute("PRAGMA foreign_keys = ON")
        if _version(connection) != len(MIGRATIONS):
            _migrate(home, connection)
        for view in _VIEWS:
            connection.execute(view.format(which=which))
        yield connection


def _version(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def _migrate(home: Home, connection: sqlite3.Connection) -> None:
    # The change to WAL does not wait for other connections as transactions do, hence the lock file.
    with locked(home.locks_dir / "database.lock"):
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("BEGIN IMMEDIATE")
        version = _version(connection)
        if version > len(MIGRATIONS):
            raise Refused(say("{path} was written by a newer TL Lab; update this one.", path=home.database_path))
        for statement in (statement for step in MIGRATIONS[version:] for statement in step):
            connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {len(MIGRATIONS)}")
        connection.execute("COMMIT")


def select(home: Home, query: str, values: tuple[object, ...] = (), *, everyone: bool = False) -> list[dict[str, Any]]:
    """Rows of a query among the home's, or everybody's; none where there is no file yet."""
    if not home.database_path.exists():  # asking creates nothing
        return []
    with _connected(home, everyone) as connection:
        return [dict(row) for row in connection.execute(query, values)]
