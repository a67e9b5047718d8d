"""How often the system has killed for lack of memory: so that a killed trainer can be told what it died of."""

from pathlib import Path

_CGROUP, _PROC = Path("/sys/fs/cgroup"), Path("/proc")


def memory_kills() -> int | None:
    """Kills so far, of this container where the system tells, else of the whole machine; None where it can't tell."""
    for path in _files():
        try:
            lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
        except OSError:
            continue
        for name, _, value in (line.partition(" ") for line in lines):
            if name == "oom_kill":
                return int(value)
    return None


def _files() -> list[Path]:
    """Counters, the narrowest first: cgroup version 2 and 1 (of this process, of the container), the kernel's."""
    found = []
    try:
        groups = [
            line.split(":", 2)
            for line in (_PROC / "self/cgroup").read_text(encoding="utf-8", errors="replace").splitlines()
        ]
    except OSError:
        groups = []
    for _, controllers, path in groups:
        own = path.lstrip("/")
        if not controllers:
            found += [_CGROUP / own / "memory.events", _CGROUP / "memory.events"]
        elif "memory" in controllers.split(","):
            found += [_CGROUP / "memory" / own / "memory.oom_control", _CGROUP / "memory/memory.oom_control"]
    return [*found, _PROC / "vmstat"]
