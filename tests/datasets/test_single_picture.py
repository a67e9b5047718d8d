"""One picture that somebody brings: as those of a data set are made, or refused in one sentence; nothing is left behind."""

import io
import tempfile

import numpy as np
import pytest
from PIL import Image

from tl.config import Refused
from tl.datasets.single import decoded


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """Where temporary files go; nothing is there afterwards."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    yield tmp_path
    assert not list(tmp_path.iterdir())


def saved(image: Image.Image, kind: str) -> bytes:
    """The file."""
    file = io.BytesIO()
    image.save(file, kind)
    return file.getvalue()


def test_the_centre_square_in_every_size_asked_for():
    pixels = np.zeros((40, 80, 3), np.uint8)
    pixels[:, 20:60, 1] = 200  # the centre square is green, what lies beside it black
    found = decoded(saved(Image.fromarray(pixels), "PNG"), [32, 16, 32])
    assert {side: of_side.shape for side, of_side in found.items()} == {16: (16, 16, 3), 32: (32, 32, 3)}
    assert (found[16] == [0, 200, 0]).all()


def test_one_of_16_bits_is_spread_over_its_own_values():
    found = decoded(
        saved(Image.fromarray(np.linspace(500, 900, 64 * 64).reshape(64, 64).astype(np.uint16)), "PNG"), [64]
    )
    assert found[64].min() < 10 and found[64].max() > 245


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"<html>no picture</html>" * 9, "not a picture"),
        (b"PK\x03\x04" + bytes(80), "an archive"),
        (saved(Image.new("RGB", (64, 64)), "PNG")[:-40], "unreadable"),
        (saved(Image.new("RGB", (4, 4)), "PNG"), "too small"),
    ],
)
def test_what_can_not_be_used_is_refused_in_one_sentence(data, said):
    with pytest.raises(Refused, match=said) as refused:
        decoded(data, [32])
    assert str(refused.value).endswith(".")
