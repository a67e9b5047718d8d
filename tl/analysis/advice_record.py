"""What was predicted before each experiment, and what came of it: one JSON file per experiment that outlives its runs."""

import time
from typing import Any

from tl.analysis.hint_record import transfers
from tl.analysis.statistics import UNDECIDED
from tl.config import Experiment
from tl.store.database import read_runs
from tl.store.documents import is_number
from tl.store.files import read_json, write_json
from tl.store.home import Home

SCRATCH = "scratch"


def remember(home: Home, experiment_id: str, experiment: Experiment, advice: dict[str, Any]) -> None:
    """Write the prediction down, where the experiment can test it: one arm from scratch, one that transfers.

    `advice` as tl.analysis.advice.advise gives it. The prediction is about one arm, chosen before anything is known of
    it: the one with the strategy that was advised, else the first that transfers.
    """
    strategies = [arm.strategy for arm in experiment.arms]
    transferring = [arm for arm in experiment.arms if transfers(arm.strategy)]
    if SCRATCH not in strategies or not transferring:
        return
    advised = [arm for key in advice["strategies"] for arm in transferring if arm.strategy == key]
    document = {
        "experiment_id": experiment_id,
        "created": time.time(),
        "dataset": experiment.dataset,
        "samples": experiment.samples,
        "arm": (advised or transferring)[0].name,
        "predicted": advice["predicted"],
        "rules": [reason["rule"] for reason in advice["reasons"]],
        "outcome": None,  # of the verdict, once every run is finished
        "finished_runs": 0,  # which the outcome rests on
    }
    write_json(home.advice_dir / f"{experiment_id}.json", document)


def record(home: Home) -> dict[str, int]:
    """`{"right", "decided", "undecided", "waiting"}`: comparisons by what came of their prediction.

    Decided are those whose verdict is helps, hurts or no_difference; undecided ones don't count for or against;
    waiting ones have runs that are not finished. Outcomes that are new are looked up and written down.
    """
    runs: dict[str, list[dict[str, Any]]] = {}
    documents = [read_json(path) for path in sorted(home.advice_dir.glob("*.json"))]
    documents = [document for document in documents if _whole(document)]
    for row in read_runs(home) if documents else []:
        runs.setdefault(row["experiment_id"], []).append(row)
    found = {"right": 0, "decided": 0, "undecided": 0, "waiting": 0}
    for document in documents:
        outcome = _outcome(home, document, runs.get(document["experiment_id"], []))
        if outcome is None:
            found["waiting"] += document["experiment_id"] in runs  # else it was deleted before it told anything
        elif outcome == UNDECIDED:
            found["undecided"] += 1
        else:
            found["decided"] += 1
            found["right"] += outcome == document["predicted"]
    return found


def _whole(document: object) -> bool:
    """Whether it holds what the record needs; a damaged one counts as lost."""
    texts, numbers = ("experiment_id", "predicted", "arm"), ("finished_runs",)
    return (
        isinstance(document, dict)
        and all(isinstance(document.get(name), str) for name in texts)
        and all(is_number(document.get(name)) for name in numbers)
        and (document.get("outcome") is None or isinstance(document["outcome"], str))
    )


def _outcome(home: Home, document: dict[str, Any], rows: list[dict[str, Any]]) -> str | None:
    """What came of it; None while runs are missing. The stored one where no run has been added since."""
    finished = sum(row["status"] == "finished" for row in rows)
    if not rows or finished == document["finished_runs"]:
        return document.get("outcome")
    if finished < len(rows):
        return None
    from tl.analysis.experiment import experiment_result  # pandas

    compared = experiment_result(home, document["experiment_id"], rows).verdict.comparisons.get(document["arm"])
    outcome = compared.claim.outcome if compared else None
    new = document | {"outcome": outcome, "finished_runs": finished}
    write_json(home.advice_dir / f"{document['experiment_id']}.json", new)
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
        return f"No record yet: no comparison here has settled such advice.{more}"
    plural = "s" if found["decided"] > 1 else ""
    return f"Such advice was right in {found['right']} of {found['decided']} comparison{plural} here.{more}"
