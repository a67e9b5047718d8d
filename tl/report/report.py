"""The report on whatever has this id, an experiment or a sweep, as one HTML file."""

from typing import Any

from tl.report.experiment import experiment_report
from tl.report.subject import EXPERIMENT, SWEEP, ended
from tl.report.sweep import sweep_report
from tl.store.home import Home

WRITERS = {EXPERIMENT: experiment_report, SWEEP: sweep_report}


def report(home: Home, ident: str, **judged: Any) -> str:
    """The document. `judged`: baseline, margin, target, judge_by as tl.analysis.verdict takes them. Raises Refused."""
    subject = ended(home, ident)
    return WRITERS[subject.kind](subject, **judged)
