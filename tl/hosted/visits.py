"""When a visitor of a hosted TL Lab was last here, and what a returning one must be told of a workspace that has ended.

What is kept of an ended workspace for a week is how much was in it and when it ended, under its owner's name.
"""

import os
import time
from contextlib import suppress
from pathlib import Path

from msgspec import Struct

from tl.languages import read_sentence, say, store_sentence
from tl.store.documents import Count, Finite, of_type
from tl.store.files import read_json, write_json
from tl.store.home import Home
from tl.words import ago, count

STAMP = "visited"  # file of a workspace; its time is that of the last visit
TOUCH_SECONDS = 60.0  # between two changes of the stamp
TOLD_SECONDS = 7 * 86400.0  # for so long what was removed can be told


class _Removed(Struct, frozen=True, kw_only=True):
    time: Finite
    life_hours: Count
    what: str  # as tl.languages stores it


def touch(home: Home) -> None:
    """Note that a visitor is here, at most once a minute. Nothing for who has no workspace yet, and not hosted."""
    if home.owner is None or not home.path.exists():
        return
    stamp = home.path / STAMP
    with suppress(FileNotFoundError):
        if time.time() - stamp.stat().st_mtime > TOUCH_SECONDS:
            os.utime(stamp)
        return
    renew(home)


def seconds_since(home: Home, now: float) -> float:
    """From the last visit to `now`; of a workspace without a stamp since something in it changed, 0 where there is none."""
    for path in (home.path / STAMP, home.path):
        with suppress(FileNotFoundError):
            return now - path.stat().st_mtime
    return 0.0


def renew(home: Home) -> None:
    """Count from now on, as though the visitor were here: the clock by which the stamp was set was another."""
    with suppress(FileNotFoundError):  # removed in this very moment
        (home.path / STAMP).touch()


def note_removed(home: Home, life_hours: int, what: str) -> None:
    """Keep for the visitor that `what` was removed, if the disk takes it: what goes may be what fills it."""
    with suppress(OSError):
        write_json(_note(home), {"time": time.time(), "life_hours": life_hours, "what": store_sentence(what)})


def removed(home: Home) -> str | None:
    """What a returning visitor must be told, in a sentence; None where nothing of theirs was removed lately."""
    told = of_type(read_json(_note(home)), _Removed) if home.owner else None
    if told is None:
        return None
    return say(
        "Your workspace was removed after {hours} h without a visit, {ago}: {what}.",
        hours=count(told.life_hours),
        ago=ago(max(0.0, time.time() - told.time)),
        what=read_sentence(told.what),
    )


def forget_removed(home: Home) -> None:
    """The visitor has been told."""
    _note(home).unlink(missing_ok=True)


def forget_old_notes(home: Home) -> None:
    """Of every owner, whether they came back or not."""
    for note in (home.root / "removed").glob("*.json"):
        with suppress(FileNotFoundError):
            if time.time() - note.stat().st_mtime > TOLD_SECONDS:
                note.unlink()


def _note(home: Home) -> Path:
    return home.root / "removed" / f"{home.owner}.json"
