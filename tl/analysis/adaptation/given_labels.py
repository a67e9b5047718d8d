"""What networks answered on pictures without labels, joined with the labels that a person has given some of them since."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import msgspec
import numpy as np

from tl import datasets
from tl.analysis.guessing import Pictures
from tl.analysis.records import RunRecord
from tl.config import Experiment, Refused
from tl.datasets import given_labels
from tl.measures import MEASURES
from tl.store.home import Home
from tl.store.predictions import Answers, Predictions, read_predictions


def with_given(home: Home, experiment: Experiment, records: Sequence[RunRecord]) -> list[RunRecord]:
    """The runs as tested on the pictures that have been labelled: nothing is trained or asked again.

    As they are where there is no target, where it has labels of its own, and where nobody has labelled any.
    """
    known = known_labels(home, experiment)
    if known is None:
        return list(records)
    return [_tested(home, record, *known) for record in records]


def known_labels(home: Home, experiment: Experiment) -> tuple[dict[int, int], int] | None:
    """What a person has said of the target's pictures, place -> class number, and how many classes there are.

    None where there is no target, where it has labels of its own or is gone, and where nobody has labelled any.
    """
    name = experiment.target_dataset
    given = given_labels.read(home, name).usable if name is not None else {}
    if not given:
        return None
    try:
        classes = datasets.describe_for(home, experiment).classes
    except Refused:  # deleted, or changed since
        return None
    numbers = {label: number for number, label in enumerate(classes)}
    return {place: numbers[label] for place, label in given.items() if label in numbers}, len(classes)


def with_labels(path: Path, known: Mapping[int, int], classes: int) -> Predictions | None:
    """What a run answered on those of its test pictures whose class is `known`; None where there are none, where they
    have labels of their own and where nothing sound of these classes was kept."""
    told = read_predictions(path, "test", unlabelled=True)
    if told is None or told.labelled or told.probabilities.shape[1] != classes:
        return None
    rows = np.flatnonzero(np.isin(told.picture, list(known)))
    if not len(rows):
        return None
    label = np.array([known[place] for place in told.picture[rows].tolist()], np.int64)
    kept = {name: getattr(told, name)[rows] for name in ("picture", "predicted", "group", "probabilities")}
    return Predictions(label=label, **kept)


def _tested(home: Home, record: RunRecord, known: dict[int, int], classes: int) -> RunRecord:
    files = home.run(record.run_id)
    if record.status != "finished" or record.answers is not None or files.imported.exists():
        return record
    told = with_labels(files.predictions, known, classes)
    if told is None:
        return record
    answers = Answers(picture=told.picture, label=told.label, predicted=told.predicted, group=told.group)
    figures = {f"test_{name}": measure(told.label, told.predicted, classes) for name, measure in MEASURES.items()}
    result = msgspec.structs.replace(record.result, **figures, test_images=len(told.label))
    return replace(record, answers=answers, result=result)


def labelled_pictures(records: Sequence[RunRecord], classes: int) -> Pictures | None:
    """The labelled ones by class, as the first run that was asked about them has them; None where there is none."""
    found = next((record.answers for record in records if record.answers is not None), None)
    if found is None:
        return None
    return Pictures(tuple(float(number) for number in np.bincount(found.label, minlength=classes)))
