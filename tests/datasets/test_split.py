"""Splits and order hold whatever the pictures are: disjoint, complete, balanced in every prefix, decided by content."""

import hashlib

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tl.config import Refused
from tl.datasets.split import TooSmall, order
from tl.store.pictures import SPLITS


def pictures(sizes: list[int], split: str = "", first: int = 0) -> pd.DataFrame:
    """`sizes[label]` different pictures of each class, in a split."""
    rows = [
        (label, hashlib.sha256(f"{split} {label} {number + first}".encode()).hexdigest(), split)
        for label, size in enumerate(sizes)
        for number in range(size)
    ]
    return pd.DataFrame(rows, columns=["label", "sha256", "split"])


def ordered(*parts: pd.DataFrame, classes: int | None = None) -> pd.DataFrame:
    together = pd.concat(parts)
    classes = classes or int(together["label"].max()) + 1
    return order(together, tuple(f"class {number}" for number in range(classes)))


def counts(frame: pd.DataFrame, split: str) -> list[int]:
    return frame.loc[frame["split"] == split, "label"].value_counts().sort_index().tolist()


sizes = st.lists(st.integers(3, 60), min_size=2, max_size=8)


@given(sizes)
def test_a_set_without_splits_is_divided_within_each_class(sizes):
    frame = ordered(pictures(sizes))
    assert sorted(frame["sha256"]) == sorted(pictures(sizes)["sha256"])
    for label, size in enumerate(sizes):
        share = max(1, round(size * 0.15))
        found = frame[frame["label"] == label]["split"].value_counts()
        assert (found["test"], found["validation"], found["train"]) == (share, share, size - 2 * share)


@given(sizes)
def test_rows_lie_in_the_order_of_the_store(sizes):
    places = [SPLITS.index(split) for split in ordered(pictures(sizes))["split"]]
    assert places == sorted(places)


@given(sizes)
def test_every_prefix_is_as_balanced_as_the_classes_allow(sizes):
    train = ordered(pictures(sizes)).query("split == 'train'")
    shares = train["label"].value_counts(normalize=True).sort_index().to_numpy()
    seen = np.zeros(len(sizes))
    assert set(train["label"][: len(sizes)]) == set(range(len(sizes))), "the first hold every class"
    for count, label in enumerate(train["label"], 1):
        seen[label] += 1
        assert (np.abs(seen - shares * count) <= len(sizes) + 1e-9).all()


def test_equal_classes_take_turns():
    train = ordered(pictures([20, 20, 20])).query("split == 'train'")
    assert train["label"].tolist() == [0, 1, 2] * 14


@given(sizes, st.randoms(use_true_random=False))
def test_the_order_depends_on_content_alone(sizes, random):
    frame = pictures(sizes)
    rows = list(range(len(frame)))
    random.shuffle(rows)
    pd.testing.assert_frame_equal(ordered(frame), ordered(frame.iloc[rows]))


@given(sizes)
def test_a_picture_more_moves_few_others(sizes):
    """A set that grows keeps most of its test set: the order is by hash, not by chance or name."""
    before, after = ordered(pictures(sizes)), ordered(pictures([size + 1 for size in sizes]))
    test_before, test_after = (set(frame.query("split == 'test'")["sha256"]) for frame in (before, after))
    assert len(test_before - test_after) <= len(sizes)


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 40)), min_size=1, max_size=120))
def test_equal_pictures_never_lie_in_two_splits(copies):
    base = pictures([5, 5, 5, 5])
    pool = pictures([41])["sha256"]
    extra = pd.DataFrame([(label, pool[number], "") for label, number in copies], columns=base.columns)
    frame = ordered(base, extra)
    assert frame.groupby("sha256")["split"].nunique().max() == 1
    assert len(frame) == 20 + len(copies)
    for split in SPLITS:
        assert len(counts(frame, split)) == 4


def test_train_and_val_make_val_the_test_set_and_take_validation_from_train():
    frame = ordered(pictures([100, 40], "train"), pictures([10, 10], "validation"))
    assert counts(frame, "test") == [10, 10]
    assert counts(frame, "validation") == [15, 6]
    assert counts(frame, "train") == [85, 34]


def test_train_and_test_keep_the_test_set_and_take_validation_from_train():
    frame = ordered(pictures([100, 40], "train"), pictures([10, 10], "test"))
    assert counts(frame, "test") == [10, 10]
    assert counts(frame, "validation") == [15, 6]


def test_three_given_splits_are_used_as_they_are():
    given_rows = [pictures([10, 5], "train"), pictures([2, 1], "validation"), pictures([1, 3], "test")]
    frame = ordered(*given_rows)
    for part in given_rows:
        split = part["split"][0]
        assert set(frame[frame["split"] == split]["sha256"]) == set(part["sha256"])


def test_validation_from_many_pictures_is_limited():
    frame = ordered(pictures([9_000, 9_000, 12_000], "train"), pictures([1, 1, 1], "test"))
    assert counts(frame, "validation") == [750, 750, 1000]


def test_copies_of_a_picture_stay_together_when_validation_is_taken():
    twin = pictures([6, 6], "train")
    frame = ordered(twin, twin, pictures([2, 2], "test"))
    assert frame.query("split != 'test'").groupby("sha256")["split"].nunique().max() == 1


def test_a_class_that_is_missing_in_a_split_stays_missing_there():
    frame = ordered(pictures([7, 7], "train"), pictures([5], "test"))
    assert (counts(frame, "test"), counts(frame, "validation"), counts(frame, "train")) == ([5], [1, 1], [6, 6])


def test_all_classes_that_are_too_small_are_named_at_once():
    with pytest.raises(
        TooSmall, match=r"2 of 3 classes .* 'class 1' \(2\), 'class 2' \(1\); each needs at least 3"
    ) as problem:
        ordered(pictures([5, 2, 1]))
    assert (problem.value.classes, problem.value.least) == (["class 1", "class 2"], 3)


def test_a_class_too_small_is_named():
    with pytest.raises(Refused, match="'class 1' has only 2 different readable pictures; at least 3"):
        ordered(pictures([5, 2]))
    with pytest.raises(Refused, match="'class 1' has only 1 readable picture for training; at least 2"):
        ordered(pictures([5, 1], "train"), pictures([5, 1], "test"))
