"""Bytes to RGB: every colour mode and orientation gives the pixels a person would see."""

import io
import re

import numpy as np
import pytest
from PIL import Image

from tests.datasets.crafted import picture
from tl.decoding import heads, opening
from tl.decoding import pixels as decode

WHITE = (255, 255, 255)
FULL = {"whole numbers": (0.0, 65535.0), "numbers with a point": (0.0, 1.0)}  # what is black and what white


def decoded(data: bytes, side: int = 64) -> np.ndarray:
    image = opening.open_picture(data, 64_000_000, 16_384).load()
    whole = decode.square(image) if isinstance(image, Image.Image) else image.square(*FULL[image.kind])
    return np.asarray(decode.scaled(whole, side))


def saved(image: Image.Image, kind: str, **about) -> bytes:
    data = io.BytesIO()
    image.save(data, kind, **about)
    return data.getvalue()


def plain(mode: str, colour) -> Image.Image:
    return Image.new(mode, (40, 40), colour)


def palette(colour: tuple[int, int, int]) -> Image.Image:
    image = Image.new("P", (40, 40), 1)
    image.putpalette([0, 0, 0, *colour])
    return image


def whole(kind: type, value) -> Image.Image:
    return Image.fromarray(np.full((40, 40), value, kind))


GOLDEN = {
    "RGB JPEG": (saved(plain("RGB", (200, 100, 50)), "JPEG", quality=95), (200, 100, 50)),
    "grey JPEG": (saved(plain("L", 77), "JPEG"), (77, 77, 77)),
    "CMYK JPEG": (saved(plain("CMYK", (0, 255, 255, 0)), "JPEG", quality=95), (255, 0, 0)),
    "CMYK TIFF": (saved(plain("CMYK", (255, 0, 0, 0)), "TIFF"), (0, 255, 255)),
    "RGB PNG": (saved(plain("RGB", (1, 2, 3)), "PNG"), (1, 2, 3)),
    "black and white PNG": (saved(plain("1", 1), "PNG"), WHITE),
    "palette PNG": (saved(palette((9, 8, 7)), "PNG"), (9, 8, 7)),
    "palette PNG, that colour transparent": (saved(palette((9, 8, 7)), "PNG", transparency=1), WHITE),
    "palette PNG, half transparent": (saved(palette((1, 1, 1)), "PNG", transparency=b"\xff\x80"), (128, 128, 128)),
    "RGB PNG, one colour transparent": (saved(plain("RGB", (1, 2, 3)), "PNG", transparency=(1, 2, 3)), WHITE),
    "RGBA PNG, transparent": (saved(plain("RGBA", (255, 0, 0, 0)), "PNG"), WHITE),
    "RGBA PNG, opaque": (saved(plain("RGBA", (255, 0, 0, 255)), "PNG"), (255, 0, 0)),
    "RGBA PNG, a fifth": (saved(plain("RGBA", (255, 0, 0, 51)), "PNG"), (255, 204, 204)),
    "LA PNG": (saved(plain("LA", (0, 51)), "PNG"), (204, 204, 204)),
    "RGBA WebP": (saved(plain("RGBA", (0, 0, 255, 0)), "WEBP", lossless=True, exact=True), WHITE),
    "16 bit grey PNG": (saved(whole(np.uint16, 257 * 100), "PNG"), (100, 100, 100)),
    "16 bit grey PNG, dark": (saved(whole(np.uint16, 257), "PNG"), (1, 1, 1)),
    "16 bit grey TIFF": (saved(whole(np.uint16, 65535), "TIFF"), WHITE),
    "32 bit whole TIFF": (saved(whole(np.int32, 257 * 100), "TIFF"), (100, 100, 100)),
    "float TIFF to 1": (saved(whole(np.float32, 0.4), "TIFF"), (102, 102, 102)),
    "float TIFF beyond white": (saved(whole(np.float32, 102), "TIFF"), WHITE),
    "float TIFF below black": (saved(whole(np.float32, -1), "TIFF"), (0, 0, 0)),
    "PGM": (saved(plain("L", 77), "PPM"), (77, 77, 77)),
    "PPM": (saved(plain("RGB", (1, 2, 3)), "PPM"), (1, 2, 3)),
    "AVIF": (saved(plain("RGB", (200, 100, 50)), "AVIF", quality=95), (200, 100, 50)),
    "BMP": (saved(plain("RGB", (1, 2, 3)), "BMP"), (1, 2, 3)),
    "lossless WebP": (saved(plain("RGB", (1, 2, 3)), "WEBP", lossless=True), (1, 2, 3)),
    "packed TIFF": (saved(plain("RGB", (1, 2, 3)), "TIFF", compression="tiff_lzw"), (1, 2, 3)),
    "GIF": (saved(palette((9, 8, 7)), "GIF"), (9, 8, 7)),
    "transparent GIF": (saved(palette((9, 8, 7)), "GIF", transparency=1), WHITE),
    "several pictures in a JPEG": (
        saved(plain("RGB", (50, 50, 50)), "MPO", save_all=True, append_images=[plain("RGB", 0)]),
        (50, 50, 50),
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", GOLDEN)
def test_colour_modes(case):
    data, colour = GOLDEN[case]
    difference = np.abs(decoded(data).astype(int) - colour)
    assert difference.max() <= (3 if "JPEG" in case else 1)


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG"])
def test_the_first_frame_counts(kind):
    frames = [plain("RGB", (250, 0, 0)), plain("RGB", (0, 250, 0)), plain("RGB", (0, 0, 250))]
    more = {"lossless": True} if kind == "WEBP" else {}
    data = saved(frames[0], kind, save_all=True, append_images=frames[1:], **more)
    assert tuple(decoded(data)[5, 5]) == (250, 0, 0)


QUARTERS = {"left top": "red", "right top": "lime", "left bottom": "blue", "right bottom": "white"}
ORIENTED = {  # orientation -> what the stored picture has left top, right top, left bottom, right bottom (EXIF 2.3, 4.6.4)
    1: "left top, right top, left bottom, right bottom",
    2: "right top, left top, right bottom, left bottom",
    3: "right bottom, left bottom, right top, left top",
    4: "left bottom, right bottom, left top, right top",
    5: "left top, left bottom, right top, right bottom",
    6: "right top, right bottom, left top, left bottom",
    7: "right bottom, right top, left bottom, left top",
    8: "left bottom, left top, right bottom, right top",
}


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF"])
@pytest.mark.parametrize("orientation", ORIENTED)
def test_pictures_are_turned_upright(kind, orientation):
    stored = Image.new("RGB", (60, 40) if orientation < 5 else (40, 60))
    for number, place in enumerate(ORIENTED[orientation].split(", ")):
        half = (stored.width // 2, stored.height // 2)
        stored.paste(Image.new("RGB", half, QUARTERS[place]), (number % 2 * half[0], number // 2 * half[1]))
    exif = Image.Exif()
    exif[0x0112] = orientation
    upright = decoded(saved(stored, kind, exif=exif, **({"quality": 95} if kind == "JPEG" else {})), 32)
    for place, (y, x) in zip(QUARTERS, ((4, 4), (4, 27), (27, 4), (27, 27)), strict=True):
        expected = np.array(Image.new("RGB", (1, 1), QUARTERS[place]))[0, 0]
        assert np.abs(upright[y, x].astype(int) - expected).max() < 40, place


@pytest.mark.filterwarnings("ignore:Corrupt EXIF")  # as in the decoding process
def test_damaged_exif_is_ignored():
    for exif in (
        b"Exif\0\0rubbish",
        b"Exif\0\0MM\0*\0\0\0\x08\xff\xff",
        b"Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x63\0\0\0",
    ):
        assert decoded(saved(plain("RGB", (9, 9, 9)), "JPEG", exif=exif)).shape == (64, 64, 3)


def test_the_shorter_side_is_scaled_and_the_centre_kept():
    image = Image.new("RGB", (300, 100), "red")
    image.paste("blue", (100, 0, 200, 100))
    pixels = decoded(saved(image, "PNG"), 50)
    assert (pixels[:, 3:-3] == (0, 0, 255)).all()


def test_small_pictures_are_enlarged_and_their_own_side_is_told():
    opened = opening.open_picture(picture(0, (20, 10)), 64_000_000, 16_384)
    assert (decode.scaled(decode.square(opened.load()), 64).size, opened.short) == ((64, 64), 10)


def test_a_pattern_finer_than_the_new_pixels_is_averaged():
    stripes = np.zeros((256, 256, 3), np.uint8)
    stripes[:, ::2] = 255
    assert np.abs(decoded(saved(Image.fromarray(stripes), "PNG"), 32).astype(int) - 128).max() < 8


def test_a_jpeg_decoded_at_a_fraction_looks_like_the_whole():
    smooth = Image.fromarray(np.random.default_rng(0).integers(0, 256, (16, 16, 3), np.uint8)).resize((512, 512))
    data = saved(smooth, "JPEG", quality=95)
    whole_size = np.asarray(Image.open(io.BytesIO(data)).resize((32, 32), Image.Resampling.BICUBIC)).astype(int)
    assert np.abs(decoded(data, 32) - whole_size).mean() < 2


LEFT_OUT = {
    "text": (b"hello", heads.NOT_A_PICTURE),
    "nothing": (b"", heads.NOT_A_PICTURE),
    "postscript": (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", heads.OTHER_FORMAT),
    "photograph of a telephone, damaged": (b"\0\0\0\x18ftypheic" + bytes(50), heads.HEIC_UNREADABLE),
    "raw picture of a camera": (b"\0\0\0\x18ftypcrx " + bytes(50), heads.OTHER_FORMAT),
    "drawing": (b'<?xml version="1.0"?><svg/>', heads.OTHER_FORMAT),
    "portable pixmap, cut": (b"P6 40 40 255\n" + bytes(4000), heads.UNREADABLE),
    "letters that are no pixmap": (b"P6, the sixth part", heads.NOT_A_PICTURE),
    "zip": (b"PK\x03\x04", heads.NESTED),
    "tar": (bytes(257) + b"ustar" + bytes(300), heads.NESTED),
    "cut JPEG": (GOLDEN["RGB JPEG"][0][:-200], heads.UNREADABLE),
    "cut PNG": (picture()[:-40], heads.UNREADABLE),
    "damaged PNG": (picture()[:60] + bytes(20) + picture()[80:], heads.UNREADABLE),
    "float not a number": (saved(whole(np.float32, np.nan), "TIFF"), heads.UNREADABLE),
    "7 px high": (picture(0, (30, 7)), heads.TOO_SMALL),
    "too many pixels": (picture(0, (101, 100)), heads.TOO_MANY_PIXELS),
    "too long a side": (picture(0, (501, 10)), heads.TOO_MANY_PIXELS),
}


@pytest.mark.parametrize("case", LEFT_OUT)
def test_what_can_not_be_used_is_named(case):
    data, reason = LEFT_OUT[case]

    def judge():
        heads.check_head(data[:600])
        image = opening.open_picture(data, 10_000, 500).load()
        assert isinstance(image, Image.Image) or image.sketch()

    with pytest.raises(heads.LeftOut, match=f"^{re.escape(reason)}$"):
        judge()


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "P", "L", "CMYK", "I;16", "F"])
def test_a_picture_reduced_strip_by_strip_looks_like_the_whole(mode, monkeypatch):
    """With small limits a small picture takes the way of those of many megapixels."""
    smooth = Image.fromarray(np.random.default_rng(0).integers(0, 256, (9, 7, 3), np.uint8)).resize((770, 990))
    image = (
        Image.fromarray(np.asarray(smooth.convert("L"), np.uint16) * 200) if mode == "I;16" else smooth.convert(mode)
    )
    data = saved(image, "TIFF" if mode in ("CMYK", "F") else "PNG")
    whole = decoded(data, 32).astype(int)
    monkeypatch.setattr(decode, "LARGEST", 64)
    monkeypatch.setattr(decode, "STRIP_PIXELS", 20_000)
    assert np.abs(decoded(data, 32) - whole).mean() < 2


def test_nothing_of_the_file_but_pixels_is_in_the_square():
    exif = Image.Exif()
    exif[0x8825] = {1: "N", 2: (48.0, 51.0, 29.0)}
    data = saved(plain("RGB", 9), "JPEG", exif=exif, comment=b"mine", icc_profile=b"profile" * 99, dpi=(72, 72))
    image = decode.square(opening.open_picture(data, 10_000, 500).load())
    assert image.info == {}
    assert not image.getexif()


def test_pictures_that_look_alike_have_hashes_that_differ_in_few_bits():
    photo = Image.fromarray(np.random.default_rng(3).integers(0, 256, (6, 6, 3), np.uint8)).resize((200, 200))
    smaller = photo.resize((90, 90)).point(lambda value: value * 0.8)
    other = Image.fromarray(np.random.default_rng(4).integers(0, 256, (6, 6, 3), np.uint8)).resize((200, 200))
    first, second, third = map(decode.difference_hash, (photo, smaller, other))
    assert (first ^ second).bit_count() <= 3
    assert (first ^ third).bit_count() > 10
