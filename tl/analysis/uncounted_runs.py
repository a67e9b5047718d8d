"""Runs that can't take part in a comparison, in words: failed, stopped, interrupted, still to come."""

from collections.abc import Iterator

from tl.analysis.names import title
from tl.analysis.results import ArmSummary, Verdict
from tl.failures import FAILURES
from tl.languages import commas, joined, later, later_plural, plural, say

ENDS = {"failed": later("failed"), "stopped": later("was stopped"), "interrupted": later("was interrupted")}
ONLY = {  # status -> what is said of an arm's only run
    "failed": later("{arm}: its only run failed and is not counted."),
    "stopped": later("{arm}: its only run was stopped and is not counted."),
    "interrupted": later("{arm}: its only run was interrupted and is not counted."),
}
SOME = {  # status -> what is said of some of its runs
    "failed": later_plural(
        "{arm}: {number} of {runs} runs failed, not counted.", "{arm}: {number} of {runs} runs failed, not counted."
    ),
    "stopped": later_plural(
        "{arm}: {number} of {runs} runs was stopped, not counted.",
        "{arm}: {number} of {runs} runs were stopped, not counted.",
    ),
    "interrupted": later_plural(
        "{arm}: {number} of {runs} runs was interrupted, not counted.",
        "{arm}: {number} of {runs} runs were interrupted, not counted.",
    ),
}


def uncounted_sentences(found: Verdict, name: str) -> str:
    """Sentences on both sides' runs that are not counted; empty where all are."""
    return joined(
        sentence for side in (found.against(name), name) for sentence in _told(title(side), found.summary[side])
    )


def _told(arm: str, own: ArmSummary) -> Iterator[str]:
    for status in ENDS:
        if number := own.statuses.get(status, 0):
            yield _not_counted(arm, number, own, status)
    if number := own.statuses.get("queued", 0) + own.statuses.get("running", 0):
        if own.runs == 1:
            yield say("{arm}: its only run is not finished yet.", arm=arm)
        else:
            yield say("{arm}: {number} of {runs} runs not finished yet.", arm=arm, number=number, runs=own.runs)


def _not_counted(arm: str, number: int, own: ArmSummary, status: str) -> str:
    values = {"arm": arm, "runs": own.runs}
    if status == "failed" and (why := _why(own)):
        if own.runs == 1:
            return say("{arm}: its only run failed ({reasons}) and is not counted.", arm=arm, reasons=why)
        told = later("{arm}: {number} of {runs} runs failed ({reasons}), not counted.")
        return say(told, **values, number=number, reasons=why)
    return say(ONLY[status], arm=arm) if own.runs == 1 else plural(*SOME[status], number, **values)


def state(own: ArmSummary) -> str:
    """What keeps an arm from having a test accuracy."""
    statuses = own.statuses
    if not statuses:
        return say("has no run")
    if statuses.get("running") or statuses.get("queued"):
        return say("has not finished")
    status = max(statuses, key=lambda status: statuses[status])
    if status not in ENDS:
        return say("has no test result")
    why = _why(own) if status == "failed" else ""
    return say("failed ({reasons})", reasons=why) if why else say(ENDS[status])


def ended(own: ArmSummary) -> bool:
    """Whether runs of an arm ended before they could be compared: `state` says how."""
    return bool(own.statuses.keys() & ENDS.keys())


def _why(own: ArmSummary) -> str:
    """Why its runs failed; empty where that is not known."""
    return commas(
        say(FAILURES[reason].short) if reason in FAILURES else reason.replace("_", " ") for reason in own.reasons
    )
