"""A new split for every seed: the same for whoever asks, a view of the one store, refused where a test set was given."""

import json

import numpy as np
import pandas as pd
import pytest
from crafted import ingest, pictures, two_classes, zipped
from hypothesis import given
from hypothesis import strategies as st

from tl import jobs
from tl.config import ArmConfig, Experiment, Refused
from tl.datasets import check_resplit, describe, drawn_here, prepare, resplits_by_itself
from tl.jobs import queue
from tl.store.files import read_json, read_parquet, write_json, write_parquet
from tl.store.pictures import SPLITS
from tl.store.redrawn import Selected


@pytest.fixture
def x(home, tmp_path):
    """Two classes without splits."""
    files = pictures("rose", 40, size=(40, 40)) | pictures("tulip", 20, size=(40, 40))
    ingest(home, zipped(tmp_path / "x.zip", files), "x")
    return home


@pytest.fixture
def given_test(home, tmp_path):
    ingest(home, zipped(tmp_path / "y.zip", two_classes("train/", 8) | two_classes("test/", 3)), "y")
    return home


def drawn(home, seed: int, **about):
    return prepare(home, "x", **{"resolution": 32, "seed": seed, "resplit": True} | about)


def test_a_seeds_pictures_are_those_of_the_store_in_other_splits(x):
    whole = prepare(x, "x", 32)
    pixels = np.concatenate([whole.pixels(split) for split in SPLITS])
    store = drawn(x, 3)
    assert store.sizes == whole.sizes and store.classes == whole.classes
    rows = np.concatenate([store.pictures_of(split) for split in SPLITS])
    assert sorted(rows) == list(range(60)) and rows.tolist() != list(range(60))
    for split in SPLITS:
        assert (store.pixels(split)[:] == pixels[store.pictures_of(split)]).all()
        assert (store.labels_of(split) == whole.labels[store.pictures_of(split)]).all()
        assert (store.groups_of(split) == -1).all() and len(store.groups_of(split)) == store.sizes[split]
        assert (whole.pictures_of(split) == np.arange(60)[whole.rows(split)]).all()
    assert (store.pictures_of("train", 10) == store.pictures_of("train")[:10]).all()
    assert len(store.pixels("train", 10)) == len(store.labels_of("train", 10)) == 10


def test_who_asks_how_and_when_does_not_matter(x):
    first = drawn(x, 1, samples=6)
    assert first.ready == 60, "all pictures are ready, whatever the sample"
    again = drawn(x, 1, resolution=16)
    assert all((first.pictures_of(split) == again.pictures_of(split)).all() for split in SPLITS)
    others = [drawn(x, seed) for seed in range(2, 5)]
    tests = {tuple(sorted(store.pictures_of("test"))) for store in (first, *others)}
    assert len(tests) == 4


def test_groups_stay_together_and_their_numbers_are_kept(home, tmp_path):
    files = {
        f"{n}/{p}_{s}.png": d for n in ("a", "b") for p in range(10) for s, d in enumerate(pictures(f"{n}{p}").values())
    }
    ingest(home, zipped(tmp_path / "x.zip", files), "x", group=r"^\d+")
    index = read_parquet(home.dataset_dir("x") / "index.parquet")
    for seed in range(4):
        store = drawn(home, seed, resolution=16)
        groups = [set(store.groups_of(split)) for split in SPLITS]
        assert not groups[0] & groups[1] and not groups[0] & groups[2] and not groups[1] & groups[2]
        for split in SPLITS:
            assert (store.groups_of(split) == index["group"].to_numpy()[store.pictures_of(split)]).all()


def test_pictures_that_are_not_ready_are_not_given(x):
    store = drawn(x, 1)
    write_json(store.path.with_suffix(".json"), {"ready": 59})
    with pytest.raises(ValueError, match="holds 59 of 60 pictures"):
        store.pixels("test")


def test_without_a_seed_nothing_is_drawn(x):
    with pytest.raises(ValueError, match="seed is None"):
        prepare(x, "x", 32, resplit=True)


indices = st.one_of(
    st.slices(9),
    st.lists(st.integers(-9, 8), max_size=12).map(lambda rows: np.array(rows, np.int64)),
    st.integers(-9, 8),
    st.tuples(st.slices(9), st.slices(4)),
    st.tuples(st.integers(-9, 8), st.integers(0, 3)),
)


@given(indices, st.permutations(range(12)).map(lambda rows: np.array(rows[:9])))
def test_selected_rows_are_indexed_as_an_array_of_them(key, rows):
    pixels = np.arange(12 * 4 * 4 * 3, dtype=np.uint8).reshape(12, 4, 4, 3)
    view, copied = Selected(pixels, rows), pixels[rows]
    assert (view[key] == copied[key]).all() and view[key].shape == copied[key].shape
    assert (len(view), view.shape, view.dtype, view.ndim) == (9, copied.shape, copied.dtype, 4)
    assert (np.asarray(view) == copied).all() and np.array(view, np.float32).dtype == np.float32


def experiment(dataset: str, **about) -> Experiment:
    return Experiment(dataset=dataset, arms=(ArmConfig(name="scratch", strategy="scratch"),), resolution=32, **about)


def test_small_sets_of_ones_own_are_drawn_anew_and_others_are_not(x, given_test, monkeypatch):
    def resplit(dataset: str, **about):
        return queue.resolved(x, experiment(dataset, **about)).resplit

    assert resplit("x") is True and resplit("x", resplit=False) is False and resplit("x", samples=10) is True
    assert resplit("y") is False and resplit("blossoms", samples=100) is False and resplit("cifar10") is False
    monkeypatch.setattr("tl.datasets.preparing.RESPLIT_BELOW", 60)
    assert resplit("x") is False and resplit("x", resplit=True) is True


@pytest.mark.parametrize("name", ["y", "blossoms", "cifar10", "flowers102"])
def test_a_given_test_set_stays_the_test_set(given_test, name):
    with pytest.raises(Refused, match="The test set of .* stays the test set; leave out the new split") as refusal:
        jobs.submit(given_test, experiment(name, resplit=True))
    assert describe(given_test, name).title in str(refusal.value) and not jobs.list_runs(given_test)
    if name == "y":
        with pytest.raises(Refused, match="stays the test set"):
            prepare(given_test, "y", 16, seed=1, resplit=True)


def made_earlier(home, name: str) -> None:
    """As versions before this one left a data set: no groups, nothing on who divided it."""
    folder = home.dataset_dir(name)
    write_parquet(folder / "index.parquet", read_parquet(folder / "index.parquet").drop(columns="group"))
    document = read_json(folder / "dataset.json")
    for field in ("splits", "groups", "grouped", "grouped_by", "crowded"):
        del document[field]
    write_json(folder / "dataset.json", document)


def test_of_a_set_made_earlier_it_is_found_out_who_divided_it(x, given_test):
    for name in ("x", "y"):
        made_earlier(x, name)
        assert describe(x, name).splits == ""
    assert drawn_here(x, describe(x, "x")) and resplits_by_itself(x, describe(x, "x"))
    assert not drawn_here(x, describe(x, "y"))
    check_resplit(x, describe(x, "x"))
    store = drawn(x, 2)
    assert (store.groups_of("train") == -1).all() and (prepare(x, "x", 32).groups_of("test") == -1).all()


def test_groups_that_are_no_numbers_are_damage(x):
    path = x.dataset_dir("x") / "index.parquet"
    sound = read_parquet(path)
    write_parquet(path, sound.assign(group=sound["group"].astype(float)))
    with pytest.raises(Refused, match="is damaged"):
        prepare(x, "x", 32)


@pytest.mark.parametrize(
    ("field", "value"), [("splits", "mine"), ("splits", []), ("groups", -1), ("crowded", {"a": "b"})]
)
def test_a_description_of_other_kinds_is_damage(x, field, value):
    path = x.dataset_dir("x") / "dataset.json"
    path.write_text(json.dumps(read_json(path) | {field: value}))
    with pytest.raises(Refused, match="is damaged"):
        describe(x, "x")


def test_a_sweeps_smaller_sizes_are_part_of_larger_ones_within_a_seed(x):
    for seed in range(3):
        small, large = (drawn(x, seed, samples=samples) for samples in (10, 30))
        assert set(small.pictures_of("train", 10)) <= set(large.pictures_of("train", 30))
        assert set(pd.Series(small.labels_of("train", 2))) == {0, 1}
