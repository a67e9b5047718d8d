"""Pictures that occur more than once are found by what they show, whatever their files and names."""

import io
import tracemalloc
from collections import Counter

import numpy as np
import pandas as pd
import pytest
from crafted import ingest, picture, two_classes, zipped
from PIL import Image

from tl.datasets import DatasetInfo, leakage

SAME, ALMOST = "the same picture in {}", "almost the same picture in {}"


def photo(seed: int, size: int = 120) -> Image.Image:
    """Smooth, as photographs are."""
    noise = np.random.default_rng(seed).integers(0, 256, (7, 7, 3), np.uint8)
    return Image.fromarray(noise).resize((size, size), Image.Resampling.BICUBIC)


def saved(image: Image.Image, kind: str = "PNG", **about) -> bytes:
    data = io.BytesIO()
    image.save(data, kind, **about)
    return data.getvalue()


def given_splits(**more: bytes) -> dict[str, bytes]:
    """Training and test folders of different pictures, and these files besides ('/' is '__' in their names)."""
    splits = {"train": 10, "test": 4}
    files = {
        f"{split}/{name}/{number}.png": saved(photo(1000 * place + number))
        for place, (split, name) in enumerate((split, name) for split in splits for name in ("rose", "tulip"))
        for number in range(splits[split])
    }
    return files | {name.replace("__", "/") + ".x": data for name, data in more.items()}


def found(home, tmp_path, files: dict[str, bytes]) -> dict[str, dict]:
    return ingest(home, zipped(tmp_path / "x.zip", files), "x").leakage


def test_different_pictures_are_no_leakage(home, tmp_path):
    assert found(home, tmp_path, given_splits()) == {}


COPIES = {  # what was done to a training picture before it came among the test pictures -> how it is called
    "nothing": (lambda image: saved(image), SAME),
    "packed again": (lambda image: saved(image, compress_level=1), SAME),
    "another format, the same pixels": (lambda image: saved(image, "BMP"), SAME),
    "EXIF added": (lambda image: saved(image, exif=b"Exif\0\0MM\0*\0\0\0\x08\0\0\0\0\0\0"), SAME),
    "turned, and turned back by EXIF": (
        lambda image: saved(image.transpose(Image.Transpose.ROTATE_90), exif=turned()), SAME
    ),
    "JPEG": (lambda image: saved(image, "JPEG", quality=60), ALMOST),
    "smaller": (lambda image: saved(image.resize((70, 70))), ALMOST),
    "darker": (lambda image: saved(image.point(lambda value: value * 0.9)), ALMOST),
}  # fmt: skip


def turned() -> Image.Exif:
    exif = Image.Exif()
    exif[0x0112] = 6  # to be shown rotated by 90 degrees clockwise
    return exif


@pytest.mark.parametrize("case", COPIES)
def test_a_training_picture_among_the_test_pictures_is_found(home, tmp_path, case):
    change, kind = COPIES[case]
    leaked = found(home, tmp_path, given_splits(train__rose__a=saved(photo(9999)), test__rose__b=change(photo(9999))))
    # Validation is taken from what was given for training.
    pair = {"count": 1, "first": ["test/rose/b.x = train/rose/a.x"]}
    alternatives = [{kind.format("training and test"): pair}, {kind.format("validation and test"): pair}]
    assert {key: {"count": 1, "first": [key_pair(entry)]} for key, entry in leaked.items()} in alternatives


def key_pair(entry: dict) -> str:
    """The pair with the test picture first."""
    (pair,) = entry["first"]
    return " = ".join(sorted(pair.split(" = ")))


def test_the_same_picture_in_two_classes_and_twice_in_one_is_told(home, tmp_path):
    files = two_classes("", 12)
    files |= {"tulip/again.png": files["rose/0.png"], "rose/twin.png": files["rose/1.png"]}
    leaked = found(home, tmp_path, files)
    assert {kind: entry["count"] for kind, entry in leaked.items()} == {
        "the same picture in two classes": 1,
        "the same picture more than once": 1,
    }
    assert sorted(leaked["the same picture more than once"]["first"][0].split(" = ")) == ["rose/1.png", "rose/twin.png"]


def test_splits_made_here_never_share_a_picture_however_it_is_packed(home, tmp_path):
    files = {}
    for place, name in enumerate(("rose", "tulip")):
        for number in range(12):
            image = photo(100 * place + number)
            files |= {f"{name}/{number}-{level}.png": saved(image, compress_level=level) for level in (0, 9)}
    leaked = found(home, tmp_path, files)
    assert {kind: entry["count"] for kind, entry in leaked.items()} == {"the same picture more than once": 24}


def test_plain_pictures_do_not_take_for_ever(home, tmp_path):
    """Thousands with the same difference hash: the pattern is too common to mean anything."""
    grey = {
        f"{name}/{n}.png": saved(Image.new("L", (16, 16), n % 256)) for name in ("rose", "tulip") for n in range(700)
    }
    assert isinstance(ingest(home, zipped(tmp_path / "x.zip", grey | {"rose/a.png": picture()}), "x"), DatasetInfo)


def time_lapse(groups: int, frames: int) -> pd.DataFrame:
    """The index of pictures that differ a little within their group, and share its difference hash."""
    rows = groups * frames
    splits = np.repeat(["test", "validation", "train"], [rows // 5, rows // 5, rows - 2 * (rows // 5)])
    names = [f"{number}.png" for number in range(rows)]
    looks = np.array([0x0123456789ABCDEF * (row % groups + 1) for row in range(rows)], np.uint64)
    return pd.DataFrame({"name": names, "label": 0, "split": splits, "sha256": names, "looks": looks})


def test_thousands_of_frames_that_look_alike_are_found_in_little_memory():
    index, pixels = time_lapse(2, 700), np.zeros((1_400, 2, 2, 3), np.uint8)
    tracemalloc.start()
    kinds = Counter(kind for kind, *_ in leakage.pairs(index, pixels))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    pairs = ("validation and test", "training and test", "training and validation")
    assert kinds == {ALMOST.format(pair): 280 for pair in pairs}
    assert peak < 15e6


def test_so_many_pairs_are_compared_and_no_more(monkeypatch):
    class Pixels:
        asked = 0

        def __getitem__(self, row: int) -> np.ndarray:
            self.asked += 1
            return np.full(3, 255 * (row % 4 > 1), np.uint8) + np.uint8(row % 2)

    index, pixels = time_lapse(2, 40), Pixels()
    everything = list(leakage.pairs(index, pixels))
    assert pixels.asked > 60
    monkeypatch.setattr(leakage, "COMPARED", 30)
    pixels = Pixels()
    some = list(leakage.pairs(index, pixels))
    assert some and some == everything[: len(some)] and pixels.asked == 60


def test_leakage_is_part_of_the_description(home, tmp_path):
    info = ingest(
        home,
        zipped(tmp_path / "x.zip", given_splits(train__rose__a=saved(photo(9999)), test__rose__b=saved(photo(9999)))),
        "x",
    )
    assert DatasetInfo.from_json(info.to_json()).leakage == info.leakage != {}
