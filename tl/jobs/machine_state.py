"""What runs where, written down for pages as the launcher says it: a page asks no launcher."""

import time
from collections.abc import Callable, Sequence

from msgspec import structs

from tl.jobs.launchers.launcher import Launcher, Unreachable
from tl.store.home import Home
from tl.store.machines import Machine, write_machines
from tl.store.queue.rows import RunRow

POLL_SECONDS = 3.0


class MachineState:
    """One per supervisor."""

    def __init__(self, home: Home, clock: Callable[[], float] = time.monotonic):
        self._home, self._clock = home, clock
        self._told: tuple[Machine, ...] | None = None
        self.polled_at = float("-inf")

    def tell(self, launcher: Launcher, running: Sequence[RunRow]) -> None:
        """Write down where the runs are, where that has changed."""
        if self._clock() - self.polled_at < POLL_SECONDS:
            return
        self.polled_at = self._clock()
        runs = {row.handle: row.run_id for row in running if row.handle}
        try:
            found = launcher.machines(runs)
        except Unreachable:
            found = ()
        told = tuple(structs.replace(each, trains=tuple(runs[handle] for handle in each.trains)) for each in found)
        if told != self._told and (running or self._told):
            self._told = told
            write_machines(self._home, told)
