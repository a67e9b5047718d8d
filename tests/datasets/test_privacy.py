"""What a camera writes beside the pixels (place, owner, time) is nowhere below the home after an ingest."""

import io
import zipfile

import numpy as np
import pytest
from crafted import ingest, picture
from PIL import Image, PngImagePlugin

from tl.datasets import prepare

CANARY = b"CANARY-7f3a"
XMP = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><exif:GPSLatitude>' + CANARY + b"</exif:GPSLatitude></x:xmpmeta>"


def exif() -> Image.Exif:
    """Place, owner and a thumbnail, each with the canary."""
    found = Image.Exif()
    found[0x010F] = found[0x013B] = found[0x8298] = CANARY.decode()
    found.get_ifd(0x8825).update({1: "N", 2: (48.0, 51.0, 29.6), 3: "E", 4: (2.0, 17.0, 40.2), 28: CANARY})
    found.get_ifd(0x8769)[0x9286] = b"ASCII\0\0\0" + CANARY
    return found


def text() -> PngImagePlugin.PngInfo:
    found = PngImagePlugin.PngInfo()
    found.add_text("Author", CANARY.decode())
    found.add_itxt("XML:com.adobe.xmp", XMP.decode())
    return found


KINDS = {
    "JPEG": lambda: {"exif": exif(), "xmp": XMP, "comment": CANARY, "icc_profile": CANARY * 20},
    "PNG": lambda: {"exif": exif(), "pnginfo": text(), "icc_profile": CANARY * 20},
    "WEBP": lambda: {"exif": exif(), "xmp": XMP},
    "TIFF": lambda: {"tiffinfo": {0x013B: CANARY.decode(), 0x010E: CANARY.decode()}},
    "GIF": lambda: {"comment": CANARY},
}


@pytest.mark.parametrize("side", [40, 300])
def test_no_byte_of_place_or_owner_is_left(home, tmp_path, side):
    path = tmp_path / "x.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.comment = CANARY
        for name in ("rose", "tulip"):
            for number, (kind, about) in enumerate(KINDS.items()):
                data = picture(number + len(name), (side, side), kind, **about())
                assert CANARY in data, f"the test writes no canary into {kind}"
                entry = zipfile.ZipInfo(f"{name}/{number}.bin")
                entry.comment = CANARY
                archive.writestr(entry, data)
    with open(path, "rb") as upload:
        info = ingest(home, upload, "x")
    assert sum((info.train, info.validation, info.test)) == 10
    prepare(home, "x", 32)
    files = [file for file in home.path.rglob("*") if file.is_file()]
    assert len(files) >= 6
    for file in files:
        data = file.read_bytes()
        assert CANARY not in data, file
        assert b"Exif" not in data, file
    kept = home.dataset_dir("x") / "pictures.jpegs"
    if kept.exists():
        assert not Image.open(io.BytesIO(kept.read_bytes())).getexif()
    assert np.isfinite(info.native_resolution)
