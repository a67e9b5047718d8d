"""Runs that can't take part in a comparison, in words: failed, stopped, interrupted, still to come."""

from tl.analysis.names import title
from tl.analysis.results import ArmSummary, Verdict

ENDS = {"failed": "failed", "stopped": "was stopped", "interrupted": "was interrupted"}


def told(found: Verdict, name: str) -> str:
    """Sentences on both sides' runs that are not counted; empty where all are."""
    clauses = []
    for side in (found.against(name), name):
        own = found.summary[side]
        for status, words in ENDS.items():
            if number := own.statuses.get(status, 0):
                clauses.append(_not_counted(title(side), number, own, f"{words}{_why(own, status)}"))
        if number := own.statuses.get("queued", 0) + own.statuses.get("running", 0):
            runs = "its only run is" if own.runs == 1 else f"{number} of {own.runs} runs"
            clauses.append(f"{title(side)}: {runs} not finished yet.")
    return " ".join(clauses)


def _not_counted(arm: str, number: int, own: ArmSummary, ended: str) -> str:
    if own.runs == 1:
        return f"{arm}: its only run {ended} and is not counted."
    if number > 1:
        ended = ended.replace("was ", "were ", 1) if ended.startswith("was ") else ended
    return f"{arm}: {number} of {own.runs} runs {ended}, not counted."


def state(own: ArmSummary) -> str:
    """What keeps an arm from having a test accuracy."""
    statuses = own.statuses
    if not statuses:
        return "has no run"
    if statuses.get("running") or statuses.get("queued"):
        return "has not finished"
    status = max(statuses, key=lambda status: statuses[status])
    return ENDS.get(status, "has no test result") + _why(own, status)


def because(own: ArmSummary) -> str:
    """A clause on why an arm has nothing to compare, where its runs ended before they could."""
    return f" because it {state(own)}" if own.statuses.keys() & ENDS.keys() else ""


def _why(own: ArmSummary, status: str) -> str:
    reasons = ", ".join(reason.replace("_", " ") for reason in own.reasons)
    return f" ({reasons})" if status == "failed" and reasons else ""
