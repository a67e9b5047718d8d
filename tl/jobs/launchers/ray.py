"""Runs carried out by Ray, on the nodes of a cluster: one actor and one trainer process a run.

A node that sees $TL_HOME trains in it. To any other what a run needs is brought, and what comes of it fetched, by the same
process that asks Ray (transfer.py, node_run.py).

Ray gives each run its share of a node (processors, GPU, memory by our estimate) and keeps it as long as the trainer
lives. Ray itself is known only to ray_driver.py, a process that is asked: where its library ends that process, as it
does when a cluster's head dies, the supervisor goes on, and asks again.
"""

import sys
import time
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from tl.jobs.launchers.json_process import JsonProcess
from tl.jobs.launchers.launcher import GRACE_SECONDS, KILL_SECONDS, Ended, Launcher, Unreachable, amount
from tl.jobs.launchers.ray_settings import cluster, home_kind
from tl.languages import read_sentence, say
from tl.store.home import Run
from tl.store.machines import Machine

READY_SECONDS = 120.0  # for importing Ray and finding the cluster
ANSWER_SECONDS = GRACE_SECONDS + 2 * KILL_SECONDS
AGAIN_SECONDS = 3.0  # between two tries to reach a cluster that was not there
FRESH_SECONDS = 0.2  # for so long an answer about all trainers holds


class RayLauncher(Launcher):
    """Trainers on the nodes of a Ray cluster. What it knows of them is a moment old: all are asked about at once."""

    name, near, one_device = "ray", False, False
    library = ("ray", "2.60.*")

    def __init__(self, driver: Sequence[str] = (sys.executable, "-m", "tl.jobs.launchers.ray_driver")):
        self._driver = JsonProcess(driver, {}, READY_SECONDS, ANSWER_SECONDS)
        self._told: dict[str, dict[str, Any]] = {}  # handle -> what the driver said last
        self._asked_at = float("-inf")
        self._failed_at = float("-inf")

    @staticmethod
    def check() -> None:
        """What a run holds of its node, and how that comes by its files."""
        for variable in ("TL_RAY_CPUS", "TL_RAY_GPUS"):
            amount(variable, 1)
        home_kind()

    def start(self, run: Run, need_bytes: float) -> str:
        """Let Ray place it: until there is room it waits."""
        answer = self._ask({"start": str(run.folder), "run": run.folder.name, "need": need_bytes})
        self._told[answer["handle"]] = {"alive": True, "seconds": None}
        return str(answer["handle"])

    def adopt(self, run: Run) -> str | None:
        handle = self._ask({"adopt": run.folder.name})["handle"]
        return None if handle is None else str(handle)

    def alive(self, handle: str) -> bool:
        """Whether its trainer works, or waits for room; not where its node went away."""
        return bool(self._poll(handle)["alive"])

    def seconds(self, handle: str) -> float | None:
        """Since its trainer was started on its node; None as long as it waits for room."""
        found = self._poll(handle)["seconds"]
        return None if found is None else float(found)

    def ended(self, handle: str) -> Ended:
        told = self._told.get(handle) or self._poll(handle)
        return Ended(**{name: told[name] for name in ("exit_code", "lost", "for_memory") if name in told})

    def ask(self, run_id: str, handle: str) -> None:
        self._ask({"ask": handle})

    def terminate(self, run_id: str, handle: str | None, grace_seconds: float = GRACE_SECONDS) -> None:
        """By its node; then its share of that is free. Raises TimeoutError where the node says that something survives."""
        answer = self._ask({"end": handle, "run": run_id, "grace": grace_seconds})
        if answer.get("survives"):
            raise TimeoutError(read_sentence(answer["survives"]))
        if handle and answer.get("told"):
            self._told[handle] = answer["told"]

    def fits(self, need_bytes: float) -> int:
        """As many as the nodes' processors, GPUs and memory have room for besides those that are there."""
        return int(self._ask({"fits": need_bytes})["fits"])

    def machines(self, handles: Iterable[str]) -> tuple[Machine, ...]:
        """The cluster's nodes, those that died, too, as long as Ray remembers them."""
        answer = self._ask({"machines": list(handles)})
        return msgspec.convert(answer["machines"], tuple[Machine, ...])

    def _poll(self, handle: str) -> dict[str, Any]:
        stale = time.monotonic() - self._asked_at > FRESH_SECONDS
        if handle not in self._told or (stale and self._told[handle]["alive"]):
            known = [known for known, told in self._told.items() if told["alive"]]
            self._told |= self._ask({"poll": [*{*known, handle}]})["told"]
            self._asked_at = time.monotonic()
        return self._told[handle]

    def _ask(self, request: dict[str, Any]) -> dict[str, Any]:
        """The driver's answer. Raises Unreachable."""
        if self._driver.process is None and time.monotonic() - self._failed_at < AGAIN_SECONDS:
            raise Unreachable(say("Ray ({cluster}) does not answer", cluster=cluster()))
        answer = self._driver.ask(request)
        if answer is None or "problem" in answer:
            self._failed_at = time.monotonic()
            self._driver.drop()
            raise Unreachable(
                say(
                    "Ray ({cluster}) does not answer: {reason}",
                    cluster=cluster(),
                    reason=(answer or {}).get("problem") or say("its process ended"),
                )
            )
        return answer
