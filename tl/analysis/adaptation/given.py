"""What networks answered on pictures without labels, joined with the labels that a person has given some of them since."""

from collections.abc import Sequence
from dataclasses import replace

import msgspec
import numpy as np

from tl import datasets
from tl.analysis.guessing import Pictures
from tl.analysis.records import RunRecord
from tl.config import Experiment, Refused
from tl.datasets import given_labels
from tl.measures import balanced_accuracy, macro_f1
from tl.store.documents import Result
from tl.store.home import Home
from tl.store.predictions import Answers, read_predictions


def with_given(home: Home, experiment: Experiment, records: Sequence[RunRecord]) -> list[RunRecord]:
    """The runs as tested on the pictures that have been labelled: nothing is trained or asked again.

    As they are where there is no target, where it has labels of its own, and where nobody has labelled any.
    """
    name = experiment.target_dataset
    if name is None:
        return list(records)
    given = given_labels.read(home, name).usable
    if not given:
        return list(records)
    try:
        classes = datasets.describe_for(home, experiment).classes
    except Refused:  # deleted, or changed since
        return list(records)
    numbers = {label: number for number, label in enumerate(classes)}
    known = {place: numbers[label] for place, label in given.items() if label in numbers}
    return [_tested(home, record, known, len(classes)) for record in records]


def _tested(home: Home, record: RunRecord, known: dict[int, int], classes: int) -> RunRecord:
    files = home.run(record.run_id)
    if record.status != "finished" or record.answers is not None or files.imported.exists():
        return record
    told = read_predictions(files.predictions, "test", unlabelled=True)
    if told is None or told.labelled or told.probabilities.shape[1] != classes:
        return record
    rows = np.flatnonzero(np.isin(told.picture, list(known)))
    if not len(rows):
        return record
    label = np.array([known[place] for place in told.picture[rows].tolist()], np.int64)
    answers = Answers(picture=told.picture[rows], label=label, predicted=told.predicted[rows], group=told.group[rows])
    figures = {
        "test_accuracy": float(answers.right.mean()),
        "test_balanced_accuracy": balanced_accuracy(label, answers.predicted, classes),
        "test_macro_f1": macro_f1(label, answers.predicted, classes),
        "test_images": len(label),
    }
    result = msgspec.structs.replace(record.result or Result(), **figures)
    return replace(record, answers=answers, result=result)


def labelled_pictures(records: Sequence[RunRecord], classes: int) -> Pictures | None:
    """The labelled ones by class, as the first run that was asked about them has them; None where there is none."""
    found = next((record.answers for record in records if record.answers is not None), None)
    if found is None:
        return None
    return Pictures(tuple(float(number) for number in np.bincount(found.label, minlength=classes)))
