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
from typing import Any

from tl.jobs.launchers.launcher import KILL_SECONDS, PROJECT_ROOT, amount
from tl.languages import say, store_sentence

NAMESPACE = "tl"
LOOK_SECONDS = 5.0  # in which a node must have answered
# Of this process's environment what a trainer on a node needs: where its caches are, what visitors may.
PASSED = ("TL_", "TORCH_HOME", "HF_", "XDG_CACHE_HOME")


def cluster() -> str:
    """Its address, as the operator says it; "auto": the one that this machine belongs to."""
    return os.environ.get("TL_RAY_ADDRESS", "auto")


def carrier() -> type:
    """The class of the actors, made here so that Ray sends it by value: a node's worker need not find `tl` by itself."""

    class Carrier:
        """Carries out one run on the node where Ray has put it, with a trainer of its own.

        Its methods are coroutines: each supervisor that came and went may have asked how the run ends.
        """

        def __init__(self, folder: str, root: str, environment: dict[str, str]):
            import os
            import sys
            from pathlib import Path

            sys.path.insert(0, root)
            os.environ.update(environment)
            from tl.jobs.launchers.guard import guarded
            from tl.store.home import Run

            self._run = Run(Path(folder))
            self._launcher, self._handle = guarded(self._run)

        async def begun(self) -> dict[str, Any]:
            """Since when the trainer has worked, and on which node."""
            import ray

            node = ray.get_runtime_context().get_node_id()
            return {"seconds": self._launcher.seconds(self._handle), "node": node}

        async def ended(self) -> dict[str, Any]:
            """How it ended, once it has."""
            import asyncio
            from dataclasses import asdict

            while self._launcher.alive(self._handle):
                await asyncio.sleep(0.1)
            ended = self._launcher.ended(self._handle)
            if (ended.exit_code or 0) < 0:  # where it is the node that ends, this process ends too, and tells nothing
                await asyncio.sleep(2.0)
            return asdict(ended)

        async def ask(self) -> None:
            """To end, with what it has."""
            self._launcher.ask(self._run.folder.name, self._handle)

        async def end(self, grace_seconds: float) -> str | None:
            """Why something of it survives; None where nothing does."""
            import asyncio

            about = (self._run.folder.name, self._handle, grace_seconds)
            try:
                await asyncio.to_thread(self._launcher.terminate, *about)
            except TimeoutError as problem:
                return str(problem)
            return None

    return Carrier


class Driver:
    """Answers to requests. Raises what Ray raises."""

    def __init__(self) -> None:
        import ray

        self.ray = ray
        ray.init(address=cluster(), namespace=NAMESPACE, log_to_driver=False, logging_level="ERROR")
        self._class = ray.remote(carrier())
        self._actors: dict[str, Any] = {}  # handle -> actor
        self._begun: dict[str, Any] = {}  # handle -> what Carrier.begun will say
        self._ends: dict[str, Any] = {}  # handle -> what Carrier.ended will say
        self._nodes_of: dict[str, str] = {}  # handle -> id of its node
        self._since: dict[str, float] = {}  # handle -> when its trainer began, by this process's monotonic clock

    def start(self, request: dict[str, Any]) -> dict[str, Any]:
        """Queue an actor for the run."""
        name = f"{request['run']}-{secrets.token_hex(4)}"
        environment = {key: value for key, value in os.environ.items() if key.startswith(PASSED)}
        share = self._share(request["need"])
        options = {"name": name, "lifetime": "detached", "max_restarts": 0, "max_concurrency": 1000}
        actor = self._class.options(**options, **share, scheduling_strategy="SPREAD")
        self._watch(
            handle := f"ray {name}",
            actor.remote(request["start"], str(PROJECT_ROOT), environment),  # not shown
        )  # not shown
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

    def _watch(self, handle: str, actor: Any) -> None:
        self._actors[handle] = actor
        self._begun[handle], self._ends[handle] = actor.begun.remote(), actor.ended.remote()

    def _actor(self, handle: str) -> Any:
        """Raises ValueError where there is none of this name any more."""
        if handle not in self._actors:
            self._watch(handle, self.ray.get_actor(handle.partition(" ")[2], namespace=NAMESPACE))
        return self._actors[handle]

    def adopt(self, request: dict[str, Any]) -> dict[str, Any]:
        """The handle of an actor that is named by the run."""
        return {"handle": next(iter(self._of_run(request["adopt"])), None)}

    def _of_run(self, run_id: str) -> list[str]:
        names = self.ray.util.list_named_actors()
        return [f"ray {name}" for name in names if name.startswith(run_id)]  # not shown

    def look(self, request: dict[str, Any]) -> dict[str, Any]:
        """What is known of each of the handles."""
        return {"told": {handle: self._told(handle) for handle in request["look"]}}

    def _told(self, handle: str) -> dict[str, Any]:
        errors = self.ray.exceptions
        try:
            self._actor(handle)
            if self._done(self._ends[handle]):
                ended: dict[str, Any] = self.ray.get(self._ends[handle])
                return {"alive": False, "seconds": None} | ended
            if handle not in self._since and self._done(self._begun[handle]):
                begun = self.ray.get(self._begun[handle])
                self._nodes_of[handle] = begun["node"]
                self._since[handle] = time.monotonic() - (begun["seconds"] or 0.0)
        except errors.ActorUnavailableError:  # its node can't be reached just now; Ray says when it gives that up
            self._forget(handle)
            return {"alive": True, "seconds": None}
        except (errors.RayActorError, ValueError) as problem:
            if "creation task" in str(problem):  # there is no TL Lab on its node, or another; # not shown
                print(problem, file=sys.stderr, flush=True)
                return {"alive": False, "seconds": None, "exit_code": 1}
            return {"alive": False, "seconds": None, "lost": "node_lost"}
        since = self._since.get(handle)
        return {"alive": True, "seconds": None if since is None else time.monotonic() - since}

    def machines(self, request: dict[str, Any]) -> dict[str, Any]:
        """The nodes, what of each runs may use, and which of the trainers it carries."""
        found = []
        for node in self.ray.nodes():
            has = node["Resources"]
            trains = [handle for handle in request["machines"] if self._nodes_of.get(handle) == node["NodeID"]]
            about = {"name": node["NodeName"], "alive": node["Alive"], "trains": trains}
            if node["Alive"]:
                about |= {"cores": has.get("CPU", 0), "gpus": has.get("GPU", 0), "memory_bytes": has.get("memory")}
            found.append(about)
        return {"machines": found}

    def _done(self, answer: Any) -> bool:
        return bool(self.ray.wait([answer], timeout=0)[0])

    def _forget(self, handle: str) -> None:
        for known in (self._actors, self._begun, self._ends, self._nodes_of, self._since):
            known.pop(handle, None)

    def ask(self, request: dict[str, Any]) -> dict[str, Any]:
        """Ask a trainer to end; one that has no place yet loses the one it waits for."""
        handle = request["ask"]
        with suppress(self.ray.exceptions.RayActorError, ValueError):
            actor = self._actor(handle)
            if self._done(self._begun[handle]):
                actor.ask.remote()
            else:
                self.ray.kill(actor)
        return {}

    def end(self, request: dict[str, Any]) -> dict[str, Any]:
        """End a trainer, or all of a run, and give their shares back; what is known then of the one that was named."""
        told, survives = None, None
        for handle in [request["end"]] if request["end"] else self._of_run(request["run"]):
            try:
                actor = self._actor(handle)
                if self._done(self._begun[handle]):
                    limit = request["grace"] + KILL_SECONDS + LOOK_SECONDS
                    survives = self.ray.get(actor.end.remote(request["grace"]), timeout=limit) or survives
                    self.ray.wait([self._ends[handle]], timeout=LOOK_SECONDS)
                told = self._told(handle)
                self.ray.kill(actor)
            except self.ray.exceptions.GetTimeoutError:
                survives = store_sentence(say("The node that trains run {run} does not answer.", run=request["run"]))
            except (self.ray.exceptions.RayActorError, ValueError):
                told = {"alive": False, "seconds": None, "lost": "node_lost"}
            if not survives:
                self._forget(handle)
        return {"told": told and told | {"alive": False}, "survives": survives}


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
