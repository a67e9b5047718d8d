"""How many threads compute: as many as the machine has processors left for them, looked at four times a second.

Threads that compute one operation together wait for the slowest of them. Where the system has put one aside because
somebody else computes too, all wait for it, at each of some hundred operations of a step: two threads beside one busy
process are many times slower than one. So each look asks what this process got and what lay idle; the sum is what it
can have, and whoever else wants more of the machine or has gone changes it within a second, also in the middle of a step that takes longer.
"""

import math
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import torch
from torch import nn

from tl import machine

PERIOD_SECONDS = 0.25  # of computing, after which the number of threads is adapted
SPARE = 0.35  # of a processor that may be missing before a thread less computes: a page that is drawn now and then
PERIODS_UP = 2  # periods in a row that must find room for more threads; for fewer, one is enough
USUAL = torch.get_num_threads()  # what OMP_NUM_THREADS says, else one for each processor
_TASKS = Path("/proc/self/task")


@dataclass(frozen=True)
class CpuCounters:
    """Counters, in seconds from arbitrary beginnings."""

    time: float
    own: float  # processor time of this process
    idle: float  # time in which processors that this process may use had nothing to do, summed over them
    quotas: tuple[tuple[float, float], ...]  # (cores, processor time used) of each control group with a quota
    waited: float | None  # in which threads of this process could have computed and had no processor; None: not told


@dataclass
class Share:
    """What was found between two marks, summed over the stretches in which this process computed."""

    seconds: float = 0.0
    cpu_seconds: float = 0.0  # processor time of this process
    waited_seconds: float | None = 0.0  # of all its threads, in which they were kept from a processor; None: not told
    thread_seconds: float = 0.0  # of the threads that computed
    had_seconds: float = 0.0  # of the processors that it had or could have had
    most: int = 1  # processors that it could use

    @property
    def others(self) -> float:
        """Share (0..1) of the processors it could use that somebody else had."""
        return max(0.0, 1 - self.had_seconds / self.seconds / self.most)

    def row(self) -> dict[str, float | None]:
        """Its columns in the metrics."""
        return {
            "threads": self.thread_seconds / self.seconds,
            "cpu_seconds": self.cpu_seconds,
            "waited_seconds": self.waited_seconds,
            "others_load": self.others,
        }

    def add(self, before: CpuCounters, after: CpuCounters, threads: int, most: int) -> None:
        """Count a stretch between two readings, in which so many `threads` of at most `most` computed."""
        seconds = after.time - before.time
        self.seconds += seconds
        self.cpu_seconds += after.own - before.own
        if self.waited_seconds is None or before.waited is None or after.waited is None:
            self.waited_seconds = None
        else:
            self.waited_seconds += max(0.0, after.waited - before.waited)
        self.thread_seconds += threads * seconds
        self.had_seconds += available(before, after, most) * seconds
        self.most = most


def read_counters() -> CpuCounters:
    """The counters now."""
    allowed, every = machine.processors(), psutil.cpu_times(percpu=True)
    times = [every[number] for number in allowed if number < len(every)] or every
    return CpuCounters(
        time=time.monotonic(),
        own=time.process_time(),
        idle=sum(each.idle + getattr(each, "iowait", 0.0) for each in times),
        quotas=tuple((cores, used) for cores, used in machine.cpu_quotas() if used is not None),
        waited=_waited(),
    )


def _waited() -> float | None:
    """Seconds that this process's threads were kept waiting for a processor, as the Linux kernel keeps it."""
    total = 0
    try:
        for task in _TASKS.iterdir():
            total += int((task / "schedstat").read_text().split()[1])
    except (OSError, ValueError, IndexError):
        return None  # a kernel that keeps no such times, or a thread that has just ended
    return total / 1e9


def available(before: CpuCounters, after: CpuCounters, most: int) -> float:
    """Processors this process had or could have had between two readings, at most `most`."""
    seconds = after.time - before.time
    own = (after.own - before.own) / seconds
    found = own + (after.idle - before.idle) / seconds
    if len(before.quotas) == len(after.quotas):
        for (cores, used_before), (_, used_after) in zip(before.quotas, after.quotas, strict=True):
            found = min(found, cores - ((used_after - used_before) / seconds - own))
    return max(0.0, min(found, float(most)))


class Threads:
    """Sets the number of threads that torch computes with; to be asked by the thread that computes, and only there.

    `fixed`: always so many. Else from 1 to `most` (default: the cores this process may use), beginning with all.
    """

    def __init__(
        self,
        fixed: int | None = None,
        most: int | None = None,
        apply: Callable[[int], None] = torch.set_num_threads,
        read: Callable[[], CpuCounters] = read_counters,
    ):
        self.all = fixed or most or machine.cores()
        self.most = self.all
        self._governed, self._apply, self._read = fixed is None and self.most > 1, apply, read
        self.number = self.most
        apply(self.number)
        self._since: CpuCounters | None = None  # of the stretch of computing that goes on
        self._pending: list[tuple[CpuCounters, CpuCounters]] = []  # stretches since the last look
        self._roomy = 0  # periods in a row that found room for more
        self._share = Share()

    def among(self, places: int) -> None:
        """From here on, before computing begins, this is one of so many that have a share of the processors each."""
        if self._governed and (most := max(1, self.all // places)) != self.most:
            self.most = self.number = most
            self._apply(most)

    def resume(self) -> None:
        """Computing begins: this process has the device lock."""
        self._since = self._read()

    def pause(self) -> None:
        """Computing ends for a while in which others of this home compute, which is no sign of a busy machine."""
        self._close()
        self._since = None

    def tick(self) -> None:
        """To be called between steps: adapts the number of threads after each `PERIOD_SECONDS` of computing."""
        if self._since is None:
            return
        if time.monotonic() - self._since.time + self._pending_seconds() >= PERIOD_SECONDS:
            self._close()
            self._adapt()
            self.resume()

    def take_share(self) -> Share | None:
        """What was found since this was asked last; None where nothing was computed."""
        if self._since is not None:
            self._close()
            self.resume()
        share, self._share = self._share, Share()
        return share if share.seconds else None

    def _pending_seconds(self) -> float:
        return sum(after.time - before.time for before, after in self._pending)

    def _close(self) -> None:
        """End the stretch that goes on."""
        if self._since is None:
            return
        now = self._read()
        if now.time > self._since.time:
            self._pending.append((self._since, now))
            self._share.add(self._since, now, self.number, self.most)

    def _adapt(self) -> None:
        pending, self._pending = self._pending, []
        if not self._governed or not pending:
            return
        seconds = sum(after.time - before.time for before, after in pending)
        room = sum(available(*each, self.most) * (each[1].time - each[0].time) for each in pending) / seconds
        wanted = max(1, min(self.most, math.floor(room + SPARE)))
        self._roomy = self._roomy + 1 if wanted > self.number else 0
        if wanted < self.number or self._roomy >= PERIODS_UP:
            self.number, self._roomy = wanted, 0
            self._apply(wanted)


_own: Threads | None = None


def govern(device: torch.device, fixed: int | None = None, processes: int = 1) -> Threads:
    """Let this process's threads follow what the machine gives, or keep to `fixed`: from `resume` on, by `tick`.

    Where another `device` computes than the CPU, the number stays as torch has it. Of several `processes` that compute a
    run on the CPU each has its share of the threads.
    """
    global _own
    most = min(machine.cores(), USUAL)
    if device.type == "cpu" and processes > 1:
        most, fixed = max(1, most // processes), fixed and max(1, fixed // processes)
    _own = Threads(fixed if device.type == "cpu" else USUAL, most)
    return _own


def most() -> int:
    """The number of threads that compute where nobody else does."""
    return _own.all if _own is not None else torch.get_num_threads()


def tick() -> None:
    """As Threads.tick, of this process's own: for loops that compute without knowing for whom."""
    if _own is not None:
        _own.tick()


def tick_within(modules: Iterable[nn.Module]) -> None:
    """Tick after each of these modules, on the way forward and on the way back: a step may take seconds."""

    def passed(_module: nn.Module, _given: Any, output: Any) -> None:
        tick()
        if isinstance(output, torch.Tensor) and output.requires_grad:
            output.register_hook(lambda _gradient: tick())

    for module in modules:
        module.register_forward_hook(passed)
