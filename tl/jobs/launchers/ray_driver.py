"""`python -m tl.jobs.launchers.ray_driver`: asked by ray.py in lines of JSON, it asks the cluster at $TL_RAY_ADDRESS.

Each run is an actor that Ray names by the run's id and that is detached: a plain task would end with the driver that
submitted it, and so with every supervisor. It is never restarted by Ray (`max_restarts=0`): the queue alone decides what
is done again.
"""

import json
import os
import secrets
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from tl.jobs.launchers.launcher import KILL_SECONDS, PROJECT_ROOT, amount
from tl.jobs.launchers.ray_carrier import Carriage, about, carrier, passed
from tl.jobs.launchers.ray_settings import cluster
from tl.languages import say, store_sentence
from tl.store.home import Run

NAMESPACE = "tl"
ANSWER_SECONDS = 5.0  # in which a node must have answered
FRESH_SECONDS = 15.0  # for so long what a node told of its load is shown


@dataclass
class Attempt:
    """An actor, and what is known of what it carries out."""

    run: Run | None  # None: another process started it, and its node has not told yet
    actor: Any
    begun: Any  # what Carrier.begun will say
    ends: Any  # what Carrier.ended will say
    node: str | None = None  # id of its node, once it has one
    since: float | None = None  # when its trainer began, by this process's monotonic clock
    carriage: Carriage | None = None  # where its node does not see the home
    load: Any = None  # what Carrier.load will say

    @property
    def seconds(self) -> float | None:
        since = self.carriage.since if self.carriage else self.since
        return None if since is None else time.monotonic() - since


class Driver:
    """Answers to requests. Raises what Ray raises."""

    def __init__(self) -> None:
        import ray

        self.ray = ray
        ray.init(address=cluster(), namespace=NAMESPACE, log_to_driver=False, logging_level="ERROR")
        self._class = ray.remote(carrier())
        self._attempts: dict[str, Attempt] = {}  # by their handles
        self._loads: dict[str, tuple[float, dict[str, float | None]]] = {}  # id of a node -> when, and what it told

    def start(self, request: dict[str, Any]) -> dict[str, Any]:
        """Queue an actor for the run."""
        name = f"{request['run']}-{secrets.token_hex(4)}"
        run = Run(request["start"])
        share = self._share(request["need"])
        options = {"name": name, "lifetime": "detached", "max_restarts": 0, "max_concurrency": 1000}
        actor = self._class.options(**options, **share, scheduling_strategy="SPREAD")
        self._watch(handle := f"ray {name}", actor.remote(about(run), str(PROJECT_ROOT), passed()), run)  # not shown
        return {"handle": handle}

    def _share(self, need_bytes: float) -> dict[str, float]:
        """What a run holds of its node: memory that it needs, at most all that the largest one has."""
        nodes = self._nodes()
        has_gpus = any(node.get("GPU") for node in nodes)
        return {
            "num_cpus": amount("TL_RAY_CPUS", 1),
            "num_gpus": amount("TL_RAY_GPUS", float(has_gpus)),
            "memory": int(min(need_bytes, max((node.get("memory", 0.0) for node in nodes), default=need_bytes))),
        }

    def _nodes(self) -> list[dict[str, float]]:
        """What each living node has in all, by Ray's names."""
        return [node["Resources"] for node in self.ray.nodes() if node["Alive"]]

    def fits(self, request: dict[str, Any]) -> dict[str, Any]:
        """How many runs the nodes hold besides those that are there. Behind what others do in the cluster a run waits."""
        share, room = self._share(request["fits"]), 0
        wanted = {"CPU": share["num_cpus"], "GPU": share["num_gpus"], "memory": share["memory"]}
        for node in self._nodes():
            room += int(min(node.get(name, 0.0) // own for name, own in wanted.items() if own))
        return {"fits": max(room - len(self.ray.util.list_named_actors()), 0)}

    def _watch(self, handle: str, actor: Any, run: Run | None = None) -> None:
        self._attempts[handle] = Attempt(run, actor, actor.begun.remote(), actor.ended.remote())

    def _attempt(self, handle: str) -> Attempt:
        """Raises ValueError where there is none of this name any more."""
        if handle not in self._attempts:
            self._watch(handle, self.ray.get_actor(handle.partition(" ")[2], namespace=NAMESPACE))
        return self._attempts[handle]

    def adopt(self, request: dict[str, Any]) -> dict[str, Any]:
        return {"handle": next(iter(self._of_run(request["adopt"])), None)}

    def _of_run(self, run_id: str) -> list[str]:
        names = self.ray.util.list_named_actors()
        return [f"ray {name}" for name in names if name.startswith(run_id)]  # not shown

    def poll(self, request: dict[str, Any]) -> dict[str, Any]:
        return {"told": {handle: self._told(handle) for handle in request["poll"]}}

    def _told(self, handle: str) -> dict[str, Any]:
        errors = self.ray.exceptions
        try:
            attempt = self._attempt(handle)
            self._placed(handle, attempt)
            carriage = attempt.carriage
            if carriage and carriage.problem:
                return {"alive": False, "seconds": None, "exit_code": 1}
            if self._done(attempt.ends):
                ended: dict[str, Any] = self.ray.get(attempt.ends)
                if carriage is None or carriage.finish(0):
                    lost = {"exit_code": None, "lost": "node_lost"} if carriage and carriage.lost else {}
                    return {"alive": False, "seconds": None} | ended | lost
        except errors.ActorUnavailableError:  # its node can't be reached just now; Ray says when it gives that up
            self._forget(handle)
            return {"alive": True, "seconds": None}
        except (errors.RayActorError, ValueError) as problem:
            run = self._forget(handle)
            if "creation task" in str(problem):  # there is no TL Lab on its node, or another; # not shown
                print(problem, file=sys.stderr, flush=True)
                if run and run.folder.exists():
                    with open(run.log, "a", encoding="utf-8") as log:  # of which the last line is told
                        log.write(f"{str(problem).strip()}\n")
                return {"alive": False, "seconds": None, "exit_code": 1}
            return {"alive": False, "seconds": None, "lost": "node_lost"}
        return {"alive": True, "seconds": attempt.seconds}

    def _placed(self, handle: str, attempt: Attempt) -> None:
        """Where it has got its place: which that is, and what has to be brought there."""
        if attempt.node or not self._done(attempt.begun):
            return
        begun = self.ray.get(attempt.begun)
        attempt.node = begun["node"]
        if begun["away"]:
            run = Run(begun["folder"])
            if not handle.startswith(f"ray {run.folder.name}-"):  # not shown
                raise ValueError(handle)
            attempt.carriage = Carriage(self.ray, attempt.actor, run, begun["seconds"])
        else:
            attempt.since = time.monotonic() - (begun["seconds"] or 0.0)

    def machines(self, request: dict[str, Any]) -> dict[str, Any]:
        """The nodes, what of each runs may use, which of the trainers it carries, and what it does as far as it told."""
        found = []
        nodes = {handle: attempt.node for handle in request["machines"] if (attempt := self._attempts.get(handle))}
        for handle in nodes:
            self._ask_load(self._attempts[handle])
        for node in self.ray.nodes():
            has, told = node["Resources"], self._loads.get(node["NodeID"])
            trains = [handle for handle in request["machines"] if nodes.get(handle) == node["NodeID"]]
            known = {"name": node["NodeName"], "alive": node["Alive"], "trains": trains}
            if node["Alive"]:
                known |= {"cores": has.get("CPU", 0), "gpus": has.get("GPU", 0), "memory_bytes": has.get("memory")}
                if told and time.monotonic() - told[0] < FRESH_SECONDS:
                    known |= told[1]
            found.append(known)
        return {"machines": found}

    def _ask_load(self, attempt: Attempt) -> None:
        """What its node does: as it told since it was asked last, and once more."""
        with suppress(self.ray.exceptions.RayError):
            if attempt.load is not None and attempt.node and self._done(attempt.load):
                told, attempt.load = attempt.load, None
                self._loads[attempt.node] = time.monotonic(), self.ray.get(told)
        if attempt.load is None and attempt.node:
            attempt.load = attempt.actor.load.remote()

    def _done(self, answer: Any) -> bool:
        return bool(self.ray.wait([answer], timeout=0)[0])

    def _forget(self, handle: str) -> Run | None:
        """Its run, where that is known."""
        attempt = self._attempts.pop(handle, None)
        if attempt and attempt.carriage:
            attempt.carriage.drop()
        return attempt.run if attempt else None

    def ask(self, request: dict[str, Any]) -> dict[str, Any]:
        """Ask a trainer to end; one that has no place yet, or is only being brought what it needs, loses that."""
        handle = request["ask"]
        with suppress(self.ray.exceptions.RayActorError, ValueError):
            attempt = self._attempt(handle)
            self._placed(handle, attempt)
            if attempt.node and attempt.seconds is not None:
                attempt.actor.do.remote("ask")
            else:
                self.ray.kill(attempt.actor)
        return {}

    def end(self, request: dict[str, Any]) -> dict[str, Any]:
        """End a trainer, or all of a run, and give their shares back; what is known then of the one that was named.

        What a named one has written is fetched first; nothing is of those that are ended for the run to begin again.
        """
        told, survives = None, None
        until = time.monotonic() + request["grace"] + KILL_SECONDS + ANSWER_SECONDS
        for handle in [request["end"]] if request["end"] else self._of_run(request["run"]):
            try:
                attempt = self._attempt(handle)
                if self._done(attempt.begun):
                    limit = until - time.monotonic()
                    failed, why = self.ray.get(attempt.actor.do.remote("end", request["grace"]), timeout=limit)
                    survives = why if failed else survives
                    if request["end"] and not survives:
                        survives = self._not_here_yet(handle, attempt)
                if not survives:
                    told = self._told(handle) if request["end"] else None
                    self._close(attempt)
                    self.ray.kill(attempt.actor)
            except self.ray.exceptions.GetTimeoutError:
                survives = store_sentence(say("The node that trains run {run} does not answer.", run=request["run"]))
            except (self.ray.exceptions.RayActorError, ValueError):
                told = {"alive": False, "seconds": None, "lost": "node_lost"}
            if not survives:
                self._forget(handle)
        return {"told": told and told | {"alive": False}, "survives": survives}

    def _not_here_yet(self, handle: str, attempt: Attempt) -> str | None:
        """Why what a trainer that has ended has written is not all in the home; None where it is, or none is to be had."""
        self._placed(handle, attempt)
        if attempt.seconds is None:
            return None
        self.ray.wait([attempt.ends], timeout=ANSWER_SECONDS)
        if attempt.carriage is None or attempt.carriage.finish(ANSWER_SECONDS):
            return None
        return store_sentence(
            say("The files of run {run} are still on their way from its node.", run=handle.split()[1].split("-")[0])
        )

    def _close(self, attempt: Attempt) -> None:
        """Nothing of the run stays on a node that does not see the home."""
        if attempt.carriage:
            attempt.carriage.drop()
        with suppress(self.ray.exceptions.RayError):
            if self._done(attempt.begun) and self.ray.get(attempt.begun)["away"]:
                self.ray.get(attempt.actor.do.remote("close"), timeout=ANSWER_SECONDS)


def main() -> int:
    """Answer until the end of the input. 0."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # whatever else is printed is no answer
    print(json.dumps({"ready": True}), file=answers, flush=True)
    driver: Driver | None = None
    for line in sys.stdin:
        request = json.loads(line)
        try:
            driver = driver or Driver()
            answer = getattr(driver, next(iter(request)))(request)
        except Exception as error:  # whatever Ray raises: that it can't be asked now
            answer = {"problem": f"{type(error).__name__}: {' '.join(str(error).split())[:300]}"}
        print(json.dumps(answer), file=answers, flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
