"""How often the system has killed for lack of memory: so that a killed trainer can be told what it died of."""

from pathlib import Path

from tl import machine

_PROC = Path("/proc")
_COUNTERS = {1: "memory.oom_control", 2: "memory.events"}  # by the version of a control group


def memory_kills() -> int | None:
    """Kills so far, of this container where the system tells, else of the whole machine; None where it can't tell."""
    counters = [folder / _COUNTERS[version] for folder, version in machine.control_groups("memory")]
    for path in (*counters, _PROC / "vmstat"):  # the narrowest first
        try:
            lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
        except OSError:
            continue
        for name, _, value in (line.partition(" ") for line in lines):
            if name == "oom_kill":
                return int(value)
    return None
