"""Work in pieces that give way to trainers: pictures are decoded between two epochs of an arm, never beside one.

A piece is short, so that whoever trains waits little; the device lock is fair, so that nobody waits for ever.
"""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tl.languages import later, say
from tl.store.device_lock import DeviceLock, holds_device

PIECE_SECONDS = 2.0  # in which tasks of a piece may begin
SHOWN_SECONDS = 0.5  # of waiting that nobody is told of
WAITING = later("waiting for a turn")  # what progress says
POLL_SECONDS = 0.2  # between two questions whether to give up
Progress = Callable[[int, int, str], None]


class SharedDeviceLock:
    """Lets tasks of several threads work while this process has the device lock, and gives it up after each piece.

    Where this thread has it already (a trainer prepares its pictures), and without a `locks_dir`, it is open.
    """

    def __init__(self, locks_dir: Path | None) -> None:
        self._device_lock = None if locks_dir is None or holds_device(locks_dir) else DeviceLock(locks_dir)
        self._changed = threading.Condition()
        self._has = self._asked = self._closed = False
        self._expected = self._working = 0  # tasks that will come or work, and those of them that work
        self._since = time.monotonic()  # since when it is held, or was asked for
        self._waited = 0.0

    def expect(self) -> None:
        """A task will come to `inside`: the lock is kept for it."""
        with self._changed:
            self._expected += 1

    @contextmanager
    def inside(self) -> Iterator[None]:
        """Wait for the lock, and keep it meanwhile. Returns at once where it is closed."""
        if self._device_lock:
            self._enter()
        try:
            yield
        finally:
            if self._device_lock:
                self._leave()

    @property
    def waiting(self) -> bool:
        """Whether others have computed for a while."""
        with self._changed:
            return self._asked and time.monotonic() - self._since > SHOWN_SECONDS

    @property
    def waited_seconds(self) -> float:
        """How long tasks have waited for the lock until now."""
        with self._changed:
            return self._waited + (time.monotonic() - self._since if self._asked else 0.0)

    def close(self) -> None:
        """Give the lock back; nobody may be working any more."""
        with self._changed:
            self._closed = True
            if self._device_lock and not self._asked:  # else whoever waits for it closes it
                self._device_lock.close()
            self._has = False
            self._changed.notify_all()

    def _enter(self) -> None:
        with self._changed:
            while not self._closed:
                over = time.monotonic() - self._since > PIECE_SECONDS
                if self._has and not over:
                    break
                if self._has and not self._working:
                    self._give()
                if not self._has and not self._asked:
                    self._asked, self._since = True, time.monotonic()
                    # A thread that can be left behind: waiting for a fair lock can't be given up.
                    threading.Thread(target=self._take, name="device", daemon=True).start()
                self._changed.wait(POLL_SECONDS)
            self._working += 1

    def _leave(self) -> None:
        with self._changed:
            self._working -= 1
            self._expected -= 1
            over = time.monotonic() - self._since > PIECE_SECONDS
            if self._has and not self._working and (over or self._expected <= 0):
                self._give()
            self._changed.notify_all()

    def _take(self) -> None:
        assert self._device_lock
        self._device_lock.take()
        with self._changed:
            now = time.monotonic()
            self._waited += now - self._since
            self._asked, self._has, self._since = False, not self._closed, now
            if self._closed:
                self._device_lock.close()
            self._changed.notify_all()

    def _give(self) -> None:
        assert self._device_lock
        self._has = False
        self._device_lock.give()


class WaitingProgress:
    """Progress that is told while nothing moves, too: where it was, and that it waits."""

    def __init__(self, progress: Progress | None) -> None:
        self._progress, self._last = progress, (0, 0)

    def __call__(self, done: int, total: int, what: str) -> None:
        """As `progress`."""
        self._last = (done, total)
        if self._progress:
            self._progress(done, total, what)

    def waits(self) -> None:
        """Others compute; may raise to give up."""
        if self._progress:
            self._progress(*self._last, say(WAITING))
