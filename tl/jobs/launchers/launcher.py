"""How a trainer is started, watched and ended; another place to train (a cluster, several GPUs) is another Launcher."""

import os
import platform
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Protocol

from tl import machine
from tl.jobs import memory
from tl.jobs.launchers import processes
from tl.jobs.launchers.processes import Identity
from tl.output import UTF_8
from tl.store.home import Home, Run

PROJECT_ROOT = Path(__file__).resolve().parents[3]
GRACE_SECONDS = 10.0  # from the request to end (SIGTERM) to the kill
NICE = 10  # of trainers and background jobs where strangers use TL Lab
KILL_SECONDS = 10.0  # in which the kernel must have taken down what was killed

# glibc gives large blocks back to the system after every step and takes them again page by page; keeping them makes
# training on the CPU up to twice as fast, and takes a third more memory: not where there is little of it. Only defaults:
# what the user has set stays.
_ALLOCATOR = {
    "MALLOC_MMAP_THRESHOLD_": str(4 << 30),
    "MALLOC_TRIM_THRESHOLD_": str(8 << 30),
    "MALLOC_TOP_PAD_": str(256 << 20),
}
# Threads of an operation that have nothing to do look again and again for more, in libgomp's default 300,000 times, some
# 10 ms: where another program has the processor of the one they wait for, in vain. A third costs nothing where they are
# alone (`python -m tests.benchmarks busy`), and the number of threads follows soon (tl.train.hardware.threads).
_SPINNING = {"GOMP_SPINCOUNT": "100000"}


class Launcher(Protocol):
    """What the supervisor needs to know about starting trainers."""

    def start(self, run: Run) -> Identity:
        """Start the trainer of `run`. Raises OSError where that is impossible."""

    def alive(self, trainer: Identity) -> bool:
        """Whether the trainer still works."""

    def exit_code(self, trainer: Identity) -> int | None:
        """How an ended trainer ended (negative: the signal); None where that can't be known."""

    def terminate(self, run_id: str, trainer: Identity | None, grace_seconds: float = GRACE_SECONDS) -> None:
        """Ask the trainer to end, make it end after `grace_seconds`, return when nothing of it is left."""


class LocalLauncher:
    """Trainers as processes of this machine, in sessions of their own: they outlive whoever started them."""

    def __init__(self, command: Sequence[str] = (sys.executable, "-m", "tl.train")):
        self.command = tuple(command)
        self._children: dict[int, subprocess.Popen[bytes]] = {}

    def start(self, run: Run) -> Identity:
        """Start `command RUN_DIR`; what it prints is appended to the run's log."""
        environment = child_environment() | {processes.RUN_VARIABLE: run.folder.name}
        with open(run.log, "ab") as log:
            child = subprocess.Popen(
                [*self.command, str(run.folder)],
                cwd=PROJECT_ROOT,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        give_way(child.pid)
        first_to_go(child.pid)
        # A child that ended at once is a zombie until asked, so this can't be somebody else.
        trainer = processes.identify(child.pid) or Identity(child.pid, -1, processes.boot_id())
        self._children[child.pid] = child
        return trainer

    def alive(self, trainer: Identity) -> bool:
        """Whether exactly this process lives, started by us or by an earlier supervisor."""
        return self.exit_code(trainer) is None and processes.alive(trainer)

    def exit_code(self, trainer: Identity) -> int | None:
        """Exit status (negative: the signal) of a trainer we started; None while it lives and for adopted ones."""
        child = self._children.get(trainer.pid)
        return child.poll() if child else None

    def terminate(self, run_id: str, trainer: Identity | None, grace_seconds: float = GRACE_SECONDS) -> None:
        """SIGTERM to the process group, SIGKILL after `grace_seconds`, then wait for the GPU's memory to come back.

        Raises TimeoutError if something survives.
        """
        own = processes.of_run(run_id)
        if trainer and self.alive(trainer):
            _signal_group(trainer.pid, signal.SIGTERM)
            _wait_until(lambda: not self.alive(trainer), grace_seconds)
        end = time.monotonic() + KILL_SECONDS
        while left := processes.of_run(run_id):
            if time.monotonic() > end:
                raise TimeoutError(f"Process {left[0]} of run {run_id} does not end; it may hang in a driver.")
            for pid in left:
                _signal(pid, signal.SIGKILL)
            _wait_until(lambda: not processes.of_run(run_id), 0.5)
        if own and not _wait_until(lambda: memory.gpu_processes().isdisjoint(own), KILL_SECONDS):
            raise TimeoutError(f"Run {run_id} has ended, but the GPU still holds its memory; the driver may hang.")


def give_way(pid: int) -> None:
    """Where people wait for pages, let these come before this process, and what it starts."""
    if Home().policy.trains_behind_pages:
        with suppress(OSError):
            # Where memory ends all the same, the system ends this and not everybody's page.
            Path(f"/proc/{pid}/oom_score_adj").write_text("500", encoding="ascii")
            os.setpriority(os.PRIO_PROCESS, pid, NICE)  # somebody waits for a page, nobody for a step


def first_to_go(pid: int) -> None:
    """Let the system end this process before a page or a supervisor where memory ends: it can be started again."""
    with suppress(OSError):
        Path(f"/proc/{pid}/oom_score_adj").write_text("800", encoding="ascii")


def child_environment() -> dict[str, str]:
    """Environment of a trainer: `tl` importable from anywhere, prints at once and in UTF-8, memory kept if there is much."""
    roomy = platform.libc_ver()[0] == "glibc" and machine.total_memory() >= memory.ROOMY_BYTES
    allocator = _ALLOCATOR if roomy else {}
    path = os.pathsep.join(filter(None, (str(PROJECT_ROOT), os.environ.get("PYTHONPATH"))))
    return with_defaults(os.environ, allocator | _SPINNING) | UTF_8 | {"PYTHONPATH": path, "PYTHONUNBUFFERED": "1"}


def with_defaults(environment: Mapping[str, str], defaults: Mapping[str, str]) -> dict[str, str]:
    """`environment`, with those of `defaults` that it lacks."""
    return {**defaults, **environment}


def _signal_group(pid: int, number: int) -> None:
    try:
        os.killpg(pid, number)
    except ProcessLookupError:
        return  # ended by itself meanwhile


def _signal(pid: int, number: int) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return  # ended by itself meanwhile


def _wait_until(holds: Callable[[], bool], seconds: float) -> bool:
    end = time.monotonic() + seconds
    while not (done := holds()) and time.monotonic() < end:
        time.sleep(0.05)
    return done
