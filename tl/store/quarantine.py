"""A folder of its own for data sets and runs that are being brought in: renamed when whole, removed otherwise.

Runs get their place before the queue has their rows, so that one that can be seen is complete. Until then they are
announced in such a folder: where a kill comes between, whoever looks next knows that they are none. Runs that are
deleted are announced, too, before their rows go: a folder without a row goes either way.
"""

import fcntl
import secrets
import shutil
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tl.config import Refused
from tl.languages import say
from tl.store.files import locked, read_json, sync_folder, write_json
from tl.store.home import Home
from tl.store.queue.everybody import known_runs

LOCK = "lock"  # in a quarantine folder, held while it is filled
PLACED = "placed.json"  # ids of runs whose folders may stand where runs lie before the queue has their rows


@contextmanager
def quarantine(home: Home, parent: Path) -> Iterator[Path]:
    """A fresh locked folder in `parent`, where what comes in will lie; removed unless `move_into_place` moved it.

    With it go the folders of runs that it announces and that did not get into the queue. Those of killed processes are
    swept first.
    """
    parent.mkdir(parents=True, exist_ok=True)
    with locked(home.locks_dir / "ingest.lock"):  # so that nobody sweeps a folder that is not locked yet
        _sweep(home, parent)
        folder = parent / f".incoming-{secrets.token_hex(8)}"
        folder.mkdir(mode=0o700)
        lock = open(folder / LOCK, "wb")  # noqa: SIM115 - closed below, after the outer lock is free
        fcntl.flock(lock, fcntl.LOCK_EX)
    with lock:
        try:
            yield folder
        finally:
            _remove(home, folder)


def announce(folder: Path, run_ids: Iterable[str]) -> None:
    """Say in a quarantine folder that the folders of these runs will now get their place, before their rows."""
    write_json(folder / PLACED, list(run_ids))


def announced(home: Home) -> set[str]:
    """Runs of this home that may have a folder and not be in the queue, since they are being brought in or were."""
    told = (read_json(path) for path in home.runs_dir.glob(f".incoming-*/{PLACED}"))
    return {run_id for run_ids in told if isinstance(run_ids, list) for run_id in run_ids}


@contextmanager
def one_upload_at_a_time(home: Home, progress: Callable[[int, int, str], None] | None) -> Iterator[None]:
    """One at a time of all visitors; `progress` is called while others come first, and may raise to give up."""
    what = say("waiting until another visitor's pictures have been read")
    with locked(home.locks_dir / "upload.lock", progress, what):
        yield


def sweep_abandoned(home: Home) -> None:
    """Remove what killed processes left of data sets and runs they were bringing in."""
    for parent in (home.datasets_dir, home.runs_dir):
        with suppress(FileNotFoundError):  # a workspace that another process removes meanwhile
            if any(parent.glob(".incoming-*")):
                with locked(home.locks_dir / "ingest.lock"):
                    _sweep(home, parent)


def move_into_place(folder: Path, target: Path) -> None:
    """Give a whole data set its place. Raises OSError (ENOTEMPTY, EEXIST) where the name was taken meanwhile."""
    sync_folder(folder)
    folder.rename(target)
    (target / LOCK).unlink()
    sync_folder(target.parent)


def _sweep(home: Home, parent: Path) -> None:
    """Remove quarantine folders whose process is gone: the kernel has freed their locks."""
    for old in parent.glob(".incoming-*"):
        try:
            with open(old / LOCK, "ab") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                _remove(home, old)
        except OSError:  # held by a living process, or just removed by one
            continue


def _remove(home: Home, folder: Path) -> None:
    """Remove a quarantine folder, after those of the runs it announces that are not in the queue."""
    run_ids = read_json(folder / PLACED, [])
    if run_ids:
        try:
            known = known_runs(home, run_ids)
        except Refused:  # the queue can't be read: this folder stays, so that whoever repairs it knows
            return
        for run_id in set(run_ids) - known:
            with suppress(OSError):  # away at once for every reader; removing takes its time
                home.run(run_id).folder.rename(folder / f"gone-{run_id}")
    shutil.rmtree(folder, ignore_errors=True)
