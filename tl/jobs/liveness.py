"""Whether trainers still get anywhere: by the counter in progress.json, which only work moves, and this process's clock.

Nothing is compared with a time that somebody wrote down, so neither a changed clock nor a frozen machine looks like a
death: what counts is how long the counter stood still while this process itself was running and looking.
"""

import time
from collections.abc import Callable

from tl.store.documents import read_progress
from tl.store.home import Run

# Honest work moves the counter at every step. A step that fits into memory takes at most a few minutes even on two
# slow cores (512 pictures of 224 px through ResNet-50: about four), and loading a network or measuring its precision
# takes less than that.
STALL_SECONDS = 600.0
MAX_GAP_SECONDS = 5.0  # a longer gap between two polls means that this process did not run either
WAITING = "waiting"  # the phase in which a trainer rightly does nothing: another computes


class Stillness:
    """For how long each trainer has not moved; one per watching process."""

    def __init__(self, clock: Callable[[], float] = time.monotonic):
        self._clock = clock
        # Attempt -> mark, last look, seconds without change.
        self._seen: dict[tuple[str, int], tuple[object, float, float]] = {}

    def seconds(self, run: Run, attempt: int) -> float:
        """Seconds that were watched since this attempt of the run moved last; 0 while it waits for the device."""
        now, mark, key = self._clock(), _mark(run), (run.folder.name, attempt)
        before, polled_at, still = self._seen.get(key, (None, now, 0.0))
        moved = mark != before or mark == WAITING
        still = 0.0 if moved else still + min(now - polled_at, MAX_GAP_SECONDS)
        self._seen[key] = (mark, now, still)
        return still

    def forget(self, others_than: set[tuple[str, int]]) -> None:
        """Keep only these (run id, attempt)."""
        self._seen = {key: value for key, value in self._seen.items() if key in others_than}


def _mark(run: Run) -> object:
    """What changes when the trainer gets somewhere; an absent or unreadable progress.json is a mark like another."""
    progress = read_progress(run)
    if progress is None:
        return "nothing yet"  # not shown
    return WAITING if progress.phase == WAITING else progress.counter
