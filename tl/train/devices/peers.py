"""The other processes of a run on several devices: started by its trainer, ended with it. No torch.

Each is a child of the trainer, in its group of processes and with its environment: who ends the run finds them all. What
one is to do stands in the first line of its standard input; where that ends, the trainer has, and the process ends
itself at once.
"""

import json
import os
import secrets
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress

from tl.config import RunConfig
from tl.failures import EXIT_REASONS
from tl.languages import later, say
from tl.store.home import Run

COMMAND = (sys.executable, "-m", "tl.train.devices.peer")
NOTICE_SECONDS = 20.0  # in which the trainer has met an error because one was lost; a GPU's operation may wait for good
TOLD_SECONDS = 5.0  # in which one that was lost is known to be, once an operation with it has failed
END_SECONDS = 5.0  # in which they have ended by themselves


class DeviceLost(Exception):
    """A process has ended before the run; `reason`: a key of FAILURES, the text says which and how."""

    def __init__(self, reason: str, text: str):
        super().__init__(text)
        self.reason = reason


class NoDeviceLock:
    """It computes when the trainer does, who has the lock."""

    waited_seconds = 0.0
    places = 1

    def take(self, check: Callable[[], None] = lambda: None) -> None:
        """Nothing to wait for."""

    def give(self) -> None:
        """Nobody waits for it."""


class Peers:
    """The processes 1, 2, ... of a run; the trainer itself is 0. With one device there are none."""

    def __init__(self, run: Run, config: RunConfig):
        self.count = config.devices_of(config.arm)
        # Named as what a killed writer leaves behind: nothing of it stays.
        self.meeting = run.folder / f".devices.{os.getpid()}.{secrets.token_hex(4)}"
        self._ending = threading.Event()
        self._started: list[subprocess.Popen[str]] = []
        try:
            for number in range(1, self.count):
                self._started.append(self._start(run, config, number))
        except BaseException:
            self.end()
            raise

    def _start(self, run: Run, config: RunConfig, number: int) -> subprocess.Popen[str]:
        peer = subprocess.Popen(COMMAND, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, encoding="utf-8")
        assert peer.stdin is not None
        told = {"run": str(run.folder), "config": config.to_json(), "number": number, "meeting": str(self.meeting)}
        with suppress(BrokenPipeError):  # it has ended: its status is asked for when it is missed
            peer.stdin.write(json.dumps(told) + "\n")
            peer.stdin.flush()
        return peer

    def watch(self, end: Callable[[DeviceLost], None]) -> None:
        """Have `end` called from another thread where one is lost and this one does not meet an error because of it."""
        if self._started:
            threading.Thread(target=self._watch, args=(end,), name="devices", daemon=True).start()

    def _watch(self, end: Callable[[DeviceLost], None]) -> None:
        while not self._ending.wait(1.0):
            if any(peer.poll() is not None for peer in self._started):
                if not self._ending.wait(NOTICE_SECONDS) and (lost := self.lost()):
                    end(lost)
                return

    def lost(self) -> DeviceLost | None:
        """Which one has ended before the trainer; None where none has. To be asked when something went wrong.

        The first to go takes the others with it: one that was killed, or knows what went wrong, comes first.
        """
        end = time.monotonic() + (TOLD_SECONDS if self._started else 0.0)
        while not (gone := self._gone()) and time.monotonic() < end:
            time.sleep(0.1)
        if not gone:
            return None
        time.sleep(0.5)  # for the one that began
        gone = self._gone()
        number = min(gone, key=lambda each: (gone[each] >= 0, _reason(gone[each]) == "internal_error", each))
        what, reason = self._started[number - 1], _reason(gone[number])
        status = gone[number]
        how = later("device {number} of {count}: its process {process} ended with exit status {status}")
        if status == -signal.SIGKILL:
            how = later(
                "device {number} of {count}: its process {process} was killed by {status}, as the system does where memory "
                "runs out"
            )
        elif status < 0:
            how = later("device {number} of {count}: its process {process} was killed by {status}")
        shown = status if status >= 0 else signal.Signals(-status).name
        return DeviceLost(reason, say(how, number=number + 1, count=self.count, process=what.pid, status=shown))

    def _gone(self) -> dict[int, int]:
        """Number -> exit status of those that have ended."""
        found = {number: peer.poll() for number, peer in enumerate(self._started, 1)}
        return {number: status for number, status in found.items() if status is not None}

    def end(self) -> None:
        """End all of them, and whatever is left of where they met."""
        self._ending.set()
        for peer in self._started:
            with suppress(OSError):
                assert peer.stdin is not None
                peer.stdin.close()
        end = time.monotonic() + END_SECONDS
        for peer in self._started:
            try:
                peer.wait(max(0.0, end - time.monotonic()))
            except subprocess.TimeoutExpired:
                peer.kill()
                peer.wait()
        if self._started:
            self.meeting.unlink(missing_ok=True)


def _reason(status: int) -> str:
    """A key of FAILURES for an exit status; negative: the signal."""
    return EXIT_REASONS.get(status, "device_lost")
