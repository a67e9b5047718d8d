"""From numbers to findings: what a comparison showed, how sure it is, what one will cost. No torch, no streamlit."""

from typing import Any

from tl.analysis.experiment_results import ExperimentResult
from tl.analysis.sweep_results import SweepFinding
from tl.store.home import Home
from tl.store.rows import RunRow


def experiment_result(
    home: Home, experiment_id: str, rows: list[RunRow] | None = None, **options: Any
) -> ExperimentResult:
    """See tl.analysis.experiment.experiment_result; imported when called, because estimates need no pandas."""
    from tl.analysis.experiment import experiment_result

    return experiment_result(home, experiment_id, rows, **options)


def sweep_result(home: Home, sweep_id: str, **options: Any) -> SweepFinding:
    """See tl.analysis.sweep.sweep_result."""
    from tl.analysis.sweep import sweep_result

    return sweep_result(home, sweep_id, **options)
