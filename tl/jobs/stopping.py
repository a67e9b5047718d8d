"""Ending runs: at once by whoever asks where they train on this machine, else by the supervisor, which is asked to."""

import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor

from tl.jobs.dead_trainers import record_ending
from tl.jobs.launchers import catalogue
from tl.jobs.launchers.launcher import GRACE_SECONDS, KILL_SECONDS, Ended
from tl.jobs.listing import RunEntry
from tl.jobs.queue import run
from tl.jobs.start import ensure_supervisor, supervisor_lives
from tl.languages import later, say
from tl.store.home import Home
from tl.store.queue import database
from tl.store.queue import settle_plan as plans
from tl.store.queue.rows import RunRow
from tl.store.queue.schema import ACTIVE

_START_SECONDS = 5.0  # in which a supervisor that has claimed a run must have said what trains it
_NOTICE_SECONDS = (
    20.0  # in which a supervisor has seen that it has to end a run elsewhere, and written down how it ended
)


def stop(home: Home, run_id: str, grace_seconds: float = GRACE_SECONDS) -> RunEntry:
    """End a run, keeping its best so far; as in `list_runs`. One that has ended already stays as it is.

    Returns when nothing of the trainer is left, at the latest `grace_seconds` and some after it was asked to end.
    Raises Refused for an unknown id, TimeoutError where it can't be ended.
    """
    row = database.read_run(home, run_id)
    plans.end(home, row.experiment_id, "stopped")  # first: else it might add seeds now
    if row.status == "queued" and database.move(home, row, "stopped", ended=time.time()):
        return run(home, run_id)
    if database.note(home, row, stop_requested=1):
        row = _wait_for_handle(home, row)
        launcher = catalogue.of(row.handle)
        if launcher.near:
            launcher.terminate(run_id, row.handle, grace_seconds)
            record_ending(home, row, Ended(), watched=True)
        else:
            _wait_for_end(home, row, grace_seconds)
    return run(home, run_id)


def stop_all(home: Home, run_ids: Iterable[str]) -> None:
    """End those of the runs that have not ended, the waiting ones first: else the supervisor would start them.

    Seeds that are just being added to their arms end with them. Raises as `stop` does, once each has been asked.
    """
    rows = {run_id: database.read_run(home, run_id) for run_id in run_ids}
    arms = {(row.experiment_id, row.arm) for row in rows.values()}
    for experiment_id in {experiment_id for experiment_id, _ in arms}:
        if plans.end(home, experiment_id, "stopped"):
            added = database.read_runs(home, experiment_id, ACTIVE)
            rows |= {row.run_id: row for row in added if (experiment_id, row.arm) in arms}
    waiting = [row for row in rows.values() if row.status == "queued"]
    stopped = [row.run_id for row in waiting if database.move(home, row, "stopped", ended=time.time())]
    training = [run_id for run_id, row in rows.items() if row.status in ACTIVE and run_id not in stopped]
    with ThreadPoolExecutor(max(len(training), 1)) as pool:
        asked = [pool.submit(stop, home, run_id) for run_id in training]  # `map` cancels what waits where one fails
    for each in asked:
        each.result()


def _wait_for_handle(home: Home, row: RunRow) -> RunRow:
    """The row, once it names the trainer: between claiming a run and starting its trainer lies a moment."""
    end = time.monotonic() + _START_SECONDS
    while row.status in ACTIVE and not row.handle and supervisor_lives(home) and time.monotonic() < end:
        time.sleep(0.05)
        row = database.read_run(home, row.run_id)
    return row


def _wait_for_end(home: Home, row: RunRow, grace_seconds: float) -> None:
    """Until the supervisor has carried out what was asked for. Raises TimeoutError where it does not."""
    end = time.monotonic() + grace_seconds + KILL_SECONDS + _NOTICE_SECONDS
    while database.read_run(home, row.run_id).status in ACTIVE:
        ensure_supervisor(home)
        if time.monotonic() > end:
            text = later("Run {run} has not ended yet; it stops as soon as the machine that trains it answers.")
            raise TimeoutError(say(text, run=row.run_id))
        time.sleep(0.1)
