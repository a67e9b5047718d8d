"""The supervisor's part in running experiments until they are settled: when all runs of one have ended, it has the
outcome looked at by a short process of its own (tl.jobs.look), one at a time, and ends the plan where that fails.

All it knows is in the database: one that was killed is replaced by the next, and what it began is done once.
"""

import logging
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from typing import Any

from tl.jobs.launchers.launcher import give_way, talking
from tl.languages import joined, say
from tl.store.home import Home
from tl.store.queue import settle_plan

LIMIT_SECONDS = 300.0  # of one look: reading some hundred runs and judging them takes seconds
COMMAND = (sys.executable, "-m", "tl.jobs.look")

log = logging.getLogger("tl.jobs")


class LookStarter:
    """Has the outcomes of everybody's experiments under one root looked at, one after the other."""

    def __init__(
        self,
        home: Home,
        command: Sequence[str] = COMMAND,
        limit_seconds: float = LIMIT_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ):
        self.home, self.command, self.limit_seconds = home, tuple(command), limit_seconds
        self._clock = clock
        self._child: subprocess.Popen[str] | None = None
        self._about: dict[str, Any] = {}  # the plan it looks at, see settling.open_plans
        self._began = 0.0

    def look(self) -> bool:
        """See how the look under way goes, begin the next where it is time; whether any plan goes on."""
        self._watch()
        plans = settle_plan.open_plans(self.home)
        due = next((plan for plan in plans if not plan["active"]), None)
        if self._child is None and due is not None:
            self._start(due)
        return bool(plans)

    def close(self) -> None:
        if self._child is not None:
            self._child.kill()
            self._child.wait()
            self._child = None

    def _start(self, plan: dict[str, Any]) -> None:
        own = self.home.of(plan["owner"])
        self._about, self._began = plan, self._clock()
        command = [*self.command, str(own.path), plan["experiment_id"]]
        self._child = subprocess.Popen(command, stdout=subprocess.DEVNULL, **talking())  # stderr: the supervisor's log
        give_way(self._child.pid)

    def _watch(self) -> None:
        if self._child is None:
            return
        code = self._child.poll()
        if code is None and self._clock() - self._began < self.limit_seconds:
            return
        self.close()
        if code == 0:
            return
        late = say("It took longer than {minutes:g} minutes.", minutes=self.limit_seconds / 60)
        why = late if code is None else say("The supervisor’s log says why.")
        message = joined([say("The outcome could not be judged."), why])
        log.warning("experiment %s: looking at the outcome ended with %s", self._about["experiment_id"], code)
        settle_plan.end(self.home.of(self._about["owner"]), self._about["experiment_id"], "failed", message)
