"""The bytes of a file -> a picture, opened by its head, bounded before it is decoded, decoded as far as it goes.

Imports numpy and the library for HEIC only where a picture needs them: its process starts in a blink.
"""

import io
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from PIL import (  # the plugins register the formats on import
    AvifImagePlugin,
    BmpImagePlugin,  # noqa: F401
    GifImagePlugin,  # noqa: F401
    Image,
    ImageChops,
    ImageFile,
    JpegImagePlugin,
    PngImagePlugin,
    PpmImagePlugin,  # noqa: F401
    TiffImagePlugin,
    WebPImagePlugin,  # noqa: F401
)

from tl.decoding import heads
from tl.decoding.heads import LeftOut
from tl.decoding.pixels import LARGEST, TRANSPOSE, judged, orientation

if TYPE_CHECKING:
    from tl.decoding.deep import Deep

FORMATS = ("JPEG", "PNG", "WEBP", "BMP", "GIF", "TIFF", "PPM")  # besides AVIF and HEIC, which lie in a container
MIN_SIDE = 8  # pixels
MOST_BYTES = 224 * 1024**2  # that decoding one picture may need, about
PIXEL_BYTES = {"1": 1, "L": 1, "P": 1, "I;16": 2, "I;16B": 2}  # that Pillow takes; 4 of all other modes
FORMAT_BYTES = {"WEBP": 13, "AVIF": 9, "HEIF": 9}  # a pixel, measured: a library decodes, and Pillow copies
WHOLE_SHARE = 0.9  # of a JPEG's height that must be there where its end is missing
GREY = 128  # what libjpeg makes of pixels that are missing
SCAN = b"\xff\xda"  # begins one in a JPEG
AvifImagePlugin.DEFAULT_MAX_THREADS = 1  # each core has a process of its own


class Opened(NamedTuple):
    """A picture of which only the head was read."""

    short: int  # the shorter side it came with, pixels
    need_bytes: int  # that decoding it takes, about
    load: "Callable[[], Image.Image | Deep]"  # decodes it; raises LeftOut
    notes: list[str]  # what is to be told of it, complete once it is loaded


def open_picture(data: bytes, max_pixels: int, max_side: int, bands: Sequence[int] = ()) -> Opened:
    """The picture in these bytes. Raises LeftOut for none, and for one beyond the bounds.

    `bands`: which three of a TIFF with more are red, green and blue, counted from 1.
    """
    form = heads.container(data)
    reason = heads.HEIC_UNREADABLE if form == "HEIF" else heads.UNREADABLE
    if form == "HEIF":
        _learn_heic()
    with judged(reason):
        if data[:2] in (b"II", b"MM"):
            return _tiff(data, max_pixels, max_side, bands)
        if data[:4] == b"RIFF":  # its decoder takes the memory for a picture when it is opened
            width, height = _webp_size(data)
            _bounded((width, height), max_pixels, max_side)
            _check_memory(width * height * FORMAT_BYTES["WEBP"])
        image = Image.open(io.BytesIO(data), formats=(form,) if form else FORMATS)
        return _ordinary(image, data, max_pixels, max_side, reason)


def _ordinary(
    image: Image.Image, data: bytes, max_pixels: int, max_side: int, reason: str = heads.UNREADABLE
) -> Opened:
    """What Pillow reads by itself. A JPEG is decoded at a half, quarter or eighth where that is enough."""
    short = _bounded(image.size, max_pixels, max_side)
    whole = image.size
    image.draft("RGB", (LARGEST, LARGEST))
    need = image.width * image.height * FORMAT_BYTES.get(image.format or "", PIXEL_BYTES.get(image.mode, 4))
    if image.info.get("progressive"):  # all its coefficients are in memory
        need += int(whole[0] * whole[1] * 2 * _layers(image))
    _check_memory(need)
    notes: list[str] = []

    def load() -> "Image.Image | Deep":
        with judged(reason):
            found = _decoded(image, data, notes)
            if low is None and not found.mode.startswith(("I", "F")):
                return found
            from tl.decoding import deep

            if low is not None:
                low.load()
            return deep.of_image(found, low, orientation(found))

    low = _low_bytes(image, data)
    return Opened(short, need if low is None else 2 * need, load, notes)


def _check_memory(need_bytes: int) -> None:
    if need_bytes > MOST_BYTES:
        raise LeftOut(heads.TOO_MUCH_MEMORY)


def _webp_size(data: bytes) -> tuple[int, int]:
    """Width and height by the first chunk of a WebP (RFC 9649, 2.5 to 2.7)."""
    kind = data[12:16]
    if kind == b"VP8X":
        return 1 + int.from_bytes(data[24:27], "little"), 1 + int.from_bytes(data[27:30], "little")
    if kind == b"VP8L":
        bits = int.from_bytes(data[21:25], "little")
        return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    return int.from_bytes(data[26:28], "little") & 0x3FFF, int.from_bytes(data[28:30], "little") & 0x3FFF


def _layers(image: Image.Image) -> float:
    """How many numbers a pixel of a JPEG has, on average: 3, or 1.5 where colours are stored at half the resolution."""
    if not isinstance(image, JpegImagePlugin.JpegImageFile):
        return 0
    areas = [across * down for _, across, down, _ in image.layer]
    return sum(areas) / max(areas)


def _bounded(size: tuple[int, int], max_pixels: int, max_side: int) -> int:
    """The shorter side. Raises LeftOut for what is too large or too small."""
    if size[0] * size[1] > max_pixels or max(size) > max_side:
        raise LeftOut(heads.TOO_MANY_PIXELS)
    if min(size) < MIN_SIDE:
        raise LeftOut(heads.TOO_SMALL)
    return min(size)


def _decoded(image: Image.Image, data: bytes, notes: list[str]) -> Image.Image:
    """The picture with its pixels; of a JPEG whose end is missing what is there."""
    try:
        image.load()
    except OSError as problem:
        if isinstance(image, JpegImagePlugin.JpegImageFile) and "truncated" in str(problem):
            notes.append(heads.CUT_SHORT)
            return _cut_short(data)
        raise
    return image


def _cut_short(data: bytes) -> Image.Image:
    """A JPEG whose end is missing, the rest grey. Raises LeftOut where much is missing."""
    image = Image.open(io.BytesIO(data), formats=("JPEG",))
    image.draft("RGB", (LARGEST, LARGEST))
    ImageFile.LOAD_TRUNCATED_IMAGES = True
    try:
        image.load()
    finally:
        ImageFile.LOAD_TRUNCATED_IMAGES = False
    if image.info.get("progressive"):
        enough = _last_scan_begun(data)
    else:
        grey = Image.new(image.mode, image.size, (GREY,) * len(image.getbands()) if image.mode != "L" else GREY)
        there = ImageChops.difference(image, grey).getbbox(alpha_only=False)
        enough = there is not None and there[3] >= WHOLE_SHARE * image.height
    if not enough:
        raise LeftOut(heads.UNREADABLE)
    return image


def _last_scan_begun(data: bytes) -> bool:
    """Whether a progressive JPEG lacks at most a part of the last refinement of its details (ITU T.81, B.2.3)."""
    place = data.rfind(SCAN)
    if place < 0 or place + 5 > len(data):
        return False
    behind = place + 5 + 2 * data[place + 4]  # length, number of components, two bytes for each; then what it refines
    if behind + 3 > len(data):
        return False
    return data[behind + 1] == 63 and data[behind + 2] & 15 == 0


def _low_bytes(image: Image.Image, data: bytes) -> Image.Image | None:
    """Of a PNG with 16 bits a colour, of which Pillow keeps the high bytes, another image that will hold the low ones."""
    if not isinstance(image, PngImagePlugin.PngImageFile) or not image.tile or image.tile[0][3] != "RGB;16B":
        return None
    low = Image.open(io.BytesIO(data), formats=("PNG",))
    assert isinstance(low, PngImagePlugin.PngImageFile)
    low.tile = [tile._replace(args="RGB;16L") for tile in low.tile]  # reads the second byte of two
    return low


def _learn_heic() -> None:
    """Let Pillow read HEIC: only where one comes, since that library takes time and memory. Raises LeftOut."""
    if "HEIF" in Image.OPEN:
        return
    try:
        import pillow_heif
    except ImportError:  # an installation of before
        raise LeftOut(heads.OTHER_FORMAT) from None
    pillow_heif.register_heif_opener(thumbnails=False, depth_images=False, aux_images=False, decode_threads=1)


def _tiff(data: bytes, max_pixels: int, max_side: int, bands: Sequence[int]) -> Opened:
    """A TIFF: by Pillow, or band by band where Pillow can't, drops bits, or others are wanted than it takes."""
    image = None
    try:
        image = Image.open(io.BytesIO(data), formats=("TIFF",))
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise LeftOut(heads.TOO_MANY_PIXELS) from None
    except (MemoryError, OSError, SyntaxError, TypeError, ValueError):
        image = None
    if isinstance(image, TiffImagePlugin.TiffImageFile):
        known = image.tag_v2
        count = known.get(277, 1)
        sixteen = image.mode == "RGB" and known.get(258, (8,))[0] == 16
        if not sixteen and not (bands and count > 2):
            opened = _ordinary(image, data, max_pixels, max_side)
            opened.notes.extend([heads.FIRST_PAGE] * bool(known.next) + [heads.FIRST_BANDS] * (count > 4))
            return opened
    from tl.decoding import deep, tiff

    tags = tiff.tags_of(data)
    plan = tiff.reading_plan(data, tags)
    shown = tiff.bands_shown(plan.bands, bands)
    short = _bounded((plan.width, plan.height), max_pixels, max_side)
    turned = int(tags.get(tiff.ORIENTATION, 1))

    def load() -> "Image.Image | Deep":
        with judged():
            values = tiff.read_bands(data, tags, plan, shown)
            if plan.item.itemsize == 1 and plan.item.kind == "u":
                found = Image.fromarray(values)
                return found.transpose(TRANSPOSE[turned]) if turned in TRANSPOSE else found
            return deep.of_array(values, deep.number_of(tags.get(tiff.NO_DATA)), turned)

    pages = [heads.FIRST_PAGE] * bool(tags.get(tiff.NEXT))
    return Opened(short, 3 * plan.width * plan.height * plan.bands * plan.item.itemsize, load, pages)
