"""What was deleted: out of the way at once, removed when there is time.

Its name says what it was: files go before the rows that name them do, and a kill between must not cost only the files.
"""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil

from tl.config import ID_PATTERN, Refused, new_id
from tl.store.home import VISITORS, Home, Run
from tl.store.queue.everybody import has_rows, known_runs


def place_for(home: Home, folder: Path) -> Path:
    """Where a folder of this home goes that is deleted: KIND.NAME.ID.PID, the process that deletes it."""
    return home.trash_dir / f"{folder.parent.name}.{folder.name}.{new_id()}.{os.getpid()}"


def keep_best_network(run: Run) -> None:
    """Remove what only resuming needs of a finished run, as far as it can be: every checkpoint but the best epoch's."""
    for path in run.checkpoints.glob("*"):
        if path != run.best:
            with suppress(OSError):
                path.unlink()


@contextmanager
def deleting(home: Home) -> Iterator[Callable[[Path], None]]:
    """Gives what takes a folder of this home away, at once for every reader; removing it takes its time, at the end.

    Whatever is raised meanwhile puts it back: its row stays, so must the files.
    """
    taken: list[tuple[Path, Path]] = []

    def take(folder: Path) -> None:
        place = place_for(home, folder)
        place.parent.mkdir(parents=True, exist_ok=True)
        folder.rename(place)
        taken.append((place, folder))

    try:
        yield take
    except BaseException:
        for place, folder in taken:
            place.rename(folder)
        raise
    for place, _ in taken:
        shutil.rmtree(place, ignore_errors=True)


def empty_trash(home: Home) -> None:
    """Remove what processes that are gone did not get to the end of deleting; what still has its rows is put back."""
    for place in home.trash_dir.glob("*"):
        pid = place.suffix[1:]
        if pid.isdecimal() and psutil.pid_exists(int(pid)):
            continue
        try:
            folder = _still_named(home, place)
        except Refused:  # the queue can't be read: it may be put back later
            continue
        if folder and not folder.exists():
            place.rename(folder)
        else:
            shutil.rmtree(place, ignore_errors=True)


def _still_named(home: Home, place: Path) -> Path | None:
    """Where it belongs, if the queue still names it: whoever deleted it was killed before the rows were gone."""
    kind, name, *_ = (*place.name.split("."), "")
    if not ID_PATTERN.fullmatch(name):
        return None
    if kind == home.runs_dir.name and known_runs(home, [name]):  # put here by an earlier version
        return home.run(name).folder
    if kind == VISITORS and home.owner is None and has_rows(home.of(name)):
        return home.of(name).path
    return None
