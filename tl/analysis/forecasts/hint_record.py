"""How often hints were right here: the order of transferability scores against the order that training found."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from itertools import combinations
from typing import Any

import numpy as np

from tl.config import TRANSFERRED, ArmConfig, Training
from tl.datasets.catalogue import home_of
from tl.languages import say
from tl.store.documents import Result, read_result
from tl.store.features import fingerprint
from tl.store.home import Home
from tl.store.queue.database import read_runs
from tl.strategies import PRETRAINED

MIN_RESULTS = 3  # fewer say nothing about an order
Scored = tuple[str, int, str, str]  # data set, resolution, backbone, weights
SCORES = ("logme", "h_score")  # whose record is kept; leep needs a source head, which not every network has


def record(home: Home, scored: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """How the order of the scores (tl.analysis.forecasts.hints.known) agreed with the order that training found on this machine.

    `{"results", "pairs", "logme": {"agree", "tau"}, "h_score": ...}`: results are test accuracies of pretrained arms
    (means over seeds) of runs trained here whose network and weights were scored on the same data set at the same
    resolution; two are a pair where all else was equal: every setting of the experiment and of the arm. tau is
    Kendall's, (agreeing - disagreeing) / pairs; None below MIN_RESULTS results. A score depends on pictures and
    weights alone, so it does not matter whether it was computed before or after the training.
    """
    latest = _latest(home, scored)
    groups = _results(home, set(latest))
    results = sum(len(group) for group in groups.values() if len(group) > 1)
    found: dict[str, Any] = {"results": results}
    for score in SCORES:
        own = [[(latest[which][score], accuracy) for which, accuracy in group] for group in groups.values()]
        found_signs = [sign for group in own for sign in signs(group)]
        tau = sum(found_signs) / len(found_signs) if results >= MIN_RESULTS else None
        found |= {"pairs": len(found_signs), score: {"agree": sum(sign > 0 for sign in found_signs), "tau": tau}}
    return found


def signs(results: Sequence[tuple[float, float]]) -> list[int]:
    """Of each two (score, accuracy): 1 where both order them alike, -1 where they don't, 0 where one is equal. Their mean is
    Kendall's tau."""
    return [int(np.sign((one[0] - two[0]) * (one[1] - two[1]))) for one, two in combinations(results, 2)]


def _latest(home: Home, scored: dict[str, dict[str, Any]]) -> dict[Scored, dict[str, Any]]:
    """(data set, resolution, backbone, weights) -> the entry with the most pictures, of the data set as it is now."""
    stamps: dict[str, str] = {}
    found: dict[Scored, dict[str, Any]] = {}
    for entry in sorted((entry for entry in scored.values() if "logme" in entry), key=lambda entry: entry["samples"]):
        name = entry["dataset"]
        if stamps.setdefault(name, fingerprint(home_of(home, name), name)) == entry["fingerprint"]:
            found[name, entry["resolution"], entry["backbone"], entry["weights"]] = entry
    return found


def _settings(training: Training, arm: ArmConfig) -> str:
    """All that an arm was trained with but the network, its weights and the seed; names decide nothing. `training`: as
    the arm has it."""
    shared = {name: value for name, value in asdict(training).items() if name not in ("backbone", "weights")}
    own = asdict(arm) | dict.fromkeys(TRANSFERRED) | {"name": None, "epochs": training.epochs_of(arm)}
    return json.dumps([shared | {"epochs": None}, own], sort_keys=True)


def _results(home: Home, wanted: set[Scored]) -> dict[str, Sequence[tuple[Scored, float]]]:
    """What all else was, of runs trained here -> [(what was scored, mean test accuracy)]."""
    accuracies: dict[str, dict[Scored, list[float]]] = {}
    for row in read_runs(home, statuses=("finished",)) if wanted else []:
        arm = row.arm_config
        spec = row.experiment.of(arm)
        scored = (spec.dataset, spec.resolution, spec.backbone, spec.weights)
        files = home.run(row.run_id)
        accuracy = (read_result(files) or Result()).test_accuracy
        here = not files.imported.exists() and not spec.target_dataset
        if scored in wanted and here and transfers(arm) and accuracy is not None:
            equal = _settings(spec, arm)
            accuracies.setdefault(equal, {}).setdefault(scored, []).append(accuracy)
    return {
        equal: [(scored, sum(values) / len(values)) for scored, values in group.items()]
        for equal, group in accuracies.items()
    }


def transfers(arm: ArmConfig) -> bool:
    """Whether an arm starts from pretrained features (not merely from their scale)."""
    return arm.initialisation == PRETRAINED


def in_words(found: dict[str, Any]) -> str:
    """The record as one sentence."""
    if found["logme"]["tau"] is None:
        return say("No record yet: it takes three trained networks or weights on one data set to check an order.")
    return say(
        "Its record on this machine: LogME ordered {logme} of {pairs} pairs as training did (Kendall's tau {logme_tau:+.2f}), "
        "the H-score {h_score} ({h_score_tau:+.2f}).",
        pairs=found["pairs"],
        logme=found["logme"]["agree"],
        logme_tau=found["logme"]["tau"],
        h_score=found["h_score"]["agree"],
        h_score_tau=found["h_score"]["tau"],
    )
