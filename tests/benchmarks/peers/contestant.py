"""A contestant's side of the contest: wait for the turn before importing anything heavy, report, hand over."""

import json
import sys
from pathlib import Path
from types import SimpleNamespace

from tl.store.device_lock import DeviceLock


class Contestant:
    """The turn of this process and its report; `settings` are the JSON given on the command line, as attributes."""

    def __init__(self):
        self.settings = SimpleNamespace(**json.loads(sys.argv[1]))
        self._device_lock = DeviceLock(Path(self.settings.locks))
        self._report = Path(self.settings.report)
        self._report.write_text("")
        self._device_lock.take()

    def report(self, **figures) -> None:
        """Write down one turn's figures."""
        with open(self._report, "a", encoding="utf-8") as file:
            file.write(json.dumps(figures) + "\n")

    def hand_over(self) -> None:
        """Let the others compute."""
        self._device_lock.give()
        self._device_lock.take()
