"""Who may compute: trainers of a home alternate, epoch by epoch, and so does what else computes.

There is one place to compute at, or several, each a file lock, with as many threads each as its share of the processors
(`places`); the supervisor says how many. A further lock makes a fair hand-over: who wants a place first takes `next`, then waits
for a place, then frees `next`. A trainer that has just computed queues behind the one that holds `next`, so two arms
with one place alternate strictly. The kernel frees the locks when their holder dies. No torch, no supervisor needed. A
trainer that has a device for itself, as on a node of a cluster, is told so by $TL_TURNS: a folder of locks for it alone
(tl.jobs.launchers.guard).
"""

import fcntl
import os
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

GAVE_WAY = 75  # exit status of a process that ended since somebody else wanted to compute; EX_TEMPFAIL of sysexits.h

LOCKS_FOLDER = "TL_TURNS"  # variable of the environment
POLL_SECONDS = 0.005  # between two looks at several places: one can't wait for whichever becomes free first

_NEXT = "next.lock"
_FIRST = "device.lock"  # the place that there always is; further ones are device-2.lock, device-3.lock, ...


class _Mine(threading.local):
    def __init__(self) -> None:
        self.held: set[Path] = set()  # folders of locks in which this thread has a place


_mine = _Mine()


class DeviceLock:
    """The right to compute; `waited_seconds` says how long it was waited for, `places` how many could compute then."""

    def __init__(self, locks_dir: Path) -> None:
        self._folder = _folder_of(locks_dir)
        self._folder.mkdir(parents=True, exist_ok=True)
        self._next = _opened(self._folder / _NEXT)
        self._place: int | None = None  # descriptor of the lock that is held
        self.places = 1
        self.waiting = False
        self.waited_seconds = 0.0

    def take(self, check: Callable[[], None] = lambda: None) -> None:
        """Wait for a place to compute at. `check` is called once `waiting` says so; it may raise.

        Whatever is raised meanwhile (by the handler of a signal, too) leaves others their place in the queue.
        """
        began = time.monotonic()
        try:
            self.waiting = True
            check()
            fcntl.flock(self._next, fcntl.LOCK_EX)
            while not self.try_take():
                if self.places == 1:
                    self._lock(_FIRST)
                    return
                time.sleep(POLL_SECONDS)
        finally:
            self.waiting = False
            fcntl.flock(self._next, fcntl.LOCK_UN)
            self.waited_seconds += time.monotonic() - began

    def try_take(self) -> bool:
        """Take a place if one is free; False where others compute at all of them."""
        there = _places(self._folder)
        self.places = len(there)
        for name in there:
            with suppress(BlockingIOError, FileNotFoundError):  # taken, or a place no more
                self._lock(name, fcntl.LOCK_NB)
                return True
        return False

    def _lock(self, name: str, how: int = 0) -> None:
        place = _opened(self._folder / name)
        try:
            fcntl.flock(place, fcntl.LOCK_EX | how)
        except BaseException:
            os.close(place)
            raise
        self._place = place
        _mine.held.add(self._folder)

    def wanted(self) -> bool:
        """Whether anybody waits for a place now."""
        try:
            fcntl.flock(self._next, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        fcntl.flock(self._next, fcntl.LOCK_UN)
        return False

    def give(self) -> None:
        """Let the next one compute."""
        _mine.held.discard(self._folder)
        if self._place is not None:
            os.close(self._place)
            self._place = None

    def close(self) -> None:
        """Give both locks back, permanently."""
        self.give()
        os.close(self._next)


def places(locks_dir: Path) -> int:
    """How many may compute at once for this home."""
    return len(_places(_folder_of(locks_dir)))


def set_places(locks_dir: Path, count: int) -> None:
    """Let so many compute at once. Who computes at a place that is no more goes on until it gives it back."""
    wanted = [_numbered(number) for number in range(2, count + 1)]
    there = _places(locks_dir)[1:]
    for name in {*there} - {*wanted}:
        (locks_dir / name).unlink(missing_ok=True)
    for name in {*wanted} - {*there}:
        locks_dir.mkdir(parents=True, exist_ok=True)
        (locks_dir / name).touch(0o600)


def holds_device(locks_dir: Path) -> bool:
    """Whether this thread has a place, however it came by it: to take another would be to wait for oneself."""
    return _folder_of(locks_dir) in _mine.held


def _places(folder: Path) -> list[str]:
    """Names of the locks in `folder`, one for each place."""
    return [_FIRST, *sorted(path.name for path in folder.glob(_numbered("*")))]


def _numbered(number: int | str) -> str:
    return f"device-{number}.lock"


def _opened(path: Path) -> int:
    return os.open(path, os.O_RDWR | os.O_CLOEXEC | (os.O_CREAT if path.name in (_FIRST, _NEXT) else 0), 0o600)


def _folder_of(locks_dir: Path) -> Path:
    """Where the locks stand that whoever computes for this home takes."""
    return Path(os.environ.get(LOCKS_FOLDER) or locks_dir).resolve()
