"""What is known of an experiment that learned from one data set and works on another, beside its verdict."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from tl import datasets
from tl.analysis.adaptation import wording
from tl.analysis.adaptation.collapse import Mark, marks, told
from tl.analysis.adaptation.estimate import Estimate, Sure, estimate
from tl.analysis.names import title
from tl.analysis.records import RunRecord
from tl.analysis.results import Interval, Verdict
from tl.config import Experiment, Refused
from tl.datasets import given_labels
from tl.store.home import Home
from tl.store.predictions import Predictions, read_predictions
from tl.strategies import STRATEGIES, TARGET


@dataclass(frozen=True, kw_only=True)
class OfArm:
    """One arm on the target."""

    estimate: Estimate | None  # without any label of the target; None where it can't be made
    measured: Interval | None  # where there are labels
    marks: tuple[tuple[Mark, ...], ...]  # of each run
    epochs: tuple[
        tuple[int, int], ...
    ]  # of each run that knows both: the epoch kept, and the one labels would have chosen

    def to_json(self) -> dict[str, Any]:
        """JSON-ready."""
        return {
            "estimate": self.estimate and asdict(self.estimate),
            "measured": self.measured and asdict(self.measured),
            "marks": [[asdict(mark) for mark in own] for own in self.marks],
            "epochs": [{"kept": kept, "oracle": oracle} for kept, oracle in self.epochs],
        }


@dataclass(frozen=True, kw_only=True)
class Findings:
    """What is known of the target."""

    target: str  # as a person calls it
    labelled: bool  # whether the set has labels of its own
    given: int  # pictures that a person has labelled since
    arms: dict[str, OfArm]

    @property
    def tested(self) -> bool:
        """Whether accuracy on the target was measured."""
        return any(own.measured for own in self.arms.values())

    @property
    def estimates(self) -> list[str]:
        """Sentences on accuracy without labels, beside what was measured where that is known."""
        said = [] if self.tested else [wording.NO_TEST]
        for name, own in self.arms.items():
            if own.estimate and own.measured:
                said.append(wording.beside_the_truth(title(name), own.estimate, own.measured))
            elif own.estimate:
                said.append(wording.estimated(title(name), own.estimate))
        return said if any(own.estimate for own in self.arms.values()) else []

    @property
    def warnings(self) -> list[str]:
        """Sentences on what went wrong while arms adapted."""
        return [sentence for name, own in self.arms.items() for sentence in told(title(name), own.marks)]

    @property
    def choices(self) -> list[str]:
        """Sentences on which epochs were kept, and by whose pictures."""
        return [sentence for name, own in self.arms.items() for sentence in wording.chosen(title(name), own.epochs)]

    @property
    def text(self) -> list[str]:
        """All of it; the verdict says the rest."""
        return [*self.warnings, *self.estimates, *self.choices]

    def to_json(self) -> dict[str, Any]:
        """As `adaptation` of `compare --json` has it."""
        return {
            "target": self.target,
            "labelled": self.labelled,
            "given_labels": self.given,
            "arms": {name: own.to_json() for name, own in self.arms.items()},
            "text": self.text,
        }


def findings(home: Home, experiment: Experiment, records: Sequence[RunRecord], verdict: Verdict) -> Findings | None:
    """Of the runs so far; None where the experiment has no second data set, or that is gone."""
    name = experiment.target_dataset
    if name is None:
        return None
    try:
        target, classes = datasets.describe(home, name), len(datasets.describe_for(home, experiment).classes)
    except Refused:
        return None
    arms = {}
    for arm in experiment.arms:
        own = [record for record in records if record.arm == arm.name]
        learns = STRATEGIES[arm.strategy].learns_from != TARGET
        arms[arm.name] = OfArm(
            estimate=_estimate(home, own) if learns else None,
            measured=verdict.summary[arm.name].test_accuracy,
            marks=tuple(marks(record.metrics, classes) for record in own),
            epochs=tuple(_epochs(own)) if learns else (),
        )
    given = len(given_labels.read(home, name).usable)
    return Findings(target=target.called, labelled=target.labelled, given=given, arms=arms)


def _epochs(records: Sequence[RunRecord]) -> list[tuple[int, int]]:
    results = [record.result for record in records if record.status == "finished" and record.result]
    return [(one.best_epoch, one.oracle_epoch) for one in results if one.best_epoch and one.oracle_epoch]


def _estimate(home: Home, records: Sequence[RunRecord]) -> Estimate | None:
    paths = [home.run(record.run_id).predictions for record in records if record.status == "finished"]
    stamps = []
    for path in paths:
        if not path.exists():
            return None
        found = path.stat()
        stamps.append((path, found.st_mtime_ns, found.st_size))
    return _estimated(tuple(stamps))


@lru_cache(maxsize=64)
def _estimated(stamps: tuple[tuple[Path, int, int], ...]) -> Estimate | None:
    """Of runs whose answers were as these `stamps` say; where seeds have splits of their own, of the first alone."""
    kept = [
        (read_predictions(path, "validation"), read_predictions(path, "test", unlabelled=True)) for path, *_ in stamps
    ]
    pairs = [(source, target) for source, target in kept if source is not None and target is not None]
    pairs = [pair for pair in pairs if _asked_alike(pair, pairs[0])]
    if not pairs:
        return None
    source, target = pairs[0]
    return estimate([_sure(*pair) for pair in pairs], source.group, target.group)


def _asked_alike(pair: tuple[Predictions, Predictions], other: tuple[Predictions, Predictions]) -> bool:
    return all(np.array_equal(one.picture, two.picture) for one, two in zip(pair, other, strict=True))


def _sure(source: Predictions, target: Predictions) -> Sure:
    probabilities = [side.probabilities.astype(np.float64) for side in (source, target)]
    return Sure(source=probabilities[0], source_right=source.right, target=probabilities[1])
