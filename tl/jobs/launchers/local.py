"""Runs as processes of this machine: the only place that knows process ids, boots of the machine and their signals."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress

from tl.jobs import memory
from tl.jobs.launchers import processes
from tl.jobs.launchers.launcher import (
    GRACE_SECONDS,
    KILL_SECONDS,
    Ended,
    Launcher,
    detached,
    first_to_go,
    give_way,
)
from tl.jobs.launchers.processes import Identity
from tl.jobs.memory_kills import memory_kills
from tl.languages import later, say
from tl.store.home import Run

_HANDLE = re.compile(r"local (\d{1,10}) (-?\d{1,20}) (\S*)")


def handle_of(trainer: Identity) -> str:
    """The handle that stands for a process."""
    return f"local {trainer.pid} {trainer.start_ticks} {trainer.boot_id}"  # not shown


def identity_of(handle: str | None) -> Identity | None:
    """The process for which a handle stands; None without one, or for what is none."""
    found = _HANDLE.fullmatch(handle or "")
    return Identity(int(found[1]), int(found[2]), found[3]) if found else None


class LocalLauncher(Launcher):
    """Trainers as processes of this machine, in sessions of their own: they outlive whoever started them."""

    name, near, one_device = "local", True, True

    def __init__(self, command: Sequence[str] = (sys.executable, "-m", "tl.train")):
        self.command = tuple(command)
        self._children: dict[int, subprocess.Popen[str]] = {}
        self._kills: dict[str, int | None] = {}  # handle -> kills for lack of memory when it was first seen

    def start(self, run: Run, need_bytes: float = 0.0) -> str:
        """Start `command RUN_DIR`; what it prints is appended to the run's log."""
        with open(run.log, "ab") as log:
            child = detached([*self.command, str(run.folder)], {processes.RUN_VARIABLE: run.folder.name}, log)
        self._children[child.pid] = child
        return self._started(child.pid)

    def _started(self, pid: int) -> str:
        give_way(pid)
        first_to_go(pid)
        # One that ended at once is a zombie until asked, so this can't be somebody else.
        handle = handle_of(processes.identify(pid) or Identity(pid, -1, processes.boot_id()))
        self._kills[handle] = memory_kills()
        return handle

    def adopt(self, run: Run) -> str | None:
        """The leader of a session of the run's."""
        leaders = [pid for pid in processes.of_run(run.folder.name) if os.getsid(pid) == pid]
        trainer = processes.identify(leaders[0]) if leaders else None
        return handle_of(trainer) if trainer else None

    def alive(self, handle: str) -> bool:
        """Whether exactly this process lives, started by us or by an earlier supervisor."""
        if handle not in self._kills:
            self._kills[handle] = memory_kills()
        trainer = identity_of(handle)
        return trainer is not None and self._exit_code(trainer.pid) is None and processes.alive(trainer)

    def seconds(self, handle: str) -> float | None:
        trainer = identity_of(handle)
        return processes.age_seconds(trainer) if trainer else None

    def ended(self, handle: str) -> Ended:
        """The exit status of a trainer we started; of an adopted one whether the machine was restarted meanwhile."""
        trainer, kills = identity_of(handle), memory_kills()
        for_memory = self._kills.get(handle, kills) != kills
        if trainer is None:
            return Ended()
        exit_code = self._exit_code(trainer.pid)
        restarted = exit_code is None and trainer.boot_id != processes.boot_id()
        return Ended(exit_code=exit_code, lost="machine_restarted" if restarted else None, for_memory=for_memory)

    def _exit_code(self, pid: int) -> int | None:
        """Exit status (negative: the signal) of a trainer we started; None while it lives and for adopted ones."""
        child = self._children.get(pid)
        return child.poll() if child else None

    def ask(self, run_id: str, handle: str) -> None:
        if (trainer := identity_of(handle)) and self.alive(handle):
            with suppress(ProcessLookupError):  # ended by itself meanwhile
                os.killpg(trainer.pid, signal.SIGTERM)

    def terminate(self, run_id: str, handle: str | None, grace_seconds: float = GRACE_SECONDS) -> None:
        """SIGTERM to the process group, SIGKILL after `grace_seconds`, then wait for the GPU's memory to come back.

        Raises TimeoutError if something survives.
        """
        own = processes.of_run(run_id)
        if handle and self.alive(handle):
            self.ask(run_id, handle)
            _wait_until(lambda: not self.alive(handle), grace_seconds)
        end = time.monotonic() + KILL_SECONDS
        while left := processes.of_run(run_id):
            if time.monotonic() > end:
                text = later("Process {process} of run {run} does not end; it may hang in a driver.")
                raise TimeoutError(say(text, process=left[0], run=run_id))
            for pid in left:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            _wait_until(lambda: not processes.of_run(run_id), 0.5)
        if own and not _wait_until(lambda: memory.gpu_processes().isdisjoint(own), KILL_SECONDS):
            raise TimeoutError(
                say("Run {run} has ended, but the GPU still holds its memory; the driver may hang.", run=run_id)
            )

    def fits(self, need_bytes: float) -> int:
        return memory.trainers_that_fit(need_bytes)

    def wait(self, handles: Iterable[str], seconds: float) -> None:
        processes.wait_for_end([trainer.pid for trainer in map(identity_of, handles) if trainer], seconds)


def _wait_until(holds: Callable[[], bool], seconds: float) -> bool:
    end = time.monotonic() + seconds
    while not (done := holds()) and time.monotonic() < end:
        time.sleep(0.05)
    return done
