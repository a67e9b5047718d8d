"""From numbers to findings: what a comparison showed, how sure it is, what one will cost. No torch, no streamlit."""


def experiment_result(home, experiment_id: str, rows=None, **options) -> dict:
    """See tl.analysis.experiment.experiment_result; imported when called, because estimates need no pandas."""
    from tl.analysis.experiment import experiment_result

    return experiment_result(home, experiment_id, rows, **options)


def sweep_result(home, sweep_id: str, **options) -> dict:
    """See tl.analysis.sweep.sweep_result."""
    from tl.analysis.sweep import sweep_result

    return sweep_result(home, sweep_id, **options)
