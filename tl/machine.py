"""What this process may use of the machine: cores and memory, within its control groups (Linux, versions 1 and 2).

A container's limit may stand at the root of what is mounted here, in the group that /proc/self/cgroup names, or in any
group between the two; all of them hold at once.
"""

import os
from collections.abc import Iterator
from pathlib import Path

import psutil

_CGROUP, _PROC = Path("/sys/fs/cgroup"), Path("/proc")
NO_LIMIT = 1 << 60  # version 1 says "no limit" by a number close to the largest there is


def control_groups(controller: str) -> Iterator[tuple[Path, int]]:
    """Folders of the groups that bind this process in `controller` ("memory", "cpu"), and their version, 1 or 2.

    The narrowest comes first. None where the system has no control groups.
    """
    try:
        lines = (_PROC / "self/cgroup").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        lines = []
    found: dict[Path, int] = {}
    for line in (*lines, f"0:{controller}:/", "0::/"):  # the root of each mount, whatever the file says
        _, names, path = line.split(":", 2)
        if names and controller not in names.split(","):
            continue
        version, mount = (1, _CGROUP / controller) if names else (2, _CGROUP)
        own = Path(path.lstrip("/"))
        if ".." in own.parts:  # seen from inside a container: beside what is mounted here
            own = Path()
        for folder in dict.fromkeys((own, *own.parents, Path())):
            if (mount / folder).is_dir():
                found.setdefault(mount / folder, version)
    yield from found.items()


def memory_groups() -> Iterator[tuple[int, int]]:
    """(limit, use) in bytes of each group that limits this process's memory.

    Pages of files that were not used of late are no use: the kernel takes them back before it kills.
    """
    for folder, version in control_groups("memory"):
        limit, used, stale = _MEMORY_FILES[version]
        most, now = _number(folder / limit), _number(folder / used)
        if most is not None and now is not None and most < NO_LIMIT:
            yield most, max(now - (_entry(folder / "memory.stat", stale) or 0), 0)


_MEMORY_FILES = {
    1: ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"),
    2: ("memory.max", "memory.current", "inactive_file"),
}


def total_memory() -> float:
    """Main memory this process may have, bytes."""
    return float(min([psutil.virtual_memory().total, *(limit for limit, _ in memory_groups())]))


def free_memory() -> float:
    """Main memory that can be had without swapping, bytes."""
    return float(max(0, min([psutil.virtual_memory().available, *(limit - used for limit, used in memory_groups())])))


def processors() -> list[int]:
    """Numbers of the processors this process may run on."""
    return sorted(os.sched_getaffinity(0))


def cpu_quotas() -> Iterator[tuple[float, float | None]]:
    """(cores, seconds of processor time used so far) of each group that has a quota; None: it doesn't tell."""
    for folder, version in control_groups("cpu"):
        cores = _quota(folder, version)
        if cores is not None:
            yield cores, _used(folder, version)


def cores() -> int:
    """How many processes or threads of this process can compute at once, at least 1; half a core more counts as one."""
    quota = min((cores for cores, _ in cpu_quotas()), default=float("inf"))
    return max(1, min(len(processors()), int(min(quota + 0.5, 1 << 20))))


def _quota(folder: Path, version: int) -> float | None:
    if version == 2:
        quota, period = [*_words(folder / "cpu.max"), "max", "max"][:2]
    else:
        quota, period = [*_words(folder / "cpu.cfs_quota_us"), "-1"][0], [*_words(folder / "cpu.cfs_period_us"), "0"][0]
    try:
        share = int(quota) / int(period)
    except (ValueError, ZeroDivisionError):
        return None
    return share if share > 0 else None


def _used(folder: Path, version: int) -> float | None:
    if version == 2:
        used = _entry(folder / "cpu.stat", "usage_usec")
        return None if used is None else used / 1e6
    nanoseconds = _number(_CGROUP / "cpuacct" / folder.relative_to(_CGROUP / "cpu") / "cpuacct.usage")
    return None if nanoseconds is None else nanoseconds / 1e9


def _words(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="utf-8").split()
    except OSError:
        return []


def _number(path: Path) -> int | None:
    """The number in a file; None where it is not there or says "max"."""
    words = _words(path)
    return int(words[0]) if words and words[0].isdigit() else None


def _entry(path: Path, name: str) -> int | None:
    """The number that stands behind `name` in a file of such lines; None where there is none."""
    words = _words(path)
    return int(words[words.index(name) + 1]) if name in words else None
