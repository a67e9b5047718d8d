"""Runs whose numbers are made up, and the verdict on them."""

import json
from dataclasses import replace

import numpy as np

from tl.analysis.records import RunRecord
from tl.analysis.results import Verdict
from tl.analysis.verdict import verdict
from tl.config import ArmConfig, Experiment
from tl.store.documents import Result
from tl.store.metrics import METRICS, typed_frame
from tl.store.predictions import Answers

SCRATCH, FULL, PROBE = "scratch", "full_finetuning", "linear_probe"


def experiment(*strategies: str, seeds=(0,), names=()) -> Experiment:
    """Arms named after their strategies unless `names` says otherwise."""
    arms = [ArmConfig(name=name, strategy=key) for name, key in zip(names or strategies, strategies)]
    return Experiment(dataset="blossoms", arms=tuple(arms), seeds=tuple(seeds))


def run(
    arm: str, accuracies, test=None, *, seed=0, status="finished", seconds=10.0, result=None, **columns
) -> RunRecord:
    """A run with one epoch per validation accuracy, each of `seconds` and 500 pictures."""
    rows = [
        {"epoch": n, "val_accuracy": accuracy, "elapsed_seconds": n * seconds, "images_seen": 500 * n}
        | {name: value for name, value in columns.items() if name in METRICS}
        for n, accuracy in enumerate(accuracies, 1)
    ]
    document = {"status": status, "test_accuracy": test, "best_val_accuracy": None} | (result or {})
    ended = status not in ("queued", "running")
    record = {"run_id": f"{arm}{seed}", "arm": arm, "seed": seed, "status": status}
    return RunRecord(**record, metrics=typed_frame(rows, METRICS), result=Result(**document) if ended else Result())


def judge(spec: Experiment, runs, **options) -> Verdict:
    """The verdict, which has to make a JSON document without NaN."""
    found = verdict(spec, runs, **options)
    assert json.loads(json.dumps(found.to_json(), allow_nan=False)) == found.to_json()
    return found


def three(gains, base=0.5) -> tuple[Experiment, list[RunRecord]]:
    """Runs from scratch and of full fine-tuning, a seed for each of `gains`, by which their test accuracies differ."""
    runs = []
    for seed, gain in enumerate(gains):
        runs.append(run(SCRATCH, [base, base, base], base, seed=seed))
        runs.append(run(FULL, [base + gain] * 3, base + gain, seed=seed))
    return experiment(SCRATCH, FULL, seeds=range(len(gains))), runs


def answers(right, labels=None, *, pictures=None, group=None) -> Answers:
    """What a network answered: `right` (n,) whether about each picture; classes 0 and 1 in turn unless `labels` says."""
    right = np.asarray(right, dtype=bool)
    label = np.arange(len(right)) % 2 if labels is None else np.asarray(labels)
    return Answers(
        picture=np.arange(len(right)) if pictures is None else np.asarray(pictures),
        label=label,
        predicted=np.where(right, label, label + 1),
        group=np.full(len(right), -1) if group is None else np.asarray(group),
    )


def answered(arm: str, right, seed: int = 0, labels=None, **known) -> RunRecord:
    """A finished run that kept what it answered on the test pictures; see `answers`."""
    reached = float(np.mean(right))
    spoken = answers(right, labels, **known)
    return replace(run(arm, [reached] * 3, reached, seed=seed), answers=spoken)


def networks(sides, spec_options=None, labels=None, **known) -> tuple[Experiment, list[RunRecord]]:
    """Arm -> (S, N) right answers; the experiment and its runs, one per arm and seed."""
    runs = [
        answered(arm, right, seed, labels, **known)
        for arm, rows in sides.items()
        for seed, right in enumerate(np.asarray(rows, dtype=bool))
    ]
    seeds = range(len(next(iter(sides.values()))))
    return replace(experiment(*sides, seeds=seeds), **(spec_options or {})), runs
