"""A decoded picture -> its centre square, RGB, 8 bits. Imports numpy nowhere: see tl/decoding/deep.py."""

import math
import operator
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from PIL import Image

from tl.decoding.heads import TOO_MANY_PIXELS, UNREADABLE, LeftOut

LARGEST = 256  # px; the shorter side of what is kept of a larger picture
QUALITY = {"quality": 95, "subsampling": 0}  # of the JPEG that is kept
STRIP_PIXELS = 2_000_000  # of a picture converted at once
Box = tuple[int, int, int, int]  # left, top, right, bottom, pixels
# Where Pillow looks for an orientation.
EXIF_KEYS = {"exif", "Raw profile type exif", "xmp", "XML:com.adobe.xmp"}  # not shown
TRANSPOSE = {  # EXIF orientation -> what turns the picture upright
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


@contextmanager
def judged(reason: str = UNREADABLE) -> Iterator[None]:
    """Whatever a decoder raises inside becomes LeftOut for this reason."""
    try:
        yield
    except (LeftOut, MemoryError):
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise LeftOut(TOO_MANY_PIXELS) from None
    except Exception as problem:  # the decoders raise whatever they like
        raise LeftOut(reason) from problem


def square(image: Image.Image) -> Image.Image:
    """The centre square, upright, RGB, LARGEST px a side or less where the picture is smaller. Raises LeftOut.

    Carries nothing of the file but pixels: no EXIF, no comment, no colour profile.
    """
    with judged():
        image.load()
        turned = orientation(image)  # a PNG may say it after its pixels
        return finished(assembled(image.size, lambda box: to_rgb(image.crop(box))), turned)


def finished(centre: Image.Image, orientation: int) -> Image.Image:
    """A square at its final size, upright, with nothing but pixels."""
    side = min(LARGEST, centre.width)
    if centre.width != side:
        centre = centre.resize((side, side), Image.Resampling.BICUBIC)
    if orientation in TRANSPOSE:
        centre = centre.transpose(TRANSPOSE[orientation])
    return Image.frombytes("RGB", (side, side), centre.tobytes())


def scaled(image: Image.Image, side: int) -> Image.Image:
    """A square picture at another size."""
    return image if image.width == side else image.resize((side, side), Image.Resampling.BICUBIC)


def orientation(image: Image.Image) -> int:
    """How the picture is turned, by EXIF; 1: it stands upright."""
    if image.format == "TIFF" or not EXIF_KEYS & image.info.keys():  # Pillow itself turns a TIFF when it loads it
        return 1
    try:
        found: int = image.getexif().get(0x0112, 1)
        return found
    except Exception:  # damaged EXIF says nothing about the pixels
        return 1


def centre_boxes(size: tuple[int, int]) -> tuple[int, Iterator[tuple[int, Box]]]:
    """(factor to reduce by, strips of the centre square from the top, each with its first row)."""
    short = min(size)
    left, top = (size[0] - short) // 2, (size[1] - short) // 2
    factor = max(1, short // (4 * LARGEST))
    rows = max(1, STRIP_PIXELS // (short * factor)) * factor
    boxes = (
        (first, (left, top + first, left + short, top + min(first + rows, short))) for first in range(0, short, rows)
    )
    return factor, boxes


def assembled(size: tuple[int, int], rgb: Callable[[Box], Image.Image]) -> Image.Image:
    """The centre square as RGB. What is far larger than LARGEST is reduced strip by strip: memory stays at one decoded
    picture and a strip."""
    factor, boxes = centre_boxes(size)
    canvas = Image.new("RGB", (math.ceil(min(size) / factor),) * 2)
    for first, box in boxes:
        canvas.paste(rgb(box).reduce(factor), (0, first // factor))
    return canvas


def to_rgb(image: Image.Image) -> Image.Image:
    """Any mode of 8 bits to RGB: transparency on white."""
    if image.mode in ("RGBA", "LA", "PA", "La", "RGBa") or "transparency" in image.info:
        image = image.convert("RGBA")
        white = Image.new("RGBA", image.size, "white")
        return Image.alpha_composite(white, image).convert("RGB")
    return image if image.mode == "RGB" else image.convert("RGB")


def difference_hash(image: Image.Image) -> int:
    """64 bits that hardly change when a picture is scaled, recoloured or compressed again: is it darker or brighter
    than its right neighbour, at 9 x 8 px (dHash, Krawetz 2013)."""
    grey = image.convert("L").resize((9, 8), Image.Resampling.BOX).tobytes()
    brighter = bytearray(map(operator.lt, grey, grey[1:]))
    del brighter[8::9]  # from the end of a row to the next
    return int(brighter.translate(b"01" + bytes(254)), 2)
