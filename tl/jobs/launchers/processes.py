"""Which process is meant, and whether it still lives: a process id alone may belong to somebody else by now."""

import os
import select
import time
from collections.abc import Iterable
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

RUN_VARIABLE = "TL_RUN_ID"  # in the environment of a trainer and so of every process it starts
_PROC = Path("/proc")
_DEAD = ("Z", "X", "x")  # a zombie has ended; it only waits for its parent to ask


@dataclass(frozen=True)
class Identity:
    """A process for good: the id comes again, the moment of its start in this boot does not."""

    pid: int
    start_ticks: int  # since boot, so a changed clock does not matter
    boot_id: str


def identify(pid: int) -> Identity | None:
    """The living process with this id; None where there is none."""
    try:
        # man 5 proc: the second field, the name in brackets, may hold spaces and brackets itself
        text = (_PROC / str(pid) / "stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return None if text[0] in _DEAD else Identity(pid, int(text[19]), boot_id())


def alive(identity: Identity | None) -> bool:
    """Whether exactly this process lives. False for None, for a zombie and after a restart of the machine."""
    return identity is not None and identity.pid > 1 and identify(identity.pid) == identity


def age_seconds(identity: Identity) -> float:
    """For how long a living process has been there; a changed clock does not matter."""
    return time.clock_gettime(time.CLOCK_BOOTTIME) - identity.start_ticks / os.sysconf("SC_CLK_TCK")


def boot_id() -> str:
    """Changes with every start of the machine."""
    try:
        return (_PROC / "sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        return str(round(psutil.boot_time()))


def wait_for_end(pids: Iterable[int], seconds: float) -> None:
    """Wait until one of these processes ends, or for `seconds`; for those where the system can't tell."""
    with ExitStack() as stack:
        ends = select.poll()
        for pid in pids:
            # It has ended and was asked how; the system has no room, or no such call.
            with suppress(OSError, AttributeError):
                descriptor = os.pidfd_open(pid)
                stack.callback(os.close, descriptor)
                ends.register(descriptor, select.POLLIN)
        ends.poll(1000 * seconds)


def of_run(run_id: str) -> list[int]:
    """Living processes that belong to a run: its trainer and what that has started."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.environ().get(RUN_VARIABLE) == run_id and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process.pid)
        except (psutil.Error, OSError):
            continue  # ended meanwhile, or somebody else's: no run of ours
    return [pid for pid in found if pid != os.getpid()]
