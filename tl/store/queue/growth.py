"""Runs of an experiment that come from others or join others: with its rows in one transaction, or not at all."""

import json
import sqlite3

from tl.config import Experiment, RunConfig, refusal
from tl.store.home import Home
from tl.store.queue.database import Admission, queue_runs
from tl.store.queue.rows import RunRow
from tl.store.queue.schema import ACTIVE, writing
from tl.store.queue.settle_plan import is_still, looked, open_plan_in, write_in


def grow(
    home: Home,
    experiment_id: str,
    before: Experiment,
    after: Experiment,
    runs: list[RunConfig],
    admit: Admission,
    *,
    outcome: str | None = None,
) -> bool:
    """Turn the experiment `before` into `after`, which has more seeds, and queue their `runs` behind its own.

    `outcome`: what the plan to settle it has seen with the seeds of `before`; None: added by hand. False, and nothing
    changed, where the experiment is no longer as `before` shows it, or that plan has ended. Raises Refused where runs
    of it train or wait, where added by hand while a plan adds seeds itself, and as `admit` does.
    """
    with writing(home) as connection:
        if not is_still(connection, experiment_id, before):
            return False
        plan = open_plan_in(connection, experiment_id)
        if outcome is not None:
            if plan is None:
                return False
            write_in(connection, experiment_id, looked(plan, len(before.seeds), outcome))
        elif plan is not None:
            raise refusal("Seeds are being added to this comparison until it is settled; stop that first.")
        active = f"status IN ({', '.join(map(repr, ACTIVE))})"
        mine = "FROM runs WHERE experiment_id = ?"
        if connection.execute(f"SELECT 1 {mine} AND {active}", (experiment_id,)).fetchone():
            raise refusal("Runs of this comparison are still training or waiting; let them end before you add seeds.")
        document = json.dumps(after.to_json())
        connection.execute("UPDATE main.experiments SET spec = ? WHERE id = ?", (document, experiment_id))
        last = connection.execute(f"SELECT max(position) AS last {mine}", (experiment_id,)).fetchone()["last"]
        queue_runs(connection, runs, last + 1)
        admit(connection)
        return True


def with_ended(kept: dict[str, RunRow], admit: Admission) -> Admission:
    """`admit`, once the runs that were just queued under these ids have ended as others (rows) did."""

    def ended(connection: sqlite3.Connection) -> None:
        query = "UPDATE main.runs SET status = 'finished', started = ?, ended = ? WHERE id = ?"  # not shown
        connection.executemany(query, [(row.started, row.ended, run_id) for run_id, row in kept.items()])
        admit(connection)

    return ended
