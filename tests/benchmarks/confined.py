"""A container's limits without a container: a control group with so much memory and one core, and what lives in it."""

import os
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from tests.benchmarks.row import Skipped
from tl import machine
from tl.jobs.launchers.fork_launcher import NOBODY
from tl.jobs.launchers.processes import RUN_VARIABLE

_FILES = {  # by version: limit, swap, peak, kills
    1: ("memory.limit_in_bytes", "memory.memsw.limit_in_bytes", "memory.max_usage_in_bytes", "memory.oom_control"),
    2: ("memory.max", "memory.swap.max", "memory.peak", "memory.events"),
}
END_SECONDS = 20.0  # in which what is killed must be gone
# The first that fits names a process; what is none of these is named by the module that Python was to run.
ROLES = (("page", r"streamlit"), ("supervisor", r"-m tl\.jobs(?!\.)"), ("speed probe", r"-m tl\.train --probe"))


@dataclass(frozen=True)
class Held:
    """Memory of a process at a moment, bytes: resident, its proportional part of what is shared, its own alone."""

    resident: int
    proportional: int
    private: int  # that no file has: what can't be dropped


class Group:
    """A control group of `version` at `folder`, which has a limit."""

    def __init__(self, folder: Path, version: int):
        self.folder, self.version = folder, version

    def enter(self) -> None:
        """Move the calling process into it, on one core; for the moment between fork and exec."""
        (self.folder / "cgroup.procs").write_text(str(os.getpid()))
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})

    def processes(self) -> list[int]:
        """Numbers of those in it now."""
        return [int(line) for line in (self.folder / "cgroup.procs").read_text().split()]

    def peak(self) -> int | None:
        """The most it ever had, bytes, with pages of files; None where the system doesn't tell."""
        text = self._read(2)
        return int(text) if text.isdigit() else None

    def kills(self) -> int:
        """Processes that were killed in it for lack of memory."""
        found = re.search(r"^oom_kill (\d+)", self._read(3), re.MULTILINE)
        return int(found[1]) if found else 0

    def _read(self, place: int) -> str:
        try:
            return (self.folder / _FILES[self.version][place]).read_text().strip()
        except OSError:
            return ""


@contextmanager
def group(limit_bytes: int) -> Iterator[Group]:
    """One with `limit_bytes` and no swap; what still lives in it is killed at the end.

    Raises Skipped where none can be made.
    """
    made = _made(limit_bytes)
    try:
        yield made
    finally:
        _end(made)


def _made(limit_bytes: int) -> Group:
    for parent, version in machine.control_groups("memory"):
        folder = parent / f"tl-small-{os.getpid()}"
        limit, swap = (folder / name for name in _FILES[version][:2])
        try:
            folder.mkdir()
        except OSError:
            continue
        try:
            limit.write_text(str(limit_bytes))
            with suppress(OSError):  # a system without swap may not have the file
                swap.write_text(str(limit_bytes if version == 1 else 0))
            return Group(folder, version)
        except OSError:
            folder.rmdir()
    raise Skipped("no control group can be made here: it takes root, and /sys/fs/cgroup mounted for writing")


def _end(made: Group) -> None:
    end = time.monotonic() + END_SECONDS
    while left := made.processes():
        for pid in left:
            with suppress(ProcessLookupError):
                os.kill(pid, 9)
        if time.monotonic() > end:
            raise RuntimeError(f"processes {left} do not end")
        time.sleep(0.1)
    made.folder.rmdir()


def held(pid: int) -> Held | None:
    """What a process holds now; None where it has ended."""
    try:
        text = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii")
    except OSError:
        return None
    resident, proportional, private = (_bytes_of(text, name) for name in ("Rss", "Pss", "Private_Dirty"))
    return Held(resident, proportional, private)


def _bytes_of(rollup: str, name: str) -> int:
    found = re.search(rf"^{name}:\s+(\d+) kB", rollup, re.MULTILINE)
    return int(found[1]) * 1024 if found else 0


def role(pid: int) -> str | None:
    """What a process is for, in a word or two; None where it has ended."""
    try:
        command = Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace").replace("\0", " ")
        environment = Path(f"/proc/{pid}/environ").read_bytes().decode(errors="replace").split("\0")
    except OSError:
        return None
    if not command:
        return None
    if "tl.train.fork_server" in command:  # trainers are forked from it and keep its command
        return "fork server" if f"{RUN_VARIABLE}={NOBODY}" in environment else "trainer"
    for name, pattern in ROLES:
        if re.search(pattern, command):
            return name
    if re.search(r"-m tl\.train ", command):
        return "trainer"
    module = re.search(r"-m (\S+)", command)
    return module[1] if module else Path(command.split()[0]).name
