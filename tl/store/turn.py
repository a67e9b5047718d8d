"""One trainer computes at a time: trainers of a home take turns, epoch by epoch. No torch, no supervisor needed.

Two file locks make a fair hand-over: who wants the device first takes `next`, then waits for `device`, then frees
`next`. A trainer that has just had its turn queues behind the one that holds `next`, so two arms alternate strictly.
The kernel frees both locks when their holder dies.
"""

import fcntl
import os
import time
from pathlib import Path


class Turn:
    """The right to compute; `waited_seconds` says how long it was waited for."""

    def __init__(self, locks_dir: Path):
        locks_dir.mkdir(parents=True, exist_ok=True)
        flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC
        self._next = os.open(locks_dir / "next.lock", flags, 0o600)
        self._device = os.open(locks_dir / "device.lock", flags, 0o600)
        self.waiting = False
        self.waited_seconds = 0.0

    def take(self) -> None:
        """Wait until no other trainer of this home computes."""
        began = time.monotonic()
        self.waiting = True
        fcntl.flock(self._next, fcntl.LOCK_EX)
        fcntl.flock(self._device, fcntl.LOCK_EX)
        fcntl.flock(self._next, fcntl.LOCK_UN)
        self.waiting = False
        self.waited_seconds += time.monotonic() - began

    def try_take(self) -> bool:
        """Take the turn if it is free; False where another trainer computes."""
        try:
            fcntl.flock(self._device, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def give(self) -> None:
        """Let the next trainer compute."""
        fcntl.flock(self._device, fcntl.LOCK_UN)
