"""The learning curve of a linear probe, measured in the background; tl.analysis.forecasts.answer reads it."""

import sys
from collections.abc import Callable

from tl.analysis.forecasts.question import ForecastQuestion, keep_curve, keep_problem, probe_curve
from tl.jobs.measurements.by_features import ByFeatures
from tl.languages import later
from tl.store.features import TRAIN, Features
from tl.store.home import Home


def _measure(home: Home, asked: ForecastQuestion, found: dict[str, Features], next_turn: Callable[[], None]) -> None:
    """Fit the probes, one size in a turn."""
    from tl.analysis.forecasts import probe

    splits = {split: probe.Split(own.features, own.labels) for split, own in found.items()}
    curve = probe.measure(splits[TRAIN], splits["validation"], splits["test"], before_each=next_turn)
    keep_curve(home, asked, curve)


CURVE = ByFeatures(
    module="tl.jobs.measurements.forecasts",
    lock="forecasting.lock",
    waits=later("Something else is computing; the forecast waits for its turn."),
    known=lambda home, asked: probe_curve(home, asked)[0] is not None,
    problem=lambda home, asked: probe_curve(home, asked)[1],
    measure_by=_measure,
    keep_problem=keep_problem,
)
ask, measuring, measure = CURVE.ask, CURVE.working, CURVE.measure

if __name__ == "__main__":
    CURVE.main(sys.argv[1:])
