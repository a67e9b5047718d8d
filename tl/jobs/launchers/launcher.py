"""What a launcher is: where runs are carried out, and all that the queue, the supervisor and repair know of it.

Each has a file of its own beside this one, and a line in catalogue.py. Here stands, too, what every process that is
started for a run has in common, wherever it runs.
"""

import os
import platform
import subprocess
import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Protocol

from tl import machine
from tl.config import refusal
from tl.jobs import memory
from tl.languages import VARIABLE, language
from tl.output import UTF_8
from tl.store.home import Home, Run
from tl.store.machines import Machine

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


class Unreachable(OSError):
    """Who carries runs out can't be asked now; what trains there may go on."""


@dataclass(frozen=True, kw_only=True)
class Ended:
    """How a trainer ended, as far as its launcher can tell."""

    exit_code: int | None = None  # exit status, negative: the signal; None: nobody knows
    lost: str | None = None  # what it ran on went away with it: "machine_restarted" or "node_lost" (tl.jobs.endings)
    for_memory: bool = False  # since it began the system there has killed something for lack of memory


class Launcher(Protocol):
    """Where runs are carried out.

    A handle names what trains one attempt of a run, for good: a text that begins with the launcher's name and that
    nobody else looks into. It is all that is kept of it (the column `handle` of the queue), so that another supervisor
    can go on with it. Whatever is asked may raise Unreachable.
    """

    name: str  # what $TL_LAUNCHER calls it, the first word of its handles
    library: tuple[str, str] | None = None  # name and version of a package that it needs besides
    # Any process of this machine can ask about a trainer and end it; else pages leave that to the supervisor.
    near: bool
    # Its trainers take turns on one device (tl.store.device_lock): a seed's arms train together, beside them at most the same
    # experiment's next (tl.jobs.side_by_side).
    # Else each has a share of a machine for itself and takes turns with nobody: as many train as there is room for.
    one_device: bool

    @staticmethod
    def check() -> None:
        """Raise Refused where what the operator says in the environment can't be."""
        return

    def start(self, run: Run, need_bytes: float) -> str:
        """Start the trainer of `run`, which needs so much memory; its handle. Raises OSError where that is impossible."""

    def adopt(self, run: Run) -> str | None:
        """Handle of what trains this run, where whoever started it was killed before it wrote that down; None: nothing."""

    def alive(self, handle: str) -> bool:
        """Whether the trainer still works, or waits for a place to."""

    def seconds(self, handle: str) -> float | None:
        """For how long a living trainer has worked; None as long as it waits for a place."""

    def ended(self, handle: str) -> Ended:
        """How a trainer that is dead ended."""

    def ask(self, run_id: str, handle: str) -> None:
        """Ask the trainer to end, keeping what it has; returns at once."""

    def terminate(self, run_id: str, handle: str | None, grace_seconds: float = GRACE_SECONDS) -> None:
        """Ask the trainer to end, make it end after `grace_seconds`, return when nothing of it is left.

        Without a handle: whatever works for this run. Raises TimeoutError if something survives.
        """

    def fits(self, need_bytes: float) -> int:
        """How many more trainers that need so much memory can begin now."""

    def machines(self, handles: Iterable[str]) -> tuple[Machine, ...]:
        """Where runs can be carried out, as far as that is known, and which of these trainers each carries."""
        return ()

    def wait(self, handles: Iterable[str], seconds: float) -> None:
        """Wait for `seconds`, or until one of these trainers ends where that can be told."""
        time.sleep(seconds)


def amount(variable: str, default: float) -> float:
    """A number that the operator gives in the environment. Raises Refused for what is none."""
    text = os.environ.get(variable) or str(default)
    try:
        found = float(text)
    except ValueError:
        found = -1.0
    if not 0 <= found <= 10**6:
        raise refusal("{variable} is {text!r}; it must be a number, and not negative.", variable=variable, text=text)
    return found


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
    """Environment of a process of ours: `tl` importable from anywhere, prints at once and in UTF-8, in the reader's language,
    memory kept if there is much."""
    roomy = platform.libc_ver()[0] == "glibc" and machine.total_memory() >= memory.ROOMY_BYTES
    allocator = _ALLOCATOR if roomy else {}
    path = os.pathsep.join(filter(None, (str(PROJECT_ROOT), os.environ.get("PYTHONPATH"))))
    own = {"PYTHONPATH": path, "PYTHONUNBUFFERED": "1", VARIABLE: language()}
    return allocator | _SPINNING | dict(os.environ) | UTF_8 | own


def talking(**more: str) -> dict[str, Any]:
    """How a process of ours is started that reads nothing, and whose text is taken as it comes; `more` goes into its
    environment."""
    environment = child_environment() | more
    return {"cwd": PROJECT_ROOT, "env": environment, "stdin": subprocess.DEVNULL, "errors": "replace"}


def detached(
    command: Sequence[str],
    more: Mapping[str, str],
    output: int | IO[bytes] = subprocess.DEVNULL,
    pass_fds: Sequence[int] = (),
) -> subprocess.Popen[str]:
    """Start a process of ours that outlives this one, in a session of its own. `more` goes into its
    environment, what it prints to `output`."""
    own = talking(**more) | {"stdout": output, "stderr": subprocess.STDOUT, "start_new_session": True}
    return subprocess.Popen(command, pass_fds=pass_fds, **own)
