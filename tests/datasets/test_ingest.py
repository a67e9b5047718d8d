"""What comes in: layouts, splits, counts, and how a data set is listed afterwards."""

from pathlib import Path

import pandas as pd
import pytest
from crafted import entries_of, entry, forged, ingest, picture, pictures, two_classes, zipped

from tl.config import Refused
from tl.datasets import BUILT_IN, describe, list_datasets, prepare

PHOTOS = Path(__file__).resolve().parents[3] / "shared" / "data" / "flower-photos.zip"
SPLIT_LAYOUTS = {
    "flat": {"": 20},
    "wrapped twice": {"some/where/": 20},
    "beside a read-me": {"flowers/": 20},
    "all three": {"train/": 8, "val/": 3, "test/": 4},
    "other words": {"data/Training/": 8, "data/Validation/": 3, "data/TEST/": 4},
    "valid": {"x/train/": 8, "x/valid/": 3, "x/test/": 4},
    "with a prefix": {"seg_train/seg_train/": 8, "seg_val/seg_val/": 3, "seg_test/seg_test/": 4},
    "train and val": {"train/": 20, "val/": 4},
    "train and test": {"train/": 20, "test/": 4},
    "only train": {"train/": 20},
}
EXPECTED = {3: (8, 3, 4), 2: (17, 3, 4), 1: (14, 3, 3)}  # number of splits given -> train, validation, test per class


@pytest.mark.parametrize("case", SPLIT_LAYOUTS)
def test_usual_layouts_are_recognised(home, tmp_path, case):
    files = {}
    for prefix, count in SPLIT_LAYOUTS[case].items():
        files |= two_classes(prefix, count)
    if case == "beside a read-me":
        files |= {"README.md": b"hello", "flowers/LICENCE.txt": b"free", "flowers/loose.png": picture(7)}
    info = ingest(home, zipped(tmp_path / "x.zip", files), "x")
    counts = dict(zip(("train", "validation", "test"), EXPECTED[len(SPLIT_LAYOUTS[case])], strict=True))
    assert info.classes == ("rose", "tulip")
    assert info.counts == {"rose": counts, "tulip": counts}
    assert (info.train, info.validation, info.test) == tuple(2 * count for count in counts.values())


def test_given_splits_keep_their_pictures(home, tmp_path):
    files = two_classes("train/", 8) | two_classes("val/", 3) | two_classes("test/", 4)
    ingest(home, zipped(tmp_path / "x.zip", files), "x")
    index = index_of(home)
    assert all(row["name"].startswith(row["split"][:3]) for _, row in index.iterrows())


def test_splits_inside_the_class_folders_are_used(home, tmp_path):
    files = {}
    for name in ("rose", "tulip"):
        files |= pictures(f"{name}/train", 10) | pictures(f"{name}/test", 4)
    info = ingest(home, zipped(tmp_path / "x.zip", files), "x")
    assert (info.train, info.validation, info.test) == (18, 2, 8)
    assert info.classes == ("rose", "tulip")


def test_classes_called_like_splits_stay_classes(home, tmp_path):
    info = ingest(home, zipped(tmp_path / "x.zip", pictures("train") | pictures("plane") | pictures("bus stop/1")), "x")
    assert info.classes == ("bus stop", "plane", "train")


def test_test_pictures_without_classes_are_left_out(home, tmp_path):
    info = ingest(home, zipped(tmp_path / "x.zip", two_classes("train/", 20) | pictures("test", 5)), "x")
    assert info.left_out == {
        "not in a class folder": {"count": 5, "first": [f"test/{number}.png" for number in range(5)]}
    }
    assert (info.train, info.test) == (28, 6)


def test_only_the_first_names_are_kept(home, tmp_path):
    files = two_classes() | {f"rose/{number}.txt": b"text" for number in range(30)}
    info = ingest(home, zipped(tmp_path / "x.zip", files), "x")
    assert info.left_out["not a picture"] == {"count": 30, "first": [f"rose/{number}.txt" for number in range(5)]}


def test_equal_names_are_two_pictures(home, tmp_path):
    twins = [entry("rose/0.png", picture(number)) for number in (70, 71)]
    info = ingest(home, forged(tmp_path / "x.zip", entries_of(two_classes()) + twins), "x")
    assert sum(info.counts["rose"].values()) == 5


def test_classes_are_in_natural_order(home, tmp_path):
    files = pictures("class 10") | pictures("class 2") | pictures("class 1") | pictures("²")
    assert ingest(home, zipped(tmp_path / "x.zip", files), "x").classes == ("class 1", "class 2", "class 10", "²")


def test_more_entries_than_16_bits_count_are_read(home, tmp_path):
    files = two_classes() | {f".junk/{number}": b"" for number in range(66_000)}
    info = ingest(home, zipped(tmp_path / "x.zip", files), "x")
    assert info.left_out["junk"]["count"] == 66_000


def test_an_ingested_set_is_listed_and_described(home, tmp_path):
    info = ingest(home, zipped(tmp_path / "x.zip", two_classes()), "x")
    assert describe(home, "x") == info
    assert [entry.name for entry in list_datasets(home)] == [*BUILT_IN, "x"]
    document = info.to_json()
    assert (document["name"], document["train"], document["ready"], document["origin"]) == ("x", 2, True, "upload")
    assert type(info).from_json(document) == info


def test_folders_that_are_no_data_sets_are_not_listed(home, tmp_path):
    ingest(home, zipped(tmp_path / "x.zip", two_classes()), "x")
    for name, document in {"broken": "{", "foreign": "{}", "Bad name": "{}"}.items():
        (home.datasets_dir / name).mkdir()
        (home.datasets_dir / name / "dataset.json").write_text(document)
    assert [entry.name for entry in list_datasets(home)] == [*BUILT_IN, "x"]
    with pytest.raises(Refused, match="is damaged; delete"):
        describe(home, "broken")


@pytest.mark.skipif(
    not PHOTOS.exists(), reason="the flower photographs (../shared/data/flower-photos.zip) are not here"
)
def test_real_photographs_come_in(home):
    info = ingest(home, PHOTOS, "flowers")
    assert info.classes == ("daisy", "dandelion", "roses", "sunflowers", "tulips")
    assert (info.train, info.validation, info.test) == (2568, 551, 551)
    assert info.left_out == {}
    assert info.leakage["the same picture in two classes"]["count"] == 1
    assert info.native_resolution == 224
    assert 90 < prepare(home, "flowers", 64).pixels("train").mean() < 130


def index_of(home) -> pd.DataFrame:
    return pd.read_parquet(home.dataset_dir("x") / "index.parquet")
