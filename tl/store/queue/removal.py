"""Rows of runs that are deleted: in one transaction, all of them or none."""

import sqlite3
from collections.abc import Iterable

from tl.store.home import Home
from tl.store.queue.rows import RunRow
from tl.store.queue.schema import ACTIVE, writing
from tl.store.queue.settle_plan import open_plan_in


def delete_runs(home: Home, runs: Iterable[RunRow], whole: Iterable[str] = ()) -> bool:
    """Remove runs (rows), and experiments with their last run: all of them, or none.

    False, and nothing changed, where one of them is active, gone or no longer as its row shows it, or something would be
    left of the experiments with the ids `whole`: seeds were added, or may be added at any moment.
    """
    try:
        with writing(home) as connection:
            _require(not any(open_plan_in(connection, experiment_id) for experiment_id in whole))
            for run in runs:
                _require(_delete_run(connection, run))
            query = "SELECT 1 FROM experiments WHERE id = ?"
            _require(not any(connection.execute(query, (experiment_id,)).fetchone() for experiment_id in whole))
    except _Changed:
        return False
    return True


class _Changed(Exception):
    """Something is no longer as it was seen; what was done in this transaction is undone."""


def _require(holds: bool) -> None:
    if not holds:
        raise _Changed


def _delete_run(connection: sqlite3.Connection, run: RunRow) -> bool:
    ended = f"status NOT IN ({', '.join(map(repr, ACTIVE))})"
    query = f"DELETE FROM main.runs WHERE id = ? AND attempt = ? AND {ended}"
    gone = connection.execute(query, (run.run_id, run.attempt)).rowcount == 1
    left = "SELECT 1 FROM runs WHERE experiment_id = experiments.id"
    connection.execute(f"DELETE FROM main.experiments WHERE id = ? AND NOT EXISTS ({left})", (run.experiment_id,))
    return gone
