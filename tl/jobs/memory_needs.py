"""How much memory a trainer of each experiment needs, as the supervisor asks again and again."""

import time
from collections.abc import Callable

from tl.jobs.memory import trainer_bytes
from tl.store import database
from tl.store.home import Home
from tl.store.rows import RunRow

FRESH_SECONDS = 60.0  # in which it is not looked up again


class MemoryNeeds:
    """One per supervisor."""

    def __init__(self, home: Home, clock: Callable[[], float] = time.monotonic):
        self._home, self._clock = home, clock
        self._asked: dict[str, tuple[float, float]] = {}  # experiment -> bytes, when asked

    def of(self, row: RunRow) -> float:
        """Bytes of memory that a trainer of the run's experiment needs."""
        found = self._asked.get(row.experiment_id)
        if found is None or self._clock() - found[1] >= FRESH_SECONDS:
            home = self._home.of(row.owner)
            others = [other.run_id for other in database.read_runs(home, row.experiment_id)]
            found = trainer_bytes(home, row.experiment, others), self._clock()
            self._asked[row.experiment_id] = found
        return found[0]

    def forget(self) -> None:
        self._asked.clear()
