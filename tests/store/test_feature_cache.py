"""The cache of features: what is kept comes back, what is damaged counts as absent, old files go."""

import os
from dataclasses import replace

import numpy as np
import pytest

from tl.store import features as module
from tl.store.features import FeatureKey, Features, fingerprint, read_features, write_features
from tl.store.home import Home

KEY = FeatureKey(
    dataset="stripes",
    fingerprint="f" * 16,
    samples=3,
    resolution=64,
    backbone="resnet18",
    weights="imagenet",
    weights_hash="f37072fd",
)
FOUND = Features(np.arange(6, dtype=np.float32).reshape(3, 2), np.array([0, 1, 0]), None)


def test_what_is_kept_comes_back(tmp_path):
    home = Home(tmp_path)
    assert read_features(home, KEY) is None
    with_head = Features(FOUND.features, FOUND.labels, np.full((3, 4), 0.25, np.float32))
    for found in (FOUND, with_head):
        write_features(home, KEY, found)
        again = read_features(home, KEY)
        np.testing.assert_array_equal(again.features, found.features)
        np.testing.assert_array_equal(again.labels, found.labels)
        assert (again.source_probabilities is None) is (found.source_probabilities is None)


@pytest.mark.parametrize("name", list(FeatureKey.__dataclass_fields__))
def test_everything_features_depend_on_names_another_file(name):
    changed = 7 if isinstance(getattr(KEY, name), int) else "other"
    assert replace(KEY, **{name: changed}).digest != KEY.digest


def test_features_of_training_pictures_keep_the_name_that_their_scores_have():
    assert KEY.digest == "7a1e7e9024d8aa3f9b719fa9"


@pytest.mark.parametrize("damage", [b"", b"PK\x03\x04 half a zip", b"\x00" * 300])
def test_a_damaged_file_counts_as_absent(tmp_path, damage):
    home = Home(tmp_path)
    write_features(home, KEY, FOUND)
    KEY.path(home).write_bytes(damage)
    assert read_features(home, KEY) is None


def test_the_oldest_go_when_there_are_too_many(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "MAX_FILES", 2)
    home = Home(tmp_path)
    keys = [replace(KEY, samples=number) for number in (1, 2, 3)]
    for age, key in enumerate(keys):
        write_features(home, key, FOUND)
        os.utime(key.path(home), (1000 + age, 1000 + age))
    assert [read_features(home, key) is not None for key in keys] == [False, True, True]


def test_hosted_the_oldest_go_when_they_are_too_large_and_the_newest_stays(tmp_path, monkeypatch):
    monkeypatch.setenv("TL_HOSTED", "1")
    monkeypatch.setenv("TL_LIMIT_DISK_MEGABYTES", "100")
    home = Home(tmp_path)
    keys = [replace(KEY, samples=number) for number in range(1, 6)]
    for age, (key, megabytes) in enumerate(zip(keys, (4, 4, 4, 4, 12), strict=True)):
        write_features(home, key, Features(np.zeros(megabytes * 10**6 // 4, np.float32), FOUND.labels, None))
        os.utime(key.path(home), (1000 + age, 1000 + age))
        kept = [read_features(home, key) is not None for key in keys]
        assert kept == [[1, 0, 0, 0, 0], [1, 1, 0, 0, 0], [0, 1, 1, 0, 0], [0, 0, 1, 1, 0], [0, 0, 0, 0, 1]][age]


def test_other_pictures_under_the_same_name_are_other_pictures(tmp_path):
    home = Home(tmp_path)
    assert fingerprint(home, "mine") == ""
    folder = home.dataset_dir("mine")
    folder.mkdir(parents=True)
    (folder / "index.parquet").write_bytes(b"one")
    first = fingerprint(home, "mine")
    (folder / "index.parquet").write_bytes(b"two")
    assert first != fingerprint(home, "mine")
    assert len(first) == 16
