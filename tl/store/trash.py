"""What was deleted: out of the way at once, removed when there is time."""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

from tl.config import new_id
from tl.store.home import Home


@contextmanager
def deleting(home: Home) -> Iterator[Callable[[Path], None]]:
    """Gives what takes a folder of this home away, at once for every reader; removing it takes its time, at the end.

    Whatever is raised meanwhile puts it back: its row stays, so must the files.
    """
    taken: list[tuple[Path, Path]] = []

    def take(folder: Path) -> None:
        place = home.trash_dir / f"{new_id()}.{os.getpid()}"
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
    """Remove what processes that are gone did not get to the end of deleting."""
    for place in home.trash_dir.glob("*"):
        pid = place.suffix[1:]
        if not (pid.isdecimal() and psutil.pid_exists(int(pid))):
            shutil.rmtree(place, ignore_errors=True)
