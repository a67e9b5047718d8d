"""Bytes of a picture -> RGB uint8 square. Imports numpy only where a picture needs it: its process starts in a blink."""

import io
import math
import operator

from PIL import (  # the plugins register the formats on import
    BmpImagePlugin,  # noqa: F401
    GifImagePlugin,  # noqa: F401
    Image,
    JpegImagePlugin,  # noqa: F401
    PngImagePlugin,  # noqa: F401
    TiffImagePlugin,  # noqa: F401
    WebPImagePlugin,  # noqa: F401
)

FORMATS = ("JPEG", "PNG", "WEBP", "BMP", "GIF", "TIFF")
STARTS = (b"\xff\xd8\xff", b"\x89PNG", b"RIFF", b"BM", b"GIF8", b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")  # of FORMATS
LARGEST = 256  # px; the shorter side of what is kept of a larger picture
MIN_SIDE = 8  # pixels
STRIP_PIXELS = 2_000_000  # of a picture converted at once
NOT_A_PICTURE, UNREADABLE, TOO_SMALL, NESTED = "not a picture", "unreadable", "too small", "nested archive"
OTHER_FORMAT = "format not read (convert it to JPEG or PNG)"
TOO_MUCH_MEMORY = "needs too much memory (make it smaller)"
CRASHES = "crashes or stalls the decoder"  # found out by the parent
TOO_MANY_PIXELS = "too many pixels"  # refuses the whole upload
ARCHIVES = (b"PK\x03\x04", b"PK\x05\x06", b"Rar!\x1a\x07", b"7z\xbc\xaf\x27\x1c", b"\x1f\x8b", b"BZh", b"\xfd7zXZ\x00")
EXIF_KEYS = {"exif", "Raw profile type exif", "xmp", "XML:com.adobe.xmp"}  # where Pillow looks for an orientation
OTHER_FORMATS = (b"8BPS", b"%PDF", b"%!PS", b"\xff\x0a", b"\0\0\0\x0cJXL ", b"\0\0\0\x0cjP  ", b"SIMPLE  =")
BRANDS = (b"heic", b"heix", b"hevc", b"mif1", b"msf1", b"avif", b"avis", b"crx ")  # what telephones and cameras write
TRANSPOSE = {  # EXIF orientation -> what turns the picture upright
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


class LeftOut(Exception):
    """A picture that can't be used; the text is the reason it is counted under."""


def open_picture(data: bytes, max_pixels: int, max_side: int) -> tuple[Image.Image, int]:
    """The picture, not decoded yet, and the shorter side it came with. Raises LeftOut.

    A JPEG is set to be decoded at a half, quarter or eighth where that is enough.
    """
    try:
        image = Image.open(io.BytesIO(data), formats=FORMATS)
        width, height = image.size
        if width * height > max_pixels or max(width, height) > max_side:
            raise LeftOut(TOO_MANY_PIXELS)
        if min(width, height) < MIN_SIDE:
            raise LeftOut(TOO_SMALL)
        image.draft("RGB", (LARGEST, LARGEST))
    except (LeftOut, MemoryError):
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise LeftOut(TOO_MANY_PIXELS) from None
    except Exception as problem:  # the decoders raise whatever they like
        raise LeftOut(UNREADABLE) from problem
    return image, min(width, height)


def square(image: Image.Image) -> Image.Image:
    """The centre square, upright, RGB, LARGEST px a side or less where the picture is smaller. Raises LeftOut.

    Carries nothing of the file but pixels: no EXIF, no comment, no colour profile.
    """
    try:
        image.load()
        orientation = _orientation(image)  # a PNG may say it after its pixels
        loaded = _centre(image)
        side = min(LARGEST, loaded.width)
        if loaded.width != side:
            loaded = loaded.resize((side, side), Image.Resampling.BICUBIC)
        if orientation in TRANSPOSE:
            loaded = loaded.transpose(TRANSPOSE[orientation])
        return Image.frombytes("RGB", (side, side), loaded.tobytes())
    except MemoryError:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise LeftOut(TOO_MANY_PIXELS) from None
    except Exception as problem:
        raise LeftOut(UNREADABLE) from problem


def scaled(image: Image.Image, side: int) -> Image.Image:
    """A square picture at another size."""
    return image if image.width == side else image.resize((side, side), Image.Resampling.BICUBIC)


def check_head(head: bytes) -> None:
    """Whether a file that begins so may be a picture. Raises LeftOut with what it is instead."""
    if head.startswith(STARTS) and (head[:4] != b"RIFF" or head[8:12] == b"WEBP"):
        return
    if head.startswith(ARCHIVES) or head[257:262] == b"ustar":
        raise LeftOut(NESTED)
    in_container = head[4:8] == b"ftyp" and head[8:12] in BRANDS
    raise LeftOut(
        OTHER_FORMAT if in_container or head.startswith(OTHER_FORMATS) or b"<svg" in head[:500] else NOT_A_PICTURE
    )


def _orientation(image: Image.Image) -> int:
    if image.format == "TIFF" or not EXIF_KEYS & image.info.keys():  # Pillow itself turns a TIFF when it loads it
        return 1
    try:
        return image.getexif().get(0x0112, 1)
    except Exception:  # damaged EXIF says nothing about the pixels
        return 1


def _centre(image: Image.Image) -> Image.Image:
    """The centre square as RGB. What is far larger than LARGEST is reduced strip by strip: memory stays at one decoded
    picture and a strip."""
    short = min(image.size)
    left, top = (image.width - short) // 2, (image.height - short) // 2
    factor = max(1, short // (4 * LARGEST))
    rows = max(1, STRIP_PIXELS // (short * factor)) * factor

    def strips():
        for first in range(0, short, rows):
            yield first, image.crop((left, top + first, left + short, top + min(first + rows, short)))

    levels = _levels(strip for _, strip in strips()) if image.mode.startswith("I") or image.mode == "F" else None
    canvas = Image.new("RGB", (math.ceil(short / factor),) * 2)
    for first, strip in strips():
        canvas.paste(to_rgb(strip, levels).reduce(factor), (0, first // factor))
    return canvas


def to_rgb(image: Image.Image, levels: tuple[float, float] | None = None) -> Image.Image:
    """Any mode to RGB: transparency on white, 16 bit and float scaled (not clipped) to 8 bit by `levels`."""
    if levels:
        image = _to_8_bit(image, *levels)
    if image.mode in ("RGBA", "LA", "PA", "La", "RGBa") or "transparency" in image.info:
        image = image.convert("RGBA")
        white = Image.new("RGBA", image.size, "white")
        return Image.alpha_composite(white, image).convert("RGB")
    return image if image.mode == "RGB" else image.convert("RGB")


def _levels(strips) -> tuple[float, float]:
    """What becomes black and what becomes white."""
    import numpy as np

    lowest, highest, kind = 0.0, 0.0, ""
    for strip in strips:
        values, kind = np.asarray(strip), strip.mode
        if not np.isfinite(values).all():
            raise ValueError("not finite")
        lowest, highest = min(lowest, float(values.min())), max(highest, float(values.max()))
    top = highest - lowest
    # float pictures run to 1 or to 255; whole numbers have 16 bits, or as many as their largest value needs
    scales = (1, 255, 65535) if kind == "F" else (65535,)
    return lowest, next((scale for scale in scales if top <= scale), top)


def _to_8_bit(image: Image.Image, black: float, white: float) -> Image.Image:
    import numpy as np

    values = (np.asarray(image).astype(np.float64) - black) * (255 / white)
    return Image.fromarray(np.round(values).astype(np.uint8), "L")


def difference_hash(image: Image.Image) -> int:
    """64 bits that hardly change when a picture is scaled, recoloured or compressed again: is it darker or brighter
    than its right neighbour, at 9 x 8 px (dHash, Krawetz 2013)."""
    grey = image.convert("L").resize((9, 8), Image.Resampling.BOX).tobytes()
    brighter = bytearray(map(operator.lt, grey, grey[1:]))
    del brighter[8::9]  # from the end of a row to the next
    return int(brighter.translate(b"01" + bytes(254)), 2)
