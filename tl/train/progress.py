"""progress.json: where a run is now, replaced a few times a second; its counter moves only when the work does."""

import time
from collections.abc import Callable
from typing import Any

from tl.store.documents import in_english
from tl.store.files import write_json
from tl.store.home import Run

PERIOD_SECONDS = 0.25


class ProgressWriter:
    """What a run does at the moment, for whoever watches; `writes`: whether it is written. `between` is called after each
    piece of work that is counted, and may raise to end it."""

    def __init__(self, run: Run, epochs: int, writes: bool = True, between: Callable[[], None] = lambda: None):
        self._path, self._writes, self._between = run.progress, writes, between
        self._written = 0.0
        self.notes: list[str] = []  # what did not go as planned
        self._state: dict[str, Any] = {
            "phase": "starting",
            "detail": "",
            "epoch": 0,
            "epochs": epochs,
            "epochs_before": 0,
            "step": 0,
            "steps": 0,
            "counter": 0,
            "elapsed_seconds": 0.0,
        }

    def phase(self, phase: str, **changes: Any) -> None:
        """A new phase of work; written at once."""
        self._state |= {"phase": phase, "detail": "", "step": 0, "steps": 0} | changes
        self._write()

    def goes_on(self, epochs: int) -> None:
        """So many epochs were done before this start; what they took says nothing about how fast it is now."""
        self._state["epochs_before"] = epochs

    def step(self, step: int, steps: int, detail: str = "") -> None:
        """`step` of `steps` are done in this phase; written when the last writing is a while ago."""
        self._state |= {"step": step, "steps": steps, "detail": detail}
        self.tick()

    def counter(self, steps: int) -> Callable[[int], None]:
        """To be called with how many of `steps` are done after each piece of work."""

        def count(done: int) -> None:
            self.step(done, steps)
            self._between()

        return count

    def tick(self) -> None:
        """Something was done, but no step of the phase."""
        self._state["counter"] += 1
        if time.monotonic() - self._written >= PERIOD_SECONDS:
            self._write()

    def _write(self) -> None:
        self._state["counter"] += 1
        self._written = time.monotonic()
        if self._writes:
            write_json(self._path, in_english(self._state | {"notes": self.notes}), durable=False)
