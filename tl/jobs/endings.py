"""How a run ended, in a status, a reason and a sentence: from what the trainer left behind, else from how it died."""

import signal

from tl.jobs import processes
from tl.jobs.processes import Identity
from tl.store.files import read_json
from tl.store.home import Run

RESULTS = ("finished", "stopped", "failed")  # what a trainer itself may say in result.json

_ON_RESUME = "Resume goes on after its last finished epoch."
_MESSAGES = {
    "killed": "The trainer was ended from outside by {signal}{hint}. " + _ON_RESUME,
    "internal_error": "The trainer ended with exit status {code} without a result; the last line of its log: {last}",
    "interrupted": "The trainer was found dead after nobody had watched it for a while. " + _ON_RESUME,
    "machine_restarted": "The machine was restarted while this run was training. " + _ON_RESUME,
}


def identity_of(row: dict) -> Identity | None:
    """The trainer's process as its row names it; None where it has none yet."""
    return Identity(row["pid"], row["start_ticks"], row["boot_id"]) if row["pid"] else None


def ending(run: Run, row: dict, exit_code: int | None, watched: bool) -> dict:
    """`{"status", "reason", "message"}` of a run whose trainer is dead.

    `exit_code` as in Launcher.exit_code. `watched`: somebody saw it die; else it was found dead after a restart.
    """
    result = read_json(run.result)
    if isinstance(result, dict) and result.get("status") in RESULTS:
        return {name: result.get(name) for name in ("status", "reason", "message")}
    if row["stop_requested"]:
        return {"status": "stopped", "reason": None, "message": None}
    if exit_code is not None and exit_code >= 0:
        return _ended("failed", "internal_error", code=exit_code, last=_last_line(run))
    if exit_code is not None or watched:
        killed = exit_code in (None, -signal.SIGKILL)
        hint = ", which the system does for lack of memory" if killed else ""
        return _ended("failed", "killed", signal=signal.Signals(-(exit_code or -signal.SIGKILL)).name, hint=hint)
    restarted = row["boot_id"] is not None and row["boot_id"] != processes.boot_id()
    return _ended("interrupted", "machine_restarted" if restarted else "interrupted")


def _ended(status: str, reason: str, **values) -> dict:
    return {"status": status, "reason": reason, "message": _MESSAGES[reason].format(**values)}


def _last_line(run: Run) -> str:
    try:
        with open(run.log, "rb") as file:
            file.seek(max(0, run.log.stat().st_size - 4096))
            lines = file.read().decode(errors="replace").split("\n")
    except FileNotFoundError:
        lines = []
    return next((line.strip()[:300] for line in reversed(lines) if line.strip()), "(empty)")
