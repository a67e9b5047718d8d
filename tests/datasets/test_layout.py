"""Folder names as people write them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tl.datasets.layout import arrange, is_junk, label, natural, split_of

SPELLINGS = {
    "train": ["train", "Train", "TRAINING", "train_set", "seg_train", "train-images", "Training Data", "trainset"],
    "validation": ["val", "valid", "Validation", "dev", "val_images", "VALID"],
    "test": ["test", "Testing", "test_set", "seg_test", "TEST-images"],
    None: ["training_test", "trainer", "value", "attest", "rose", "", "evaluation", "strain"],
}


@pytest.mark.parametrize(("split", "folder"), [(split, name) for split, names in SPELLINGS.items() for name in names])
def test_folder_names_tell_the_split(split, folder):
    assert split_of(folder) == split


@pytest.mark.parametrize(
    "name", ["__MACOSX/a/b.jpg", "a/._b.jpg", ".DS_Store", "a/Thumbs.db", "a/DESKTOP.INI", ".git/x", "a/.cache/b.jpg"]
)
def test_what_systems_leave_behind_is_junk(name):
    assert is_junk(name)


@pytest.mark.parametrize("name", ["a/b.jpg", "thumbs/1.jpg", "a/thumbs.db.jpg", "MACOSX/1.jpg", "./a/1.jpg"])
def test_what_people_made_is_not(name):
    assert not is_junk(name)


@given(st.text(max_size=200))
def test_labels_can_be_shown(text):
    shown = label(text)
    assert 1 <= len(shown) <= 80
    assert shown.isprintable()
    assert label(shown) == shown


@given(st.lists(st.text()))
def test_any_texts_can_be_sorted(texts):
    assert sorted(texts, key=natural) == sorted(reversed(texts), key=natural)


def test_pictures_deeper_in_a_class_folder_belong_to_the_class():
    names = ["set/rose/1.jpg", "set/rose/2019/june/2.jpg", "set/tulip/1.jpg", "set/loose.jpg"]
    assert arrange(names) == [("", "rose"), ("", "rose"), ("", "tulip"), None]


def test_wrapping_folders_inside_splits_are_taken_off():
    names = ["d/train/images/rose/1.jpg", "d/train/images/tulip/1.jpg", "d/test/rose/1.jpg", "d/test/tulip/1.jpg"]
    assert arrange(names) == [("train", "rose"), ("train", "tulip"), ("test", "rose"), ("test", "tulip")]


def test_empty_and_dot_parts_of_a_path_mean_nothing():
    assert arrange(["./set//rose/1.jpg", "set/./tulip/1.jpg"]) == [("", "rose"), ("", "tulip")]
