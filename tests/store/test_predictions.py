"""predictions.parquet: what was written comes back; what is damaged, or can't be, is not there at all."""

import os
import random
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from tl.store.files import write_parquet
from tl.store.predictions import ALONE, UNLABELLED, Predictions, read_answers, read_predictions, write_predictions

DAMAGES = int(os.environ.get("DAMAGES", "20")) * 10


def answers(pictures: int, first: int = 0, classes: int = 3) -> Predictions:
    """Random answers on so many pictures."""
    rng = np.random.default_rng([pictures, first])
    shares = rng.dirichlet(np.ones(classes), pictures).astype(np.float16)
    return Predictions(
        picture=np.arange(first, first + pictures),
        label=rng.integers(0, classes, pictures),
        predicted=shares.argmax(1),
        probabilities=shares,
        group=rng.integers(ALONE, 3, pictures),
    )


def same(first: Predictions, second: Predictions | None) -> bool:
    names = ("picture", "label", "predicted", "probabilities", "group")
    return second is not None and all(
        np.array_equal(getattr(first, name), getattr(second, name))
        and getattr(first, name).dtype == getattr(second, name).dtype
        for name in names
    )


@pytest.fixture
def path(tmp_path):
    return tmp_path / "predictions.parquet"


def test_what_is_written_comes_back_split_by_split(path):
    found = {"test": answers(40), "validation": answers(20, 40)}
    write_predictions(path, found)
    assert same(found["test"], read_predictions(path, "test"))
    assert same(found["validation"], read_predictions(path, "validation"))
    assert read_predictions(path, "train") is None
    assert [each.name for each in path.parent.iterdir()] == [path.name]
    frame = pd.read_parquet(path)
    assert list(frame.columns) == ["split", "picture", "label", "predicted", "probabilities", "group"]
    assert frame["group"].isna().sum() == sum((each.group == ALONE).sum() for each in found.values())
    assert frame["probabilities"][0].dtype == np.float16


def test_many_classes_and_many_pictures_take_two_bytes_each(path):
    write_predictions(path, {"test": answers(3_000, classes=102)})
    assert path.stat().st_size < 3_000 * 102 * 2 + 3_000 * 24
    assert read_predictions(path, "test").probabilities.shape == (3_000, 102)


def test_right_is_where_the_answer_is_the_label():
    found = answers(30)
    assert found.right.tolist() == [a == b for a, b in zip(found.label, found.predicted)]


def test_nothing_there_is_none(path):
    assert read_predictions(path, "test") is None
    path.write_bytes(b"PAR1 no table PAR1")
    assert read_predictions(path, "test") is None


def test_damaged_predictions_are_whole_or_none(path):
    whole = answers(50)
    write_predictions(path, {"test": whole})
    data, chance, none = path.read_bytes(), random.Random(1), 0
    for case in range(DAMAGES):
        damaged = bytearray(data)
        if case % 4:
            place = chance.randrange(len(data) * 8)
            damaged[place // 8] ^= 1 << place % 8
        else:
            del damaged[chance.randrange(len(data)) :]
        path.write_bytes(damaged)
        found = read_predictions(path, "test")
        none += found is None
        assert found is None or same(whole, found)
    assert none > DAMAGES / 3


@pytest.mark.parametrize(
    "changes",
    [
        {"label": np.array([0, 1, 3])},
        {"label": np.array([0, 1, -1])},
        {"predicted": np.array([0, 9, 0])},
        {"probabilities": np.array([[0.5, np.nan, 0.5]] * 3, np.float16)},
        {"probabilities": np.array([[0.5, 1.5, 0.5]] * 3, np.float16)},
        {"picture": np.array([1, 1, 2])},
        {"picture": np.array([-1, 1, 2])},
        {"group": np.array([-2, 1, 1])},
    ],
    ids=str,
)
def test_numbers_that_can_t_be_are_damage(path, changes):
    write_predictions(path, {"test": answers(3)})
    assert read_predictions(path, "test") is not None
    write_predictions(path, {"test": replace(answers(3), **changes)})
    assert read_predictions(path, "test") is None


def test_answers_on_pictures_without_labels_are_for_who_asks_for_them(path):
    unlabelled = replace(answers(3), label=np.full(3, UNLABELLED))
    write_predictions(path, {"test": unlabelled})
    assert read_predictions(path, "test") is None and read_answers(path, "test") is None
    found = read_predictions(path, "test", unlabelled=True)
    assert found is not None and not found.labelled and not found.right.any()
    assert np.array_equal(found.probabilities, unlabelled.probabilities)
    write_predictions(path, {"test": replace(answers(3), label=np.array([-1, 1, -1]))})
    assert read_predictions(path, "test", unlabelled=True) is None


def test_other_types_and_columns_are_damage(path):
    write_predictions(path, {"test": answers(3)})
    frame = pd.read_parquet(path)
    write_parquet(path, frame)  # lists of any length
    assert read_predictions(path, "test") is None
    write_parquet(path, frame.drop(columns="label"))
    assert read_predictions(path, "test") is None


@pytest.mark.parametrize("wrong", [{}, {"label": np.array([0, 1, 3])}, {"picture": np.array([1, 1, 2])}], ids=str)
def test_answers_are_read_without_their_probabilities_and_checked_as_well(path, wrong):
    whole = answers(3)
    write_predictions(path, {"test": replace(whole, **wrong)})
    found = read_answers(path, "test")
    assert (found is None) == bool(wrong)
    if found is not None:
        assert all((getattr(found, name) == getattr(whole, name)).all() for name in vars(found))
    assert read_answers(path, "validation") is None
