"""Single pictures to look at: the largest that are ready, only those that runs saw, damaged ones by name."""

import numpy as np
import pytest

from tests.datasets.crafted import ingest, pictures, zipped
from tl import datasets
from tl.config import Refused
from tl.datasets.stored_pictures import pictures_at
from tl.store.home import Home
from tl.store.pictures import pixels_path


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    """A home with a small set, and what is known of it."""
    folder = tmp_path_factory.mktemp("kept")
    home = Home(folder / "home")
    files = {file: data for name in ("daisy", "tulip") for file, data in pictures(name).items()}
    return home, ingest(home, zipped(folder / "x.zip", files), "mine")


def labels(home: Home, info) -> np.ndarray:
    return datasets.prepare(home, info.name, 64).labels


def test_pictures_are_the_rows_that_runs_name(kept):
    home, info = kept
    store = datasets.prepare(home, info.name, 64)
    test = store.pictures_of("test")
    found = pictures_at(home, info, test.tolist(), store.labels_of("test").tolist(), [64])
    for each, pixels in zip(found, store.pixels("test"), strict=True):
        assert np.array_equal(each.pixels, pixels)
        assert each.name and "/" not in each.name


def test_a_picture_of_another_class_or_place_is_not_shown_but_named(kept):
    home, info = kept
    own = labels(home, info)
    wrong, beyond, known = pictures_at(home, info, [0, 10_000, 1], [int(1 - own[0]), 0, int(own[1])], [64])
    assert wrong.pixels is None and wrong.name
    assert beyond.pixels is None and beyond.name == "picture 10001"
    assert known.pixels is not None


def test_pictures_that_are_ready_nowhere_are_not_shown(kept, tmp_path):
    home, info = kept
    own = labels(home, info)
    path = pixels_path(home.dataset_dir(info.name), min(64, info.native_resolution))
    data = path.read_bytes()
    path.write_bytes(data[:100])
    try:
        assert pictures_at(home, info, [0], [int(own[0])], [64])[0].pixels is None
    finally:
        path.write_bytes(data)


def test_a_damaged_index_is_one_sentence(kept):
    home, info = kept
    index = home.dataset_dir(info.name) / "index.parquet"
    data = index.read_bytes()
    index.write_bytes(b"PAR1 nothing PAR1")
    try:
        with pytest.raises(Refused, match="can't be read"):
            pictures_at(home, info, [0], [0], [64])
    finally:
        index.write_bytes(data)


def test_of_drawn_pictures_only_what_a_run_has_drawn(tmp_path):
    home = Home(tmp_path)
    [found] = pictures_at(home, datasets.describe(home, "blossoms"), [0], [0], [64])
    assert found.pixels is None and found.name == "picture 1"
