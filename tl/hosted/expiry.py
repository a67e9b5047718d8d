"""The end of visitors' workspaces: one that has not been visited for its life is removed, with its rows in the queue.

The supervisor and the page's server look now and then; see tl.hosted.visits for what a visit is. Visits are stamped with
the wall clock, which may be changed: it is believed only where it went on as the time since the machine started did.
"""

import logging
import os
import shutil
import threading
import time
from contextlib import suppress
from pathlib import Path

from msgspec import Struct
from msgspec.structs import asdict

from tl.hosted import visits
from tl.hosted.limits import limits
from tl.jobs.launchers import processes
from tl.languages import plural, say
from tl.store.documents import Finite, of_type
from tl.store.files import read_json, used_bytes, write_bytes, write_json
from tl.store.home import Home
from tl.store.quarantine import sweep_abandoned
from tl.store.queue import database, everybody
from tl.store.trash import place_for
from tl.words import number_of

SWEEP_SECONDS = 60.0  # between two looks at all workspaces
# Of a file that is given up where the disk is full: deleting rows takes room at first.
BALLAST, BALLAST_BYTES = "ballast", 8 << 20
CLOCKS = "clocks.json"  # file of what they said when all workspaces were last looked at
JUMP_SECONDS = 300.0  # by which the clocks may differ between two looks: no clock that is merely adjusted does so

log = logging.getLogger("tl.jobs")


def remove_expired(home: Home) -> list[str]:
    """Remove the workspaces whose life is over; what was removed, in words. Those with active runs stay.

    Where the clock was changed since the last look, all lives start again instead.
    """
    life = limits().life_hours
    _take_in(home.root / BALLAST)
    clocks, found = _clocks(), []
    if _changed(home, clocks):
        log.warning("the clock was changed: every workspace counts as visited now")  # not shown
        for visitor in home.visitors():
            visits.renew(visitor)
    with suppress(OSError):  # on a full disk removing goes on
        write_json(home.root / CLOCKS, asdict(clocks))
    for visitor in home.visitors():
        sweep_abandoned(visitor)
        if visits.seconds_since(visitor, clocks.wall) <= 3600 * life:
            continue
        if shutil.disk_usage(home.root).free < BALLAST_BYTES:
            (home.root / BALLAST).unlink(missing_ok=True)
        if what := _remove(visitor, life, clocks):
            log.info("removed a workspace not visited for %d h: %s", life, what)  # not shown
            found.append(what)
    visits.forget_old_notes(home)
    return found


class _Clocks(Struct, frozen=True):
    """What they say, in seconds, and which start of the machine one of them counts from."""

    wall: Finite
    up: Finite
    boot_id: str


def _clocks() -> _Clocks:
    return _Clocks(time.time(), time.clock_gettime(time.CLOCK_BOOTTIME), processes.boot_id())


def _changed(home: Home, now: _Clocks) -> bool:
    """Whether the wall clock was changed since the last look, by whichever process; not known across a restart."""
    before = of_type(read_json(home.root / CLOCKS), _Clocks)
    if before is None or before.boot_id != now.boot_id:
        return False
    return abs((now.wall - before.wall) - (now.up - before.up)) > JUMP_SECONDS


def keep_clean(home: Home) -> threading.Thread:
    """Remove what has expired once a minute for as long as this process lives, in a thread that ends with it."""

    def clean() -> None:
        while True:
            try:
                remove_expired(home)
            except Exception:  # a full disk or a locked database passes
                log.exception("cleaning goes on after an error")  # not shown
            time.sleep(SWEEP_SECONDS)

    thread = threading.Thread(target=clean, name="expiry", daemon=True)
    thread.start()
    return thread


def _take_in(ballast: Path) -> None:
    """Write the ballast where there is room for it."""
    if ballast.parent.exists() and not ballast.exists():
        with suppress(OSError):  # a quota of which the disk's free room says nothing
            if shutil.disk_usage(ballast.parent).free > 4 * BALLAST_BYTES:
                write_bytes(ballast, os.urandom(BALLAST_BYTES))  # such as no file system makes smaller


def _remove(visitor: Home, life: int, clocks: _Clocks) -> str | None:
    """Take one workspace away; what it was. None where it has come to life, or another process was faster."""
    trash = place_for(visitor.of(None), visitor.path)
    try:
        what = _contents(visitor)
    except FileNotFoundError:  # taken away while it was looked through
        return None

    def take() -> bool:
        if visits.seconds_since(visitor, clocks.wall) <= 3600 * life:
            return False
        trash.parent.mkdir(parents=True, exist_ok=True)
        visitor.path.rename(trash)  # at once for every reader; removing takes its time
        visits.note_removed(visitor, life, what)
        return True

    try:
        if not everybody.delete_owner(visitor, take):
            return None
    except FileNotFoundError:
        return None
    except BaseException:
        if trash.exists() and not visitor.path.exists():
            trash.rename(visitor.path)  # the rows stay, so must the files
            visits.forget_removed(visitor)
        raise
    shutil.rmtree(trash, ignore_errors=True)
    return what


def _contents(visitor: Home) -> str:
    sets = len(list(visitor.datasets_dir.glob("[!.]*/dataset.json")))
    runs = len(database.read_runs(visitor))
    return say(
        "{sets} and {runs}, {megabytes:,.0f} MB",
        sets=plural("{number} data set", "{number} data sets", sets),
        runs=number_of(runs, "run"),
        megabytes=used_bytes(visitor.path) / 10**6,
    )
