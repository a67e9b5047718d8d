"""Classes left out, merged, renamed and made smaller: of an upload, and as a new data set of one that is here."""

import numpy as np
import pytest
from crafted import ingest, pictures, traces, two_classes, zipped

from tl.config import Refused
from tl.datasets import Edits, derive, describe, prepare


@pytest.fixture
def flowers(home, tmp_path):
    """Three classes with a test set of their own, as the data set x."""
    files = two_classes("train/", 8) | pictures("train/lily", 8) | two_classes("test/", 4) | pictures("test/lily", 4)
    ingest(home, zipped(tmp_path / "x.zip", files), "x")
    return home


def test_merged_classes_are_one_and_the_new_set_knows_where_it_is_from(flowers):
    info = derive(flowers, "x", "y", Edits(renames={"rose": "flower", "tulip": "flower"}))
    assert info.classes == ("flower", "lily") and info.counts["flower"]["test"] == 8
    assert (info.derived_from, info.changes) == ("x", ("'rose' and 'tulip' merged into 'flower'",))
    assert describe(flowers, "y") == info and describe(flowers, "x").classes == ("lily", "rose", "tulip")


def test_the_pictures_of_a_derived_set_are_those_of_its_source(flowers):
    derive(flowers, "x", "y", Edits(leave_out=("lily",), renames={"rose": "r"}))
    old, new = prepare(flowers, "x", 16), prepare(flowers, "y", 16)
    kept = {pixels.tobytes() for pixels, label in zip(old.pixels("test"), old.labels_of("test"), strict=True) if label}
    assert {pixels.tobytes() for pixels in new.pixels("test")} == kept and new.classes == ("r", "tulip")
    assert np.bincount(new.labels_of("test")).tolist() == [4, 4]


def test_classes_are_made_smaller_evenly_over_the_splits(flowers):
    info = derive(flowers, "x", "y", Edits(at_most=6))
    assert {sum(own.values()) for own in info.counts.values()} == {6} and info.test == 6
    assert info.left_out == {"more than were wanted of a class": info.left_out["more than were wanted of a class"]}


@pytest.mark.parametrize(
    ("edits", "says"),
    [
        ({"leave_out": ("daisy",)}, "There is no class 'daisy'; the classes are 'lily', 'rose', 'tulip'"),
        ({"leave_out": ("lily", "rose")}, "leaves 1 class of 3; at least two"),
        ({"renames": {"rose": "Tulip"}}, "same name for many computers"),
        ({"at_most": 2}, "at most is 2; it must be at least 3"),
        ({}, "There is nothing to change"),
    ],
)
def test_what_can_not_be_made_is_one_sentence_and_leaves_nothing(flowers, edits, says):
    before = made(flowers)
    with pytest.raises(Refused, match=says):
        derive(flowers, "x", "y", Edits(**edits))
    assert made(flowers) == before


def made(home) -> list[str]:
    return [name for name in traces(home.path) if not name.endswith(".lock")]
