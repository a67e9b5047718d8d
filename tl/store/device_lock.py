"""One process computes at a time: trainers of a home take turns, epoch by epoch, and so does what else computes.

Two file locks make a fair hand-over: who wants the device first takes `next`, then waits for `device`, then frees
`next`. A trainer that has just had its turn queues behind the one that holds `next`, so two arms alternate strictly.
The kernel frees both locks when their holder dies. No torch, no supervisor needed. A trainer that has a device for itself, as
on a node of a cluster, is told so by $TL_TURNS: a folder of locks for it alone (tl.jobs.launchers.guard).
"""

import fcntl
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path

GAVE_WAY = 75  # exit status of a process that ended since somebody else wanted to compute; EX_TEMPFAIL of sysexits.h

TURNS = "TL_TURNS"  # variable of the environment

_mine = threading.local()  # `has_turn`: locks folders whose turn this thread has


class Turn:
    """The right to compute; `waited_seconds` says how long it was waited for."""

    def __init__(self, locks_dir: Path) -> None:
        self._folder = _turns_of(locks_dir)
        self._folder.mkdir(parents=True, exist_ok=True)
        flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC
        self._next = os.open(self._folder / "next.lock", flags, 0o600)
        self._device = os.open(self._folder / "device.lock", flags, 0o600)
        self.waiting = False
        self.waited_seconds = 0.0

    def take(self, check: Callable[[], None] = lambda: None) -> None:
        """Wait until nobody else of this home computes. `check` is called once `waiting` says so; it may raise.

        Whatever is raised meanwhile (by the handler of a signal, too) leaves others their place in the queue.
        """
        began = time.monotonic()
        try:
            self.waiting = True
            check()
            fcntl.flock(self._next, fcntl.LOCK_EX)
            fcntl.flock(self._device, fcntl.LOCK_EX)
        finally:
            self.waiting = False
            fcntl.flock(self._next, fcntl.LOCK_UN)
            self.waited_seconds += time.monotonic() - began
        _held().add(self._folder)

    def try_take(self) -> bool:
        """Take the turn if it is free; False where another computes."""
        try:
            fcntl.flock(self._device, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        _held().add(self._folder)
        return True

    def wanted(self) -> bool:
        """Whether anybody waits for the turn now."""
        try:
            fcntl.flock(self._next, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        fcntl.flock(self._next, fcntl.LOCK_UN)
        return False

    def give(self) -> None:
        """Let the next one compute."""
        _held().discard(self._folder)
        fcntl.flock(self._device, fcntl.LOCK_UN)

    def close(self) -> None:
        """Give the turn and the places in the queue back, for good."""
        _held().discard(self._folder)
        os.close(self._next)
        os.close(self._device)


def has_turn(locks_dir: Path) -> bool:
    """Whether this thread has the turn, however it came by it: to take it again would be to wait for oneself."""
    return _turns_of(locks_dir) in _held()


def _turns_of(locks_dir: Path) -> Path:
    """Where the locks stand that whoever computes for this home takes."""
    return Path(os.environ.get(TURNS) or locks_dir).resolve()


def _held() -> set[Path]:
    if not hasattr(_mine, "held"):
        _mine.held = set()
    found: set[Path] = _mine.held
    return found
