"""What is known of an experiment that learned from one data set and works on another, beside its verdict."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from tl import datasets
from tl.analysis.adaptation import wording
from tl.analysis.adaptation.collapse import Mark, collapse_sentences, marks
from tl.analysis.adaptation.estimate import AccuracyEstimate, Sure, answers_apart, estimate
from tl.analysis.adaptation.estimate_record import (
    EstimateRecord,
    Widening,
    in_words,
    record,
    widened,
    widening_in_words,
)
from tl.analysis.cost_results import fields_as_json
from tl.analysis.inspection.difference import same_pictures
from tl.analysis.names import title
from tl.analysis.records import RunRecord, mean
from tl.analysis.results import Interval, Verdict
from tl.config import BALANCED_ACCURACY, Experiment, Refused
from tl.datasets import given_labels
from tl.languages import say
from tl.measures import guesses
from tl.store.home import Home
from tl.store.predictions import Predictions, read_predictions
from tl.strategies import STRATEGIES, TARGET

Stamps = tuple[tuple[Path, int, int], ...]  # an arm's files of answers: where, when last written, bytes


@dataclass(frozen=True, kw_only=True)
class ArmOnTarget:
    """One arm on the target."""

    estimate: AccuracyEstimate | None  # without any label of the target; None where it can't be made
    measured: Interval | None  # where there are labels
    marks: tuple[tuple[Mark, ...], ...]  # of each run
    epochs: tuple[
        tuple[int, int], ...
    ]  # of each run that knows both: the epoch kept, and the one labels would have chosen
    guesses: bool = False  # whether a network of it answers the source's own pictures no better than by chance

    def to_json(self) -> dict[str, Any]:
        """JSON-ready."""
        return fields_as_json(self) | {"epochs": [{"kept": kept, "oracle": oracle} for kept, oracle in self.epochs]}


@dataclass(frozen=True, kw_only=True)
class Findings:
    """What is known of the target."""

    target: str  # as a person calls it
    labelled: bool  # whether the set has labels of its own
    given: int  # pictures that a person has labelled since
    arms: dict[str, ArmOnTarget]
    record: EstimateRecord | None = None  # of such estimates on this machine; None where there is none to show
    widening: Widening | None = None  # of the ranges of arms that were not measured; None: too little is known

    @property
    def tested(self) -> bool:
        """Whether accuracy on the target was measured."""
        return any(own.measured for own in self.arms.values())

    @property
    def estimates(self) -> list[str]:
        """Sentences on accuracy without labels, beside what was measured where that is known."""
        said: list[str] = [] if self.tested else [say(wording.NO_TEST)]
        for name, own in self.arms.items():
            if own.estimate and own.measured:
                said.append(wording.beside_the_truth(title(name), own.estimate, own.measured))
            elif own.estimate:
                said.append(wording.estimated(title(name), own.estimate))
        guess = [name for name, own in self.arms.items() if own.guesses and not own.measured and not own.estimate]
        none = [wording.no_estimate(title(name)) for name in guess]
        if self.record is None:
            return none
        untested = any(own.estimate and not own.measured for own in self.arms.values())
        why = [widening_in_words(self.widening)] if self.widening and untested else []
        return [*said, *none, *filter(None, why), in_words(self.record)]

    @property
    def warnings(self) -> list[str]:
        """Sentences on what went wrong while arms adapted."""
        return [sentence for name, own in self.arms.items() for sentence in collapse_sentences(title(name), own.marks)]

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
        own = fields_as_json(self)
        return own | {"given_labels": own.pop("given"), "text": self.text}


def findings(home: Home, experiment: Experiment, records: Sequence[RunRecord], verdict: Verdict) -> Findings | None:
    """Of the runs so far; None where the experiment has no second data set, or that is gone."""
    name = experiment.target_dataset
    if name is None:
        return None
    try:
        target, classes = datasets.describe(home, name), len(datasets.describe_for(home, experiment).classes)
    except Refused:
        return None
    asked = _asked_of(home, experiment, records)
    kept = record(home) if any(found for found, _ in asked.values()) else None
    widening = kept.widening(experiment.sets) if kept else None
    arms = {}
    for arm in experiment.arms:
        own, (found, guess) = [one for one in records if one.arm == arm.name], asked[arm.name]
        measured = _measured(verdict, arm.name, own)
        arms[arm.name] = ArmOnTarget(
            estimate=widened(found, widening) if found and not measured else found,
            measured=measured,
            marks=tuple(marks(one.metrics, classes) for one in own),
            guesses=guess,
            epochs=tuple(_epochs(own)) if STRATEGIES[arm.strategy].learns_from != TARGET else (),
        )
    return Findings(
        target=target.short_title,
        labelled=target.labelled,
        given=len(given_labels.read(home, name).usable),
        arms=arms,
        record=kept,
        widening=widening,
    )


def _measured(verdict: Verdict, arm: str, records: Sequence[RunRecord]) -> Interval | None:
    """Plain accuracy, which is what is estimated: where balanced accuracy is judged by, without its interval."""
    judged, plain = verdict.summary[arm].test_accuracy, mean(one.test_accuracy for one in records)
    if judged is None or plain is None or verdict.judge_by != BALANCED_ACCURACY:
        return judged
    return Interval(plain, None, None, judged.basis)


def _epochs(records: Sequence[RunRecord]) -> list[tuple[int, int]]:
    results = [record.result for record in records if record.status == "finished"]
    return [(one.best_epoch, one.oracle_epoch) for one in results if one.best_epoch and one.oracle_epoch]


def estimates(home: Home, experiment: Experiment, records: Sequence[RunRecord]) -> dict[str, AccuracyEstimate | None]:
    """Arm -> its accuracy on the target as estimated without labels; None where that can't be said, or the arm learned from
    the target alone."""
    return {arm: found for arm, (found, _) in _asked_of(home, experiment, records).items()}


def _asked_of(
    home: Home, experiment: Experiment, records: Sequence[RunRecord]
) -> dict[str, tuple[AccuracyEstimate | None, bool]]:
    """`estimates`, and whether one of the arm's networks guesses."""
    stamps = {}
    for arm in experiment.arms:
        paths = [home.run(one.run_id).predictions for one in records if (one.arm, one.status) == (arm.name, "finished")]
        learns = STRATEGIES[arm.strategy].learns_from != TARGET
        stamps[arm.name] = _stamps(paths) if learns and all(path.exists() for path in paths) else ()
    return dict(zip(stamps, _estimated(tuple(stamps.values())), strict=True))


def _stamps(paths: Sequence[Path]) -> Stamps:
    return tuple((path, found.st_mtime_ns, found.st_size) for path in paths for found in [path.stat()])


@lru_cache(maxsize=32)
def _estimated(arms: tuple[Stamps, ...]) -> tuple[tuple[AccuracyEstimate | None, bool], ...]:
    """Of each arm's runs, whose answers were as these stamps say: the estimate, and whether one of them guesses."""
    asked = [_asked(stamps) for stamps in arms]
    networks = [[_sure(*pair) for pair in pairs] for pairs in asked]
    apart = max(map(answers_apart, networks), default=0.0)
    return tuple(
        (
            estimate(own, pairs[0][0].group, pairs[0][1].group, apart) if pairs else None,
            any(network.guesses for network in own),
        )
        for own, pairs in zip(networks, asked, strict=True)
    )


def _asked(stamps: Stamps) -> list[tuple[Predictions, Predictions]]:
    """What was answered about the source's validation pictures and about the target; where seeds have splits of their own, by
    those alone that were asked as the first was."""
    kept = [
        (read_predictions(path, "validation"), read_predictions(path, "test", unlabelled=True)) for path, *_ in stamps
    ]
    pairs = [(source, target) for source, target in kept if source is not None and target is not None]
    return [pair for pair in pairs if all(map(same_pictures, zip(pair, pairs[0], strict=True)))]


def _sure(source: Predictions, target: Predictions) -> Sure:
    probabilities = [side.probabilities.astype(np.float64) for side in (source, target)]
    guessed = guesses(source.label, source.right)
    return Sure(source=probabilities[0], source_right=source.right, target=probabilities[1], guesses=guessed)
