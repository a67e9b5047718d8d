"""What is kept of pictures: a store whose rows are the pictures of the index, other resolutions on demand."""

import io

import numpy as np
import pandas as pd
import pytest
from crafted import ingest, picture, two_classes, zipped
from PIL import Image

from tl.config import Refused
from tl.datasets import describe, examples, prepare
from tl.store.files import read_json, write_json, write_parquet


def index_of(home) -> pd.DataFrame:
    return pd.read_parquet(home.dataset_dir("x") / "index.parquet")


def test_the_store_holds_the_pictures_of_the_index(home, tmp_path):
    files = two_classes("", 12)
    info = ingest(home, zipped(tmp_path / "x.zip", files), "x")
    assert info.native_resolution == 12  # the shorter side of 16 x 12
    store = prepare(home, "x", 64)
    assert (store.resolution, store.ready) == (12, 24)
    pixels = np.concatenate([store.pixels(split) for split in ("test", "validation", "train")])
    for row, (name, label) in enumerate(zip(index_of(home)["name"], store.labels, strict=True)):
        assert (pixels[row] == np.asarray(Image.open(io.BytesIO(files[name])).crop((2, 0, 14, 12)))).all()
        assert info.classes[label] == name.split("/")[0]


def test_one_larger_picture_decides_the_native_resolution(home, tmp_path):
    files = two_classes("", 150) | {"tulip/zz.png": picture(1, (300, 40)), "rose/zz.png": picture(2, (90, 100))}
    info = ingest(home, zipped(tmp_path / "x.zip", files), "x")
    assert info.native_resolution == 90
    assert prepare(home, "x", 64).pixels("train").shape[1:] == (64, 64, 3)


def test_other_resolutions_are_decoded_when_they_are_wanted_and_only_as_far(home, tmp_path):
    files = {name: picture(number, (100, 100)) for number, name in enumerate(two_classes("", 30))}
    info = ingest(home, zipped(tmp_path / "x.zip", files), "x")
    assert read_json(home.dataset_dir("x") / "pictures-64.json") == {"ready": 60}
    seen = []
    store = prepare(home, "x", 96, 10, lambda *about: seen.append(about))
    assert store.ready == info.test + info.validation + 10
    assert seen[-1] == (store.ready, store.ready, "decoding pictures at 96 px")
    before = np.array(store.pixels("train", 10))
    stamp = store.path.stat().st_mtime_ns
    assert prepare(home, "x", 96, 5).ready == store.ready
    assert store.path.stat().st_mtime_ns == stamp
    whole = prepare(home, "x", 96)
    assert whole.ready == 60
    assert (whole.pixels("train")[:10] == before).all()
    assert prepare(home, "x", 224).resolution == 100


@pytest.mark.parametrize(("side", "kept", "wanted"), [(100, "pictures.jpegs", 96), (40, "pictures-40.u8", 32)])
def test_kept_pictures_that_were_damaged_are_noticed(home, tmp_path, side, kept, wanted):
    files = {name: picture(number, (side, side)) for number, name in enumerate(two_classes())}
    ingest(home, zipped(tmp_path / "x.zip", files), "x")
    source = home.dataset_dir("x") / kept
    source.write_bytes(bytes(source.stat().st_size))
    with pytest.raises(Refused, match="is damaged; delete .* and bring the pictures again"):
        prepare(home, "x", wanted)


def test_an_index_with_flipped_bits_is_refused_or_still_right(home, tmp_path):
    ingest(home, zipped(tmp_path / "x.zip", two_classes("", 12)), "x")
    path = home.dataset_dir("x") / "index.parquet"
    sound, right = path.read_bytes(), prepare(home, "x", 64).labels
    refusals = []
    for place in range(5, len(sound), len(sound) // 60):
        path.write_bytes(sound[:place] + bytes([sound[place] ^ 4]) + sound[place + 1 :])
        try:
            assert (prepare(home, "x", 64).labels == right).all()
        except Refused as refusal:
            refusals.append(str(refusal))
    assert len(refusals) > 30
    assert all("index.parquet is damaged; delete" in refusal for refusal in refusals)


@pytest.mark.parametrize(
    "change",
    [
        lambda index: None,
        lambda index: index.drop(columns="label"),
        lambda index: index.assign(label=2),
        lambda index: index.assign(label="rose"),
        lambda index: index.assign(start=None),
        lambda index: index.iloc[::-1],
        lambda index: pd.concat([index, index]),
    ],
)
def test_an_index_that_is_not_the_sets_is_refused(home, tmp_path, change):
    ingest(home, zipped(tmp_path / "x.zip", two_classes()), "x")
    path = home.dataset_dir("x") / "index.parquet"
    changed = change(index_of(home))
    path.unlink() if changed is None else write_parquet(path, changed)
    for read in (lambda: prepare(home, "x", 64), lambda: examples(home, "x")):
        with pytest.raises(Refused, match=r"index.parquet is damaged; delete .* and bring the pictures again\."):
            read()


@pytest.mark.parametrize(
    "change",
    [
        lambda told: [],
        lambda told: {},
        lambda told: told | {"left_out": {"junk": {"cound": 1, "first": []}}},
        lambda told: told | {"leakage": {"twice": {"count": 1, "first": "a"}}},
        lambda told: told | {"train": 10**30},
        lambda told: told | {"counts": {"rose": 3}},
        lambda told: told | {"classes": "rose"},
        lambda told: told | {"native_resolution": 0},
        lambda told: told | {"name": "y"},
    ],
)
def test_a_damaged_description_is_refused(home, tmp_path, change):
    ingest(home, zipped(tmp_path / "x.zip", two_classes()), "x")
    path = home.dataset_dir("x") / "dataset.json"
    write_json(path, change(read_json(path)))
    with pytest.raises(Refused, match=r"dataset.json is damaged; delete .* and bring the pictures again\."):
        describe(home, "x")


@pytest.mark.parametrize("name", ["pictures-64.json", "pictures-64.u8"])
@pytest.mark.parametrize("data", [b'{"x": 1}', b'{"ready": 600}', b"[]", b"", None])
def test_a_damaged_store_is_made_again(home, tmp_path, name, data):
    files = {name: picture(number, (100, 100)) for number, name in enumerate(two_classes())}
    ingest(home, zipped(tmp_path / "x.zip", files), "x")
    before = np.array(prepare(home, "x", 64).pixels("train"))
    path = home.dataset_dir("x") / name
    path.unlink() if data is None else path.write_bytes(data)
    shown = examples(home, "x", resolution=64)
    assert [title for title, _ in shown] == ["rose", "tulip"]
    again = prepare(home, "x", 64).pixels("train")
    assert np.abs(again.astype(int) - before).mean() < 10  # made of the copies that were kept, not of the upload


def test_a_cut_store_of_small_pictures_is_refused_again_and_again(home, tmp_path):
    """They are kept nowhere else: nothing may pass for them."""
    ingest(home, zipped(tmp_path / "x.zip", two_classes()), "x")
    path = home.dataset_dir("x") / "pictures-12.u8"
    path.write_bytes(path.read_bytes()[:-500])
    for _ in range(2):
        with pytest.raises(Refused, match=r"pictures-12.u8 is damaged; delete"):
            prepare(home, "x", 64)


def test_a_set_of_an_earlier_version_is_refused_in_one_sentence(home, tmp_path):
    files = {name: picture(number, (100, 100)) for number, name in enumerate(two_classes())}
    ingest(home, zipped(tmp_path / "x.zip", files), "x")
    folder = home.dataset_dir("x")
    (folder / "pictures.jpegs").rename(folder / "source.zip")
    assert prepare(home, "x", 64).ready == 6  # what was decoded then can still be used
    with pytest.raises(Refused, match="earlier version"):
        prepare(home, "x", 96)


def test_small_pictures_are_kept_to_the_last_bit_and_only_once(home, tmp_path):
    files = {name: picture(number, (40, 40)) for number, name in enumerate(two_classes())}
    ingest(home, zipped(tmp_path / "x.zip", files), "x")
    names = {path.name for path in home.dataset_dir("x").iterdir()}
    assert names == {"dataset.json", "index.parquet", "pictures-40.json", "pictures-40.u8"}
    smaller = prepare(home, "x", 20).pixels("train")
    for row, name in enumerate(index_of(home).query("split == 'train'")["name"]):
        expected = Image.open(io.BytesIO(files[name])).resize((20, 20), Image.Resampling.BICUBIC)
        assert (smaller[row] == np.asarray(expected)).all()


def test_larger_pictures_are_kept_so_well_that_nobody_sees_it(home, tmp_path):
    smooth = {}
    for number, name in enumerate(two_classes()):
        noise = np.random.default_rng(number).integers(0, 256, (12, 12, 3), np.uint8)
        data = io.BytesIO()
        Image.fromarray(noise).resize((240, 240), Image.Resampling.BICUBIC).save(data, "PNG")
        smooth[name] = data.getvalue()
    ingest(home, zipped(tmp_path / "x.zip", smooth), "x")
    found = prepare(home, "x", 128).pixels("train")
    for row, name in enumerate(index_of(home).query("split == 'train'")["name"]):
        expected = Image.open(io.BytesIO(smooth[name])).resize((128, 128), Image.Resampling.BICUBIC)
        assert np.abs(found[row].astype(int) - np.asarray(expected)).mean() < 1.5


def test_more_pictures_than_there_are_is_refused(home, tmp_path):
    ingest(home, zipped(tmp_path / "x.zip", two_classes()), "x")
    with pytest.raises(ValueError, match="has 2 training pictures, not 3"):
        prepare(home, "x", 64, 3)


def test_examples_are_training_pictures_of_every_class(home, tmp_path):
    ingest(home, zipped(tmp_path / "x.zip", two_classes("", 10)), "x")
    shown = examples(home, "x", per_class=2, resolution=32)
    assert [name for name, _ in shown] == ["rose", "rose", "tulip", "tulip"]
    assert all(pixels.shape == (32, 32, 3) and pixels.dtype == np.uint8 for _, pixels in shown)
    assert not (shown[0][1] == shown[1][1]).all()
