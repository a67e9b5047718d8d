"""The end of visitors' workspaces: one that has not been visited for its life is removed, with its runs in the queue.

What is kept for a week is a number in place of each: how much was removed and when, so that a returning visitor can be
told. Whoever uses a hosted TL Lab calls `touch`; the supervisor and the page's server call `remove_expired` now and then.
"""

import logging
import os
import shutil
import threading
import time
from contextlib import suppress
from pathlib import Path

from tl.config import ID_PATTERN, new_id
from tl.datasets.quarantine import sweep_abandoned
from tl.limits import hosted, limits
from tl.store import database, everybody
from tl.store.files import read_json, write_json
from tl.store.home import Home
from tl.store.quota import used_bytes
from tl.words import ago, count

STAMP = "visited"  # file of a workspace; its time is that of the last visit
TOUCH_SECONDS = 60.0  # between two changes of the stamp
SWEEP_SECONDS = 60.0  # between two looks at all workspaces
TOLD_DAYS = 7  # for so long a returning visitor is told what was removed

log = logging.getLogger("tl.jobs")
_cleaner = threading.Lock()  # held by the one thread of this process that cleans


def touch(home: Home) -> None:
    """Note that a visitor is here, at most once a minute. Nothing for who has no workspace yet, and not hosted."""
    if home.owner is None or not home.path.exists():
        return
    stamp = home.path / STAMP
    try:
        if time.time() - stamp.stat().st_mtime > TOUCH_SECONDS:
            os.utime(stamp)
    except FileNotFoundError:
        stamp.touch()


def removed(home: Home) -> str | None:
    """What a returning visitor must be told, in a sentence; None where nothing of theirs was removed lately."""
    told = read_json(_tombstone(home)) if home.owner else None
    if not isinstance(told, dict) or home.path.exists():
        return None
    return (
        f"Your workspace was removed after {count(told['life_hours'])} h without a visit, "
        f"{ago(max(0.0, time.time() - told['time']))}: {told['what']}."
    )


def forget_removed(home: Home) -> None:
    """The visitor has been told."""
    if home.owner:
        _tombstone(home).unlink(missing_ok=True)


def remove_expired(home: Home) -> list[str]:
    """Remove the workspaces whose life is over; what was removed, in words. Those with active runs stay."""
    life = limits().life_hours
    if life is None:
        return []
    found = []
    for visitor in home.visitors():
        sweep_abandoned(visitor)
        if _age(visitor) > 3600 * life and (what := _remove(visitor, life)):
            log.info("removed a workspace not visited for %d h: %s", life, what)
            found.append(what)
    for old in _tombstones(home).glob("*.json"):
        if time.time() - old.stat().st_mtime > 86400 * TOLD_DAYS:
            old.unlink(missing_ok=True)
    return found


def keep_clean(home: Home) -> None:
    """Remove what has expired once a minute for as long as this process lives, in a thread; hosted only, once."""
    if not hosted() or not _cleaner.acquire(blocking=False):
        return

    def clean() -> None:
        while True:
            try:
                remove_expired(home.of(None))
            except Exception:  # a full disk or a locked database passes
                log.exception("cleaning goes on after an error")
            time.sleep(SWEEP_SECONDS)

    threading.Thread(target=clean, name="expiry", daemon=True).start()


def _age(visitor: Home) -> float:
    """Seconds since the last visit; of a workspace without a stamp since something in it changed."""
    for path in (visitor.path / STAMP, visitor.path):
        with suppress(FileNotFoundError):
            return time.time() - path.stat().st_mtime
    return 0.0


def _remove(visitor: Home, life: int) -> str | None:
    """Take one workspace away; what it was. None where it has come to life, or another process was faster."""
    trash = visitor.of(None).trash_dir / new_id()
    what = _contents(visitor)

    def take() -> bool:
        if _age(visitor) <= 3600 * life:
            return False
        write_json(_tombstone(visitor), {"time": time.time(), "life_hours": life, "what": what})
        trash.parent.mkdir(parents=True, exist_ok=True)
        visitor.path.rename(trash)  # at once for every reader; removing takes its time
        return True

    try:
        if not everybody.delete_owner(visitor, take):
            return None
    except FileNotFoundError:
        return None
    except BaseException:
        if trash.exists() and not visitor.path.exists():
            trash.rename(visitor.path)  # the rows stay, so must the files
        raise
    shutil.rmtree(trash, ignore_errors=True)
    return what


def _contents(visitor: Home) -> str:
    sets = len(list(visitor.datasets_dir.glob("[!.]*/dataset.json")))
    runs = len(database.read_runs(visitor))
    parts = [f"{number} {name}" + ("" if number == 1 else "s") for number, name in ((sets, "data set"), (runs, "run"))]
    return f"{' and '.join(parts)}, {used_bytes(visitor.path) / 10**6:,.0f} MB"


def _tombstones(home: Home) -> Path:
    return home.of(None).path / "removed"


def _tombstone(home: Home) -> Path:
    assert ID_PATTERN.fullmatch(home.owner), home.owner
    return _tombstones(home) / f"{home.owner}.json"
