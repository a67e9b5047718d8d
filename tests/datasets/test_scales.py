"""Pictures of more than 8 bits: one scale for the whole data set, from its own values, told in words."""

import io

import numpy as np
import pytest
from crafted import ingest, picture, zipped
from PIL import Image

from tl.config import Refused
from tl.datasets import prepare, reading_notes
from tl.datasets.intake.scales import MOST, Scales


def microscope(top: float, dtype=np.uint16, low: float = 0.0, kind: str = "TIFF") -> dict[str, bytes]:
    """Two classes of 6 pictures whose values lie between `low` and `top`; those of the first are half as bright."""
    files = {}
    for number, name in enumerate(("dark", "bright")):
        for n in range(6):
            values = np.random.default_rng(100 * number + n).random((24, 24)) * (top - low) * (number + 1) / 2 + low
            data = io.BytesIO()
            Image.fromarray(values.astype(dtype)).save(data, kind)
            files[f"{name}/{n}.tif"] = data.getvalue()
    return files


CAMERAS = {
    "10 bits": (1023, np.uint16),
    "12 bits": (4095, np.uint16),
    "14 bits": (16383, np.uint16),
    "16 bits": (65535, np.uint16),
    "32 bits": (10**6, np.int32),
    "floats to 0.01": (0.01, np.float32),
    "floats from -1": (1.0, np.float32, -1.0),
}


@pytest.mark.parametrize("camera", CAMERAS)
def test_one_scale_shows_all_of_them_and_keeps_dark_ones_dark(home, tmp_path, camera):
    info = ingest(home, zipped(tmp_path / "x.zip", microscope(*CAMERAS[camera])), "x")
    store = prepare(home, "x", 64)
    means = {}
    for split in ("train", "validation", "test"):
        for pixels, label in zip(store.pixels(split), store.labels_of(split), strict=True):
            means.setdefault(info.classes[label], []).append(pixels.mean())
    assert np.mean(means["bright"]) == pytest.approx(127, abs=8)
    assert np.mean(means["dark"]) == pytest.approx(64, abs=8)
    assert len(info.scales) == 1 and "12 pictures with more than 8 bits" in info.scales[0]
    assert info.scales[0] in reading_notes(info)


def test_a_few_hot_pixels_do_not_darken_the_others(home, tmp_path):
    files = microscope(4095)
    values = np.random.default_rng(0).random((24, 24)) * 4095
    values[3, 3] = 65535
    data = io.BytesIO()
    Image.fromarray(values.astype(np.uint16)).save(data, "TIFF")
    ingest(home, zipped(tmp_path / "x.zip", files | {"bright/hot.tif": data.getvalue()}), "x")
    assert prepare(home, "x", 64).pixels("train").mean() > 60


def test_pictures_that_differ_only_where_all_is_black_are_not_the_same(home, tmp_path):
    files = microscope(60_000)
    for n in (1, 2, 3):
        data = io.BytesIO()
        Image.fromarray(np.random.default_rng(n).integers(0, 4, (24, 24)).astype(np.uint16)).save(data, "TIFF")
        files[f"black/{n}.tif"] = data.getvalue()
    info = ingest(home, zipped(tmp_path / "x.zip", files), "x")
    assert sum(info.counts["black"].values()) == 3
    assert (info.leakage, info.groups) == ({}, 0)


def test_copies_of_one_picture_are_found_whatever_its_file(home, tmp_path):
    files = microscope(4095)
    data = io.BytesIO()
    Image.open(io.BytesIO(files["dark/0.tif"])).save(data, "PNG")
    info = ingest(home, zipped(tmp_path / "x.zip", files | {"dark/copy.png": data.getvalue()}), "x")
    assert info.grouped == 2


def test_ordinary_pictures_beside_them_are_left_as_they_are(home, tmp_path):
    plain = {f"{name}/{n}.png": picture(n + k, (24, 24)) for k, name in ((0, "dark"), (50, "bright")) for n in range(4)}
    ingest(home, zipped(tmp_path / "x.zip", plain | microscope(4095)), "x")
    store = prepare(home, "x", 64)
    kept = {pixels.tobytes() for split in ("train", "validation", "test") for pixels in store.pixels(split)}
    assert all(np.asarray(Image.open(io.BytesIO(data))).tobytes() in kept for data in plain.values())


def test_many_bands_are_named_and_read_as_chosen(home, tmp_path):
    from tests.decoding.test_formats import banded

    files = {
        f"{name}/{n}.tif": banded(np.random.default_rng(n + 9 * k).integers(0, 3000, (24, 24, 6)).astype(np.uint16))
        for k, name in enumerate(("field", "water"))
        for n in range(4)
    }
    path = zipped(tmp_path / "x.zip", files)
    with pytest.raises(Refused, match=r"8 TIF files: more than 4 bands .*--bands 4,3,2\)"):
        ingest(home, path, "x")
    info = ingest(home, path, "x", bands="4,3,2")
    assert (info.train, len(info.scales)) == (4, 1)
    for wrong in ("4,3", "a,b,c", "0,1,2", "4;3;2"):
        with pytest.raises(Refused, match="^bands is"):
            ingest(home, path, "y", bands=wrong)


def test_the_scale_of_very_many_pictures_takes_little_memory():
    scales = Scales()
    for number in range(3 * MOST):
        scales.add("whole numbers", [number, number + 1.0])
    assert len(scales._sketches["whole numbers"]) <= MOST
    black, white = scales.found()["whole numbers"]
    assert (black, white) == (pytest.approx(12, abs=8), pytest.approx(3 * MOST - 12, abs=8))
