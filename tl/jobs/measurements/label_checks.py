"""Wrong labels looked for in all pictures by a linear probe per fold, in the background; analysis.inspection.held_out reads it."""

import sys
from collections.abc import Callable

from tl.analysis.forecasts.question import ForecastQuestion
from tl.analysis.inspection import held_out
from tl.jobs.measurements.by_features import ByFeatures
from tl.languages import later, say, store_sentence
from tl.store.features import Features
from tl.store.home import Home
from tl.store.pictures import SPLITS

TOGETHER = later(
    "All pictures belong together, so none can be judged by a probe that has not seen pictures of its group."
)


def _measure(
    home: Home, asked: ForecastQuestion, found: dict[str, Features], hand_over: Callable[[], None]
) -> str | None:
    """Fit the probes, others compute between two folds; a sentence, stored, where that can't be done."""
    import numpy as np

    from tl.analysis.inspection.label_issues import HeldOutPredictions
    from tl.analysis.inspection.out_of_fold import out_of_fold

    features = np.concatenate([found[split].features for split in SPLITS])
    labels = np.concatenate([found[split].labels for split in SPLITS])
    places, groups = held_out.places_of(home, asked)
    try:
        shares = out_of_fold(features, labels, groups, int(labels.max()) + 1, before_each=hand_over)
    except ValueError:
        return store_sentence(say(TOGETHER))
    held_out.keep(home, asked, HeldOutPredictions(picture=places, label=labels, probabilities=shares.astype(float)))
    return None


LABELS = ByFeatures(
    module="tl.jobs.measurements.label_checks",
    lock="label_checks.lock",
    waits=later("Something else is computing; looking at the labels waits for its turn."),
    known=lambda home, asked: held_out.out_of_fold(home, asked) is not None,
    problem=held_out.problem_of,
    measure_by=_measure,
    keep_problem=held_out.keep_problem,
)
ask, working, measure = LABELS.ask, LABELS.working, LABELS.measure

if __name__ == "__main__":
    LABELS.main(sys.argv[1:])
