"""Which classes a source and a target have in common, and what is said of the others."""

import numpy as np
import pytest

from tl.config import Refused
from tl.datasets.info import DatasetInfo
from tl.datasets.matching import match, matched, unmatched


def info(name: str, *classes: str) -> DatasetInfo:
    about = {"origin": "upload", "train": 9, "validation": 3, "test": 3, "native_resolution": 64}
    return DatasetInfo(name=name, title=name, classes=classes, labelled=bool(classes), **about)


def test_classes_are_matched_by_name_in_the_sources_order():
    found = match(("dog", "guitar", "House cat", "person"), ("house_cat", "DOG", "horse", "person"))
    assert found.classes == ("dog", "House cat", "person")
    assert (found.only_source, found.only_target) == (("guitar",), ("horse",))
    assert found.of_source(np.array([0, 1, 2, 3])).tolist() == [0, -1, 1, 2]
    assert found.of_target(np.array([0, 1, 2, 3, -1])).tolist() == [1, 0, -1, 2, -1]


def test_two_spellings_on_one_side_are_two_classes():
    found = match(("a-b", "a b"), ("a b", "A_B", "c"))
    assert found.classes == ("a b",)
    assert found.only_target == ("A_B", "c")


def test_an_unlabelled_target_is_taken_to_have_the_sources_classes():
    found = match(("dog", "cat"), ())
    assert found.classes == ("dog", "cat")
    assert found.whole
    assert found.of_target(np.array([-1, -1])).tolist() == [-1, -1]


def test_what_only_one_side_has_is_asked_about_and_left_out_when_told():
    photos, sketches = info("photos", "cat", "dog", "guitar"), info("sketches", "cat", "dog", "horse")
    sentence = "Only photos has 'guitar'; only sketches has 'horse'"
    with pytest.raises(Refused, match=sentence):
        matched(photos, sketches)
    found = matched(photos, sketches, leave_out_unmatched=True)
    assert found.classes == ("cat", "dog")
    assert unmatched(photos, sketches, found) == sentence


@pytest.mark.parametrize(
    ("source", "target", "sentence"),
    [
        (info("photos", "cat", "dog"), info("photos", "cat", "dog"), "can't be its own target"),
        (info("photos", "cat", "dog"), info("x", "cat", "Hund"), "only the class 'cat' in common"),
        (info("photos", "cat", "dog"), info("x", "Katze", "Hund"), "no class in common"),
        (info("loose"), info("x", "cat", "dog"), "loose have no labels"),
    ],
)
def test_what_no_comparison_can_be_made_of_is_refused(source: DatasetInfo, target: DatasetInfo, sentence: str):
    with pytest.raises(Refused, match=sentence):
        matched(source, target, leave_out_unmatched=True)


def test_a_set_without_classes_has_to_say_that_it_has_no_labels():
    document = info("photos", "cat", "dog").to_json()
    assert DatasetInfo.from_json(info("loose").to_json()).classes == ()
    for wrong in ({"classes": []}, {"labelled": False}):
        with pytest.raises(ValueError, match="classes"):
            DatasetInfo.from_json(document | wrong)
