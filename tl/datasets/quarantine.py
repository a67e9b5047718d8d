"""A folder of its own for data sets and runs that are being brought in: renamed when whole, removed otherwise."""

import fcntl
import secrets
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tl.store.files import locked, sync_folder
from tl.store.home import Home

LOCK = "lock"  # in a quarantine folder, held while it is filled


@contextmanager
def quarantine(home: Home, parent: Path) -> Iterator[Path]:
    """A fresh locked folder in `parent`, where what comes in will lie; removed unless `settle` moved it.

    Those of killed processes are swept first.
    """
    parent.mkdir(parents=True, exist_ok=True)
    with locked(home.locks_dir / "ingest.lock"):  # so that nobody sweeps a folder that is not locked yet
        _sweep(parent)
        folder = parent / f".incoming-{secrets.token_hex(8)}"
        folder.mkdir(mode=0o700)
        lock = open(folder / LOCK, "wb")  # noqa: SIM115 - closed below, after the outer lock is free
        fcntl.flock(lock, fcntl.LOCK_EX)
    with lock:
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def alone(home: Home, progress: Callable[[int, int, str], None] | None) -> Iterator[None]:
    """One at a time of all visitors; `progress` is called while others come first, and may raise to give up."""
    what = "waiting until another visitor's pictures have been read"
    with locked(home.locks_dir / "upload.lock", progress, what):
        yield


def sweep_abandoned(home: Home) -> None:
    """Remove what killed processes left of data sets and runs they were bringing in."""
    for parent in (home.datasets_dir, home.runs_dir):
        if any(parent.glob(".incoming-*")):
            with locked(home.locks_dir / "ingest.lock"):
                _sweep(parent)


def settle(folder: Path, target: Path) -> None:
    """Give a whole data set its place. Raises OSError (ENOTEMPTY, EEXIST) where the name was taken meanwhile."""
    sync_folder(folder)
    folder.rename(target)
    (target / LOCK).unlink()
    sync_folder(target.parent)


def _sweep(parent: Path) -> None:
    """Remove quarantine folders whose process is gone: the kernel has freed their locks."""
    for old in parent.glob(".incoming-*"):
        try:
            with open(old / LOCK, "ab") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(old, ignore_errors=True)
        except OSError:  # held by a living process, or just removed by one
            continue
