"""What was predicted before each experiment, and what came of it: one JSON file per experiment that outlives its runs."""

import time
from typing import Any

from msgspec import Struct
from msgspec.structs import asdict, replace

from tl.analysis.hint_record import transfers
from tl.analysis.statistics import UNDECIDED
from tl.config import Experiment
from tl.store.database import read_runs
from tl.store.documents import Count, Finite, fitting
from tl.store.files import read_json, write_json
from tl.store.home import Home
from tl.store.rows import Id, RunRow

SCRATCH = "scratch"


class Prediction(Struct, frozen=True, kw_only=True):
    """What was predicted before an experiment; its fields are the keys of its file."""

    experiment_id: Id
    created: Finite  # Unix seconds
    dataset: str
    samples: int | None
    arm: str
    predicted: str
    rules: tuple[str, ...]
    outcome: str | None = None  # of the verdict, once every run is finished
    finished_runs: Count = 0  # which the outcome rests on


def remember(home: Home, experiment_id: str, experiment: Experiment, advice: dict[str, Any]) -> None:
    """Write the prediction down, where the experiment can test it: one arm from scratch, one that transfers.

    `advice` as tl.analysis.advice.advise gives it. The prediction is about one arm, chosen before anything is known of
    it: the one with the strategy that was advised, else the first that transfers.
    """
    # What is advised is about one network with its weights: arms that have their own are not what it was said of.
    arms = [arm for arm in experiment.arms if not arm.transfers_its_own]
    strategies = [arm.strategy for arm in arms]
    transferring = [arm for arm in arms if transfers(arm)]
    if SCRATCH not in strategies or not transferring:
        return
    advised = [arm for key in advice["strategies"] for arm in transferring if arm.strategy == key]
    prediction = Prediction(
        experiment_id=experiment_id,
        created=time.time(),
        dataset=experiment.dataset,
        samples=experiment.samples,
        arm=(advised or transferring)[0].name,
        predicted=advice["predicted"],
        rules=tuple(reason["rule"] for reason in advice["reasons"]),
    )
    _write(home, prediction)


def _write(home: Home, prediction: Prediction) -> None:
    write_json(home.advice_dir / f"{prediction.experiment_id}.json", asdict(prediction))


def record(home: Home) -> dict[str, int]:
    """`{"right", "decided", "undecided", "waiting"}`: comparisons by what came of their prediction.

    Decided are those whose verdict is helps, hurts or no_difference; undecided ones don't count for or against;
    waiting ones have runs that are not finished. Outcomes that are new are looked up and written down.
    """
    runs: dict[str, list[RunRow]] = {}
    read = (fitting(read_json(path), Prediction) for path in sorted(home.advice_dir.glob("*.json")))
    predictions = [prediction for prediction in read if prediction is not None]  # a damaged one counts as lost
    for row in read_runs(home) if predictions else []:
        runs.setdefault(row.experiment_id, []).append(row)
    found = {"right": 0, "decided": 0, "undecided": 0, "waiting": 0}
    for prediction in predictions:
        outcome = _outcome(home, prediction, runs.get(prediction.experiment_id, []))
        if outcome is None:
            found["waiting"] += prediction.experiment_id in runs  # else it was deleted before it told anything
        elif outcome == UNDECIDED:
            found["undecided"] += 1
        else:
            found["decided"] += 1
            found["right"] += outcome == prediction.predicted
    return found


def _outcome(home: Home, prediction: Prediction, rows: list[RunRow]) -> str | None:
    """What came of it; None while runs are missing. The stored one where no run has been added since."""
    finished = sum(row.status == "finished" for row in rows)
    if not rows or finished == prediction.finished_runs:
        return prediction.outcome
    if finished < len(rows):
        return None
    from tl.analysis.experiment import experiment_result  # pandas

    compared = experiment_result(home, prediction.experiment_id, rows).verdict.comparisons.get(prediction.arm)
    outcome = compared.claim.outcome if compared else None
    _write(home, replace(prediction, outcome=outcome, finished_runs=finished))
    return outcome


def in_words(found: dict[str, int]) -> str:
    """The record as one or two sentences."""
    besides = [
        f"{number} {words}"
        for number, words in (
            (found["undecided"], "undecided (too few seeds, or too close to call)"),
            (found["waiting"], "not finished"),
        )
        if number
    ]
    more = f" Not counted: {', '.join(besides)}." if besides else ""
    if not found["decided"]:
        return f"No record yet: no comparison here has confirmed or refuted such advice.{more}"
    plural = "s" if found["decided"] > 1 else ""
    return f"Such advice was right in {found['right']} of {found['decided']} comparison{plural} here.{more}"
