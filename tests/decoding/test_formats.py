"""What cameras, scanners and microscopes write: read, with what is to be told of it; or left out for the true reason."""

import io
import struct

import numpy as np
import pytest
from PIL import Image, TiffImagePlugin

from tests.datasets.crafted import picture
from tl.decoding import heads, opening, tiff
from tl.decoding.deep import Deep
from tl.decoding.pixels import square


def saved(image: Image.Image, kind: str, **about) -> bytes:
    data = io.BytesIO()
    image.save(data, kind, **about)
    return data.getvalue()


def opened(data: bytes, bands: tuple[int, ...] = ()) -> opening.Opened:
    heads.check_head(data[:600])
    return opening.open_picture(data, 64_000_000, 65_535, bands)


def photo(width: int, height: int) -> Image.Image:
    tiny = np.random.default_rng(0).integers(0, 256, (height // 16, width // 16, 3), np.uint8)
    return Image.fromarray(tiny).resize((width, height), Image.Resampling.BICUBIC)


def banded(values: np.ndarray, order: str = "<", apart: bool = False, predictor: int = 1, tile: int = 0) -> bytes:
    """A TIFF of (H, W, B) values, packed with deflate where there is a predictor."""
    height, width, count = values.shape
    typed = values.astype(values.dtype.newbyteorder(order))
    planes = [typed[..., band : band + 1] for band in range(count)] if apart else [typed]
    pieces = []
    for plane in planes:
        if predictor == 2:
            first = plane[:, :1]
            plane = np.concatenate([first, np.diff(plane.astype(values.dtype), axis=1).astype(typed.dtype)], 1)
        if tile:
            padded = np.zeros((-(-height // tile) * tile, -(-width // tile) * tile, plane.shape[2]), typed.dtype)
            padded[:height, :width] = plane
            pieces += [
                padded[top : top + tile, left : left + tile].tobytes()
                for top in range(0, height, tile)
                for left in range(0, width, tile)
            ]
        else:
            pieces.append(plane.tobytes())
    kind = {"u": 1, "i": 2, "f": 3}[values.dtype.kind]
    tags = {256: width, 257: height, 258: values.dtype.itemsize * 8, 259: 1, 262: 1, 277: count, 284: 2 if apart else 1}
    tags |= {317: predictor, 339: kind}
    body, offsets = b"", []
    for piece in pieces:
        offsets.append(8 + len(body))
        body += piece
    entries = {tag: (value,) for tag, value in tags.items()}
    entries |= {258: (tags[258],) * count, 339: (kind,) * count}
    entries |= (
        {322: (tile,), 323: (tile,), 324: tuple(offsets), 325: tuple(map(len, pieces))}
        if tile
        else {273: tuple(offsets), 278: (height,), 279: tuple(map(len, pieces))}
    )
    head = (b"II" if order == "<" else b"MM") + struct.pack(f"{order}HL", 42, 0)
    return tiff._described(head + body, entries)


def test_a_heic_photograph_is_read_and_stands_upright():
    pillow_heif = pytest.importorskip("pillow_heif")
    image = photo(320, 160)
    data = io.BytesIO()
    pillow_heif.from_pillow(image).save(data, quality=90)
    found = opened(data.getvalue())
    pixels = np.asarray(square(found.load())).astype(int)
    assert (found.short, found.notes, pixels.shape) == (160, [], (160, 160, 3))
    assert np.abs(pixels - np.asarray(image.crop((80, 0, 240, 160)))).mean() < 6


@pytest.mark.parametrize("orientation", [3, 6])
def test_an_avif_photograph_stands_upright(orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    image = photo(160, 160)
    turned = np.asarray(square(opened(saved(image, "AVIF", quality=95, exif=exif)).load())).astype(int)
    right = image.transpose({3: Image.Transpose.ROTATE_180, 6: Image.Transpose.ROTATE_270}[orientation])
    assert np.abs(turned - np.asarray(right)).mean() < 6


@pytest.mark.parametrize("progressive", [False, True])
def test_a_jpeg_whose_end_is_missing_is_shown_as_far_as_it_goes(progressive):
    image = photo(640, 640)
    data = saved(image, "JPEG", quality=90, progressive=progressive)
    found = opened(data[: int(len(data) * 0.97)])
    pixels = np.asarray(square(found.load())).astype(int)
    assert found.notes == [heads.CUT_SHORT]
    whole = np.asarray(square(opened(data).load())).astype(int)
    assert np.abs(pixels - whole)[:200].mean() < 2
    with pytest.raises(heads.LeftOut, match=heads.UNREADABLE):
        opened(data[: len(data) // (4 if progressive else 2)]).load()


def test_only_the_end_mark_missing_leaves_the_picture_as_it_is():
    data = saved(photo(64, 64), "JPEG", quality=90)
    assert np.array_equal(square(opened(data[:-2]).load()), square(opened(data).load()))


def test_the_first_page_of_several_is_shown_and_told():
    pages = [Image.new("RGB", (40, 40), colour) for colour in ("red", "lime", "blue")]
    found = opened(saved(pages[0], "TIFF", save_all=True, append_images=pages[1:]))
    assert np.asarray(square(found.load()))[5, 5].tolist() == [255, 0, 0]
    assert found.notes == [heads.FIRST_PAGE]
    assert opened(saved(pages[0], "TIFF")).notes == []


def test_a_jpeg_that_is_larger_than_memory_is_decoded_at_a_fraction():
    found = opened(saved(Image.new("L", (8_000, 6_000), 99), "JPEG"))
    assert found.need_bytes < 1_000_000
    assert np.abs(np.asarray(square(found.load())).astype(int) - 99).max() < 3


@pytest.mark.parametrize("kind", ["PNG", "BMP"])
def test_what_would_need_more_memory_than_there_is_is_left_out_before_it_is_decoded(kind, monkeypatch):
    data = saved(Image.new("RGB", (600, 600)), kind)
    monkeypatch.setattr(opening, "MOST_BYTES", 1_000_000)
    with pytest.raises(heads.LeftOut, match="needs too much memory"):
        opened(data)


VALUES = np.random.default_rng(0).integers(0, 4096, (40, 48, 3)).astype(np.uint16)


def values_of(found: Deep) -> np.ndarray:
    return found.values((0, 0, *found.size))


def test_all_16_bits_of_a_coloured_png_are_there():
    import zlib

    rows = b"".join(b"\0" + row.tobytes() for row in VALUES.astype(">u2"))
    header = struct.pack(">IIBBBBB", 48, 40, 16, 2, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(rows)), (b"IEND", b""))
    data = b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(part)) + kind + part + struct.pack(">I", zlib.crc32(kind + part)) for kind, part in chunks
    )
    assert np.array_equal(values_of(opened(data).load()), VALUES)


TIFFS = {
    "two bytes": banded(VALUES),
    "two bytes, the large one first": banded(VALUES, ">"),
    "bands apart": banded(VALUES, apart=True),
    "differences": banded(VALUES, predictor=2),
    "tiles": banded(VALUES, tile=16),
    "tiles of differences": banded(VALUES, tile=32, predictor=1),
    "four bytes": banded(VALUES.astype(np.uint32)),
    "floats": banded(VALUES.astype(np.float32)),
    "long floats": banded(VALUES.astype(np.float64), ">"),
}


@pytest.mark.parametrize("case", TIFFS)
def test_tiffs_of_more_bits_and_bands_are_read_to_the_last_bit(case):
    assert np.array_equal(values_of(opened(TIFFS[case]).load()), VALUES)


def test_a_band_of_long_floats_is_read():
    assert np.array_equal(values_of(opened(banded(VALUES[..., :1].astype(np.float64))).load()), VALUES[..., 0])


def test_more_than_four_bands_are_named_and_three_can_be_chosen():
    seven = np.concatenate([VALUES, VALUES + 1, VALUES[..., :1] + 2], 2)
    with pytest.raises(heads.LeftOut, match="more than 4 bands"):
        opened(banded(seven))
    assert np.array_equal(values_of(opened(banded(seven), (6, 2, 7)).load()), seven[..., [5, 1, 6]])
    assert np.array_equal(values_of(opened(banded(seven, apart=True), (6, 2, 7)).load()), seven[..., [5, 1, 6]])
    with pytest.raises(heads.LeftOut, match="fewer bands"):
        opened(banded(seven), (8, 1, 1))


def test_many_bands_of_8_bits_become_an_ordinary_picture():
    six = np.random.default_rng(1).integers(0, 256, (40, 40, 6), np.uint8)
    found = opened(banded(six), (4, 3, 2)).load()
    assert np.array_equal(square(found), six[..., [3, 2, 1]])


def test_no_data_counts_for_nothing():
    values = np.full((40, 40), 5.0, np.float32)
    values[:20], values[0, :4] = 7.0, [np.nan, np.inf, -9999.0, -3.4e38]
    info = TiffImagePlugin.ImageFileDirectory_v2()
    info[42113], info.tagtype[42113] = "7", 2
    found = opened(saved(Image.fromarray(values), "TIFF", tiffinfo=info)).load()
    assert (min(found.sketch()), max(found.sketch())) == (5.0, 5.0)
    plain = opened(saved(Image.fromarray(values), "TIFF")).load()
    assert plain.range() == (5.0, 7.0)
    assert np.asarray(plain.square(5.0, 7.0))[[0, 1, 30], [0, 0, 0], 0].tolist() == [0, 255, 0]


def test_the_same_values_are_the_same_picture_however_they_are_packed():
    grey = VALUES[..., 0]
    packed = [saved(Image.fromarray(grey), kind) for kind in ("PNG", "TIFF")]
    digests = {opened(data).load().digest() for data in packed}
    assert len(digests) == 1
    assert opened(saved(Image.fromarray(grey + 1), "PNG")).load().digest() not in digests


def test_an_ordinary_picture_is_decoded_without_numpy_and_without_the_library_for_heic():
    import subprocess
    import sys

    code = "import sys\nfrom tl.decoding import opening, pixels\n"
    code += "pixels.square(opening.open_picture(sys.stdin.buffer.read(), 10**6, 1000).load())\n"
    code += "print({'numpy', 'pillow_heif'} & set(sys.modules))"
    for data in (picture(), picture(kind="TIFF"), picture(kind="JPEG")):
        ended = subprocess.run([sys.executable, "-c", code], input=data, capture_output=True, check=True)
        assert ended.stdout == b"set()\n"
