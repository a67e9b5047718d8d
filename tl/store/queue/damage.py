"""A damaged queue is refused in one clear sentence wherever it is read; `python -m tl repair` makes a new one."""

import shutil
import sqlite3
from pathlib import Path

from tl.config import Refused
from tl.languages import Said, later, say

_BUSY = later("The queue (tl.sqlite) is busy: another program holds it; try again.")
_CLOSED = later("The queue (tl.sqlite) can't be opened; give this user permission and try again.")
_PASSING = {  # SQLite's names of what is no damage -> what to say
    "SQLITE_BUSY": _BUSY,
    "SQLITE_LOCKED": _BUSY,
    "SQLITE_PROTOCOL": _BUSY,
    "SQLITE_FULL": later(
        "The queue (tl.sqlite) can't be read or written: the disk is full; free some space and try again."
    ),
    "SQLITE_IOERR": later(
        "The queue (tl.sqlite) can't be read or written: the disk reports an error; look at the disk and try again."
    ),
    "SQLITE_READONLY": later("The queue (tl.sqlite) can't be written; give this user permission and try again."),
    "SQLITE_CANTOPEN": _CLOSED,
    "SQLITE_PERM": _CLOSED,
}
_ROOM_BYTES = 1 << 16  # with less free the disk is full: to read, SQLite first makes a file of 32 KiB beside its own


class QueueDamaged(Refused):
    """The file of the queue does not hold what was written there."""

    def __init__(self, what: str):
        what = what if isinstance(what, Said) else " ".join(what.split()).rstrip(".")
        super().__init__(
            say(
                "The queue (tl.sqlite) is damaged: {what}; `python -m tl repair` makes a new one from the folders of the "
                "runs.",
                what=what,
            )
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
            return Refused(say(words))
    return QueueDamaged(str(problem))
