"""From numbers to findings: what a comparison showed, how sure it is, what one will cost. No torch, no streamlit."""


def experiment_result(home, experiment_id: str, rows: list[dict] | None = None, **options) -> dict:
    """See tl.analysis.experiment.experiment_result; imported when called, because estimates need no pandas."""
    from tl.analysis.experiment import experiment_result

    return experiment_result(home, experiment_id, rows, **options)
