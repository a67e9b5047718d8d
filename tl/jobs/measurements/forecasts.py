"""The learning curve of a linear probe, measured in the background; tl.analysis.forecasts.answer reads it."""

import sys
from collections.abc import Callable

from tl.analysis.forecasts.question import ForecastQuestion, keep_curve, keep_problem, probe_curve
from tl.jobs.measurements.by_features import ByFeatures
from tl.languages import later
from tl.store.features import TRAIN, Features
from tl.store.home import Home


def _measure(home: Home, asked: ForecastQuestion, found: dict[str, Features], hand_over: Callable[[], None]) -> None:
    """Fit the probes, others compute between two sizes."""
    from tl.analysis.forecasts import probe

    splits = {split: probe.Split(own.features, own.labels) for split, own in found.items()}
    curve = probe.measure(splits[TRAIN], splits["validation"], splits["test"], before_each=hand_over)
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
ask, working, measure = CURVE.ask, CURVE.working, CURVE.measure

if __name__ == "__main__":
    CURVE.main(sys.argv[1:])
