"""Runs whose trainers are dead: how they ended (endings.py) is written down, or they begin again with less at a time."""

import time

from msgspec import structs

from tl.jobs.endings import ending
from tl.jobs.launchers import catalogue
from tl.jobs.launchers.launcher import Ended
from tl.jobs.start import supervisor_lives
from tl.store.documents import read_memory_kills
from tl.store.files import write_json
from tl.store.home import Home
from tl.store.queue import database, everybody
from tl.store.queue.everybody import Move
from tl.store.queue.rows import RunRow

LEAST_HALVED = 4  # pictures of a batch that can be halved: BatchNorm can't train on a single one


def record_ending(home: Home, row: RunRow, ended: Ended, watched: bool) -> None:
    """Write down how a run whose trainer is dead has ended, unless another did or it goes on."""
    everybody.move_all(home, [end_of(home, row, ended, watched)])


def end_of(home: Home, row: RunRow, ended: Ended, watched: bool) -> Move:
    """What is to be written down of a run whose trainer is dead."""
    # A stop may have been asked for since.
    row = structs.replace(database.read_run(home, row.run_id), attempt=row.attempt)
    end, now = ending(home.run(row.run_id), row, ended, watched), time.time()
    spent = row.spent
    if watched and row.started:  # else nobody knows when it died
        spent += max(0.0, now - row.started)
    return Move(row, end.pop("status"), end | {"ended": now, "spent": spent})


def start_again(home: Home, row: RunRow, ended: Ended, watched: bool) -> bool:
    """Let a run whose trainer the system has ended for lack of memory be trained on with half a batch at a time.

    Once, and not where a batch can't be halved; whether it goes on: then it has no trainer yet, and its supervisor is
    to start one.
    """
    files, row = home.run(row.run_id), structs.replace(database.read_run(home, row.run_id), attempt=row.attempt)
    died_of = ending(files, row, ended, watched)["reason"]
    if died_of != "killed_for_memory" or read_memory_kills(files) or row.experiment.batch_size < LEAST_HALVED:
        return False
    write_json(files.memory_kills, {"kills": 1})  # first: whoever starts it knows then what it has died of
    now = time.time()
    spent = row.spent + max(0.0, now - (row.started or now))
    return database.note(home, row, handle=None, started=now, spent=spent)


def record_if_dead(home: Home, row: RunRow) -> RunRow:
    """The row of a run; of one that is marked running and has no trainer its end is written down first."""
    if row.status != "running" or not is_dead(home, row):
        return row
    record_ending(home, row, _ended(row), watched=False)
    return database.read_run(home, row.run_id)


def as_if_recorded(home: Home, row: RunRow) -> RunRow:
    """The row of a run as it would be once somebody has written down how it ended; nothing is written."""
    if row.status != "running" or not is_dead(home, row):
        return row
    return structs.replace(row, **ending(home.run(row.run_id), row, _ended(row), watched=False))


def is_dead(home: Home, row: RunRow) -> bool:
    """Whether a run that is marked running has no trainer, and no supervisor either that will say so."""
    launcher = catalogue.of(row.handle)
    if not launcher.near:
        return False  # a supervisor will find out: whoever looks at the runs starts one
    if launcher.alive(row.handle) if row.handle else launcher.adopt(home.run(row.run_id)):
        return False
    return not supervisor_lives(home)


def _ended(row: RunRow) -> Ended:
    """How a trainer that nobody watched ended, as far as can be told afterwards."""
    return catalogue.of(row.handle).ended(row.handle) if row.handle else Ended()
