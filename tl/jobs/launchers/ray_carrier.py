"""The actor that carries out one run on a node of a Ray cluster, and how the driver's process talks to it."""

import os
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

from tl.config import Refused
from tl.jobs.launchers.launcher import Unreachable
from tl.jobs.launchers.node_cache import PieceDamaged
from tl.jobs.launchers.parcels import identity
from tl.jobs.launchers.ray_settings import home_kind
from tl.jobs.launchers.transfer import AGAIN_SECONDS, Over, Transfer, swept
from tl.languages import english, read_sentence, store_sentence
from tl.store.home import Run

ASK_SECONDS = 5.0  # between two looks whether an answer is still wanted


# Of the driver's environment what a trainer on a node needs: what visitors may, and where caches are; these, and the home,
# only where the node sees the home. Where a node keeps things is its own to say.
PASSED, OWN = ("TL_", "HF_"), ("TL_RAY_CACHE",)
PATHS = ("TL_HOME", "TORCH_HOME", "HF_HOME", "HF_HUB_CACHE", "XDG_CACHE_HOME")


def passed() -> dict[str, str]:
    """What every node has of this environment."""
    own = {key: value for key, value in os.environ.items() if key.startswith(PASSED)}
    return {key: value for key, value in own.items() if not key.startswith(OWN) and key not in PATHS}


def about(run: Run) -> dict[str, Any]:
    """What a node is told of the run."""
    home, folder = run.home, run.folder.absolute()
    own = identity(home)
    return {
        "folder": str(folder),
        "place": str(folder.relative_to(home.root)),
        "kind": home_kind(),
        "identity": own,
        "identity_path": str(home.identity_path),
        "identity_inode": home.identity_path.stat().st_ino,
        "paths": {name: os.environ[name] for name in PATHS if name in os.environ} | {"TL_HOME": str(home.root)},
    }


def carrier() -> type:
    """The class of the actors, made here so that Ray sends it by value: a node's worker need not find `tl` by itself."""

    class Carrier:
        """Carries out one run on the node where Ray has put it, with a trainer of its own.

        Its methods are coroutines: each supervisor that came and went may have asked how the run ends.
        """

        def __init__(self, about: dict[str, Any], root: str, environment: dict[str, str]):
            import os
            import sys

            sys.path.insert(0, root)
            os.environ.update(environment)
            import msgspec

            from tl.jobs.launchers.node_run import NodeRun, RunAddress

            self._folder, self._run = about["folder"], NodeRun(msgspec.convert(about, RunAddress))

        async def begun(self) -> dict[str, Any]:
            """Since when the trainer has worked, on which node, whether that does not see the home, and where the run lies there."""
            import ray

            node = ray.get_runtime_context().get_node_id()
            return {"seconds": self._run.seconds, "node": node, "away": self._run.away, "folder": self._folder}

        async def ended(self) -> dict[str, Any]:
            """How it ended, once it has."""
            import asyncio

            while (ended := self._run.ended()) is None:
                await asyncio.sleep(0.1)
            if (
                ended["exit_code"] or 0
            ) < 0:  # where it is the node that ends, this process ends too, and tells nothing
                await asyncio.sleep(2.0)
            return ended

        async def do(self, what: str, *about: Any) -> tuple[str, Any]:
            """What a method of NodeRun gives, or how it fails."""
            import asyncio

            from tl.jobs.launchers.ray_carrier import said

            return await asyncio.to_thread(said, getattr(self._run, what), *about)

        async def load(self) -> dict[str, float | None]:
            """What the node does now."""
            import asyncio

            from tl.jobs.launchers.node_run import load

            return await asyncio.to_thread(load)

    return Carrier


def said(method: Callable[..., Any], *about: Any) -> tuple[str, Any]:
    """What a method of NodeRun gives, after "", or how it fails, after the name of that."""
    try:
        return "", method(*about)
    except PieceDamaged as problem:
        return "PieceDamaged", str(problem)
    except Refused as problem:
        return "Refused", store_sentence(str(problem))
    except OSError as problem:
        return "OSError", store_sentence(str(problem))


class Lost(Exception):
    """The actor is gone, with its node or without."""


class RayNode:
    """The NodeRun of an actor. What is sent is in Ray's object store until it was answered."""

    def __init__(self, ray: Any, actor: Any, stopped: threading.Event):
        self._ray, self._actor, self._stopped = ray, actor, stopped

    def __getattr__(self, name: str) -> Any:
        return lambda *about: self._asked(name, *about)

    def _asked(self, what: str, *about: Any) -> Any:
        errors = self._ray.exceptions
        try:
            answer = self._actor.do.remote(what, *about)
            while not self._ray.wait([answer], timeout=ASK_SECONDS)[0]:
                if self._stopped.is_set():
                    raise Over
            kind, value = self._ray.get(answer)
        except errors.ActorUnavailableError as problem:
            raise Unreachable(str(problem)) from None
        except errors.RayActorError as problem:
            raise Lost(str(problem)) from None
        if kind:
            known: dict[str, type[Exception]] = {"PieceDamaged": PieceDamaged, "Refused": Refused}
            raise known.get(kind, OSError)(read_sentence(value) or value)
        return value


class Carriage:
    """All that goes to and comes from one actor whose node does not see the home, in a thread of its own."""

    def __init__(self, ray: Any, actor: Any, run: Run, seconds: float | None):
        self.since = None if seconds is None else time.monotonic() - seconds  # when the trainer began
        self.problem: str | None = None  # why there can't be one
        self.lost = False
        self._last = False  # whether the trainer had ended before the look that is due
        self._ending, self._done, self._told = threading.Event(), threading.Event(), ""
        self._run = swept(run)
        stopped = threading.Event()
        node: Any = RayNode(ray, actor, stopped)  # as a NodeRun
        self._transfer = Transfer(run, node)
        self._transfer.stopped = stopped
        self._thread = threading.Thread(target=self._work, name=run.folder.name, daemon=True)
        self._thread.start()

    def finish(self, seconds: float) -> bool:
        """Fetch what there is now that the trainer has ended; whether all of it is in the home after at most `seconds`."""
        self._ending.set()
        return self._done.wait(seconds)

    def drop(self) -> None:
        """Nothing comes back any more once this returns."""
        self._transfer.stopped.set()
        self._ending.set()
        self._thread.join()

    def _work(self) -> None:
        try:
            while self.since is None:
                self._supply()
            while not self._fetch() or not self._last:
                self._last = self._ending.wait(AGAIN_SECONDS)
        except Lost:
            self.lost = True
        except Over:
            pass
        except Exception as error:  # whatever it is, it must not look as if it were under way
            self._fails(error)
        finally:
            self._done.set()

    def _supply(self) -> None:
        try:
            self._transfer.supply()
            self.since = time.monotonic()
        except Unreachable as problem:  # Ray says when it gives the node up
            self._tell(problem)
            self._transfer.stopped.wait(AGAIN_SECONDS)

    def _fetch(self) -> bool:
        """Whether the home is up to date; where it can't be now, as with a full disk, it is tried again."""
        try:
            return self._transfer.fetch()
        except (OSError, PieceDamaged) as problem:
            self._tell(problem)
            self._transfer.stopped.wait(AGAIN_SECONDS)
            return False

    def _tell(self, problem: Exception) -> None:
        if str(problem) != self._told:
            self._told = str(problem)
            print(f"run {self._run.folder.name}: {problem}", file=sys.stderr, flush=True)  # not shown

    def _fails(self, error: Exception) -> None:
        text = str(error) if isinstance(error, Refused | OSError) else f"{type(error).__name__}: {error}"
        self._tell(error)
        with open(self._run.log, "a", encoding="utf-8") as log:  # of which the last line is told
            log.write(f"{english(text)}\n")
        self.problem = text
