"""A damaged queue is refused in one clear sentence wherever it is read; `python -m tl repair` makes a new one."""

import json
import shutil
import sqlite3
from collections.abc import Container
from functools import lru_cache
from pathlib import Path

from tl.config import ID_PATTERN, Experiment, Refused

_TYPES = {  # of a row of runs, where SQLite would take anything
    "seed": (int,),
    "position": (int,),
    "attempt": (int,),
    "stop_requested": (int,),
    "pid": (int, type(None)),
    "start_ticks": (int, type(None)),
    "boot_id": (str, type(None)),
    "reason": (str, type(None)),
    "message": (str, type(None)),
    "created": (float, int),
    "queued": (float, int),
    "started": (float, int, type(None)),
    "ended": (float, int, type(None)),
    "spent": (float, int),
}
_PASSING = {  # SQLite's names of what is no damage -> what to say
    "SQLITE_BUSY": "is busy: another program holds it; try again",
    "SQLITE_LOCKED": "is busy: another program holds it; try again",
    "SQLITE_PROTOCOL": "is busy: another program holds it; try again",
    "SQLITE_FULL": "can't be read or written: the disk is full; free some space and try again",
    "SQLITE_IOERR": "can't be read or written: the disk reports an error; look at the disk and try again",
    "SQLITE_READONLY": "can't be written; give this user the right to and try again",
    "SQLITE_CANTOPEN": "can't be opened; give this user the right to and try again",
    "SQLITE_PERM": "can't be opened; give this user the right to and try again",
}
_ROOM_BYTES = 1 << 16  # with less free the disk is full: to read, SQLite first makes a file of 32 KiB beside its own


class Damaged(Refused):
    """The file of the queue does not hold what was written there."""

    def __init__(self, what: str):
        what = " ".join(what.split()).rstrip(".")
        super().__init__(
            f"The queue (tl.sqlite) is damaged: {what}; `python -m tl repair` makes a new one from the folders of the runs."
        )


def refusal(problem: sqlite3.DatabaseError, folder: Path) -> Exception:
    """What to raise in its place: a sentence for the user; the problem itself where it is our own mistake.

    `folder` is that of the file: of a full disk SQLite often says only that it reports an error.
    """
    if isinstance(problem, sqlite3.IntegrityError | sqlite3.ProgrammingError):
        return problem
    name = getattr(problem, "sqlite_errorname", "") or ""
    if name.startswith(("SQLITE_IOERR", "SQLITE_CANTOPEN")) and shutil.disk_usage(folder).free < _ROOM_BYTES:
        name = "SQLITE_FULL"
    for passing, words in _PASSING.items():
        if name == passing or (name.startswith(f"{passing}_") and name != "SQLITE_IOERR_SHORT_READ"):
            return Refused(f"The queue (tl.sqlite) {words}.")
    return Damaged(str(problem))


def experiment_of(spec: str) -> Experiment:
    """The experiment stored as `spec`. Raises Damaged."""
    try:
        return Experiment.from_json(json.loads(spec))
    except (Refused, ValueError, TypeError, KeyError, AttributeError, RecursionError) as problem:
        raise Damaged(f"an experiment in it can't be read ({problem})") from None


def plain(row: dict, statuses: Container[str]) -> dict:
    """A row of runs as others see it, its `spec` the experiment's JSON. Raises Damaged where a value can't be."""
    del row["id"]
    arms = _arms(row["spec"])
    wrong = [name for name, types in _TYPES.items() if name in row and type(row[name]) not in types]
    wrong += [name for name in ("run_id", "experiment_id") if not ID_PATTERN.fullmatch(str(row[name]))]
    if wrong or row["status"] not in statuses or row["arm"] not in arms:
        raise Damaged(f"{wrong[0] if wrong else 'status or arm'} of a run in it can't be")
    return row | {"spec": json.loads(row["spec"]), "stop_requested": bool(row["stop_requested"])}


@lru_cache(maxsize=512)
def _arms(spec: str) -> frozenset[str]:
    """Names of the arms; looked at once for all runs of an experiment, however often they are listed.

    Kept by all of `spec`: an Experiment's own checks bound every text and number in it, to 10 kB or so in all.
    """
    return frozenset(arm.name for arm in experiment_of(spec).arms)
