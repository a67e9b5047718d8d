"""The report on whatever has this id, an experiment or a sweep, as one HTML file."""

from typing import Any

from tl.config import Refused
from tl.report.experiment import experiment_report
from tl.report.subject import EXPERIMENT, SWEEP, ended
from tl.report.sweep import sweep_report
from tl.store.home import Home

WRITERS = {EXPERIMENT: experiment_report, SWEEP: sweep_report}


def report(home: Home, ident: str, *, references: bool = True, **judged: Any) -> str:
    """The document. `judged`: baseline, margin, target and judge_by as tl.analysis.verdict takes them.

    Raises Refused, also for judge_by of a sweep.
    """
    subject = ended(home, ident)
    if subject.kind == SWEEP and "judge_by" in judged:
        raise Refused("A sweep is judged by what it was trained by; leave out --judge-by.")
    return WRITERS[subject.kind](subject, references=references, **judged)
