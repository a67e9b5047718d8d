"""What was predicted of each experiment, and what came of it: one JSON file per experiment that outlives its runs.

Of one data set: what transfer does against training from scratch, written down before it trains. Of two: what adapting, or
labelling a few, does against learning from the first alone. That follows from how different the two look, which depends on
their pictures and on a network that nothing here has trained: it does not matter when somebody looked.
"""

import time
from typing import Any

from msgspec import Struct
from msgspec.structs import asdict, replace

from tl.analysis.adaptation import advice as adapting
from tl.analysis.adaptation import domain_distance
from tl.analysis.forecasts.hint_record import transfers
from tl.analysis.names import without_labels
from tl.analysis.statistics import UNDECIDED
from tl.config import ArmConfig, Experiment
from tl.datasets import given_labels
from tl.languages import commas, joined, later, plural, say
from tl.store.documents import Count, Finite, all_in
from tl.store.files import write_json
from tl.store.home import Home
from tl.store.queue.database import read_runs
from tl.store.queue.rows import Id, RunRow
from tl.strategies import SOURCE_AND_FEW, STRATEGIES

SCRATCH, SOURCE_ONLY = "scratch", "source_only"
TRANSFER, ADAPTING = "transfer", "adapting"  # what is predicted


class Prediction(Struct, frozen=True, kw_only=True):
    """What was predicted before an experiment; its fields are the keys of its file."""

    experiment_id: Id
    created: Finite  # Unix seconds
    dataset: str
    samples: int | None
    arm: str
    predicted: str
    rules: tuple[str, ...]
    about: str = TRANSFER
    outcome: str | None = None  # of the verdict, once every run is finished
    finished_runs: Count = 0  # which the outcome rests on
    labels: Count = 0  # the same: that somebody had given a second data set


def remember(
    home: Home, experiment_id: str, experiment: Experiment, advice: dict[str, Any], about: str = TRANSFER
) -> Prediction | None:
    """Write the prediction down, where the experiment can test it: it has a baseline, and an arm that does what is advised.

    `advice` as tl.analysis.forecasts.advice.advise gives it. The prediction is about one arm, chosen before anything is known of
    it: the one with the strategy that was advised, else the first that transfers, or adapts.
    """
    # What is advised is about one network with its weights: arms that have their own are not what it was said of.
    arms = [arm for arm in experiment.arms if not arm.transfers_its_own]
    doing = [arm for arm in arms if transfers(arm)] if about == TRANSFER else _adapting(arms)
    if (SCRATCH if about == TRANSFER else SOURCE_ONLY) not in [arm.strategy for arm in arms] or not doing:
        return None
    advised = [arm for key in advice["strategies"] for arm in doing if arm.strategy == key]
    prediction = Prediction(
        experiment_id=experiment_id,
        created=time.time(),
        dataset=experiment.dataset,
        samples=experiment.samples,
        arm=(advised or doing)[0].name,
        predicted=advice["predicted"],
        rules=tuple(reason["rule"] for reason in advice["reasons"]),
        about=about,
    )
    _write(home, prediction)
    return prediction


def _adapting(arms: list[ArmConfig]) -> list[ArmConfig]:
    """Those that learn from the second data set besides: without its labels, then with a few."""
    few = [arm for arm in arms if STRATEGIES[arm.strategy].learns_from == SOURCE_AND_FEW]
    return [arm for arm in arms if without_labels(arm.strategy)] + few


def _write(home: Home, prediction: Prediction) -> None:
    write_json(home.advice_dir / f"{prediction.experiment_id}.json", asdict(prediction))


def record(home: Home, about: str = TRANSFER) -> dict[str, int]:
    """`{"right", "decided", "undecided", "waiting"}`: comparisons by what came of their prediction `about` this.

    Decided are those whose verdict is helps, hurts or no_difference; undecided ones don't count for or against;
    waiting ones have runs that are not finished. Outcomes that are new are looked up and written down.
    """
    runs: dict[str, list[RunRow]] = {}
    predictions = all_in(home.advice_dir, Prediction)
    for row in read_runs(home) if predictions or about == ADAPTING else []:
        runs.setdefault(row.experiment_id, []).append(row)
    if about == ADAPTING:
        predictions += _looked_at_since(home, runs, {prediction.experiment_id for prediction in predictions})
    found = {"right": 0, "decided": 0, "undecided": 0, "waiting": 0}
    for prediction in predictions:
        if prediction.about != about:
            continue
        outcome = _outcome(home, prediction, runs.get(prediction.experiment_id, []))
        if outcome is None:
            found["waiting"] += prediction.experiment_id in runs  # else it was deleted before it told anything
        elif outcome == UNDECIDED:
            found["undecided"] += 1
        else:
            found["decided"] += 1
            found["right"] += outcome == prediction.predicted
    return found


def _looked_at_since(home: Home, runs: dict[str, list[RunRow]], known: set[str]) -> list[Prediction]:
    """What follows for comparisons of two data sets of which it is known how different they look."""
    found = []
    for experiment_id, rows in runs.items():
        experiment = rows[0].experiment
        if experiment_id in known or not experiment.target_dataset or home.run(rows[0].run_id).imported.exists():
            continue
        if (looks := domain_distance.known(home, experiment)) is not None:
            found.append(remember(home, experiment_id, experiment, adapting.advise(looks), ADAPTING))
    return [prediction for prediction in found if prediction is not None]


def _outcome(home: Home, prediction: Prediction, rows: list[RunRow]) -> str | None:
    """What came of it; None while runs are missing. The stored one where neither a run nor a label has been added since."""
    finished = sum(row.status == "finished" for row in rows)
    target = rows[0].experiment.target_dataset if rows else None
    labels = len(given_labels.read(home, target).usable) if target else 0
    if not rows or (finished, labels) == (prediction.finished_runs, prediction.labels):
        return prediction.outcome
    if finished < len(rows):
        return None
    from tl.analysis.experiment import experiment_result  # pandas

    compared = experiment_result(home, prediction.experiment_id, rows).verdict.comparisons.get(prediction.arm)
    outcome = compared.claim.outcome if compared else None
    _write(home, replace(prediction, outcome=outcome, finished_runs=finished, labels=labels))
    return outcome


def in_words(found: dict[str, int]) -> str:
    """The record as one or two sentences."""
    besides: list[str] = [
        say(words, number=number)
        for number, words in (
            (found["undecided"], later("{number} undecided (too few seeds, or too close to call)")),
            (found["waiting"], later("{number} not finished")),
        )
        if number
    ]
    more = say("Not counted: {numbers}.", numbers=commas(besides)) if besides else ""
    if not found["decided"]:
        return joined([say("No record yet: no comparison here has confirmed or refuted such advice."), more])
    told = plural(
        "Such advice was right in {right} of {number} comparison here.",
        "Such advice was right in {right} of {number} comparisons here.",
        found["decided"],
        right=found["right"],
    )
    return joined([told, more])
