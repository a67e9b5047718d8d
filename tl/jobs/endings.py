"""How a run ended, in a status, a reason and a sentence: from what the trainer left behind, else from how it died."""

import signal
from typing import Any

from tl.failures import EXIT_REASONS, sentence
from tl.jobs.launchers.launcher import Ended
from tl.languages import later, say
from tl.store.documents import read_memory_kills, read_result
from tl.store.home import Home, Run
from tl.store.queue.rows import RunRow

RESULTS = ("finished", "stopped", "failed")  # what a trainer itself may say in result.json

_MESSAGES = {
    "killed": later("The trainer was ended from outside by {signal}. {resume}"),
    "killed_for_memory": later(
        "The system ended the trainer for lack of memory: use a smaller batch size, resolution or network, or give it more "
        "memory. {resume}"
    ),
    "stalled": later("The trainer did nothing for {minutes:g} minutes and was ended. {resume}"),
    "internal_error": later(
        "The trainer ended with exit status {code} without a result; the last line of its log: {last}"
    ),
    "interrupted": later("The trainer was no longer running when the supervisor looked for it. {resume}"),
    "rebuilt": later("The queue was damaged and has been rebuilt from the folders of the runs. {resume}"),
    "machine_restarted": later("The machine was restarted while this run was training. {resume}"),
    "node_lost": later("The machine that trained this run was lost or taken away. {resume}"),
}
_KILLED_AGAIN = later(
    "The system ended the trainer for lack of memory, even with each batch in two parts: use a smaller batch size, "
    "resolution or network, or give it more memory. {resume}"
)
# Of one that an earlier supervisor started: how it died is known to that one alone, and called "killed" like the rest.
_UNTOLD = later("The trainer ended without saying why. {resume} The last line of its log: {last}")


def ending(run: Run, row: RunRow, ended: Ended, watched: bool) -> dict[str, Any]:
    """`{"status", "reason", "message"}` of a run whose trainer is dead, as its launcher tells (tl.jobs.launchers).

    `watched`: somebody saw it die; else it was found dead after a restart.
    """
    result, exit_code = read_result(run), ended.exit_code
    if result and result.status in RESULTS and not (result.status == "stopped" and row.reason):
        return {"status": result.status, "reason": result.reason, "message": result.message_said or result.message}
    if row.stop_requested:
        return {"status": "stopped", "reason": row.reason, "message": row.message}  # none, or the time limit
    if row.reason:  # the supervisor's own verdict, for which it ended the trainer
        return {"status": "failed", "reason": row.reason, "message": row.message}
    if ended.lost:
        return _ended(run, "interrupted", ended.lost)
    if exit_code in EXIT_REASONS:
        name = EXIT_REASONS[exit_code]
        return {"status": "failed", "reason": name, "message": sentence(name)}
    if exit_code is not None and exit_code >= 0:
        return _ended(run, "failed", "internal_error", code=exit_code, last=_last_line(run))
    if ended.for_memory and exit_code in (None, -signal.SIGKILL):
        return _ended(run, "failed", "killed_for_memory", _KILLED_AGAIN if read_memory_kills(run) else None)
    if exit_code is not None:
        return _ended(run, "failed", "killed", signal=signal.Signals(-exit_code).name)
    if watched:  # an earlier supervisor's trainer: its exit status went where that went
        return _ended(run, "failed", "killed", _UNTOLD, last=_last_line(run))
    return _ended(run, "interrupted", "interrupted")


def out_of_time(home: Home, row: RunRow, seconds: float = 0.0) -> bool:
    """Whether a run has taken as long as it may, in all its attempts; `seconds`: the one that trains now."""
    minutes = home.policy.run_minutes
    return minutes is not None and row.spent + seconds > 60 * minutes


OVERDUE = later(
    "The time limit of {minutes:,} min was reached; the best epoch so far is kept, the test set was not touched."
)
OVERDUE_AT_ONCE = later(
    "The time limit of {minutes:,} min was reached; no epoch was done by then, the test set was not touched."
)


def overdue(run: Run) -> dict[str, Any]:
    """Columns to be written down before the trainer of `run` is ended, which is out of time."""
    message = say(OVERDUE if run.best.exists() else OVERDUE_AT_ONCE, minutes=run.home.policy.run_minutes)
    return {"reason": "time_limit", "message": message, "stop_requested": 1}


def stalled(run: Run, seconds: float) -> dict[str, Any]:
    """`{"reason", "message"}` to be written down before the trainer of `run` is ended, which has not moved for `seconds`."""
    end = _ended(run, "failed", "stalled", minutes=round(seconds / 60, 2))
    return {name: end[name] for name in ("reason", "message")}


def rebuilt(run: Run) -> dict[str, Any]:
    """As `ending`, of a run that the queue had forgotten and that has no result."""
    return _ended(run, "interrupted", "rebuilt")


def _ended(run: Run, status: str, reason: str, message: str | None = None, **values: object) -> dict[str, Any]:
    said = say(message or _MESSAGES[reason], resume=_on_resume(run), **values)
    return {"status": status, "reason": reason, "message": said}


def _on_resume(run: Run) -> str:
    if run.best.exists():
        return say("Resume goes on after its last finished epoch.")
    return say("No epoch was done by then; Resume begins with the first.")


def _last_line(run: Run) -> str:
    try:
        with open(run.log, "rb") as file:
            file.seek(max(0, run.log.stat().st_size - 4096))
            lines = file.read().decode(errors="replace").split("\n")
    except FileNotFoundError:
        lines = []
    return next((line.strip()[:300] for line in reversed(lines) if line.strip()), str(say("(empty)")))
