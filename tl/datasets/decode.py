"""Bytes of a picture -> RGB uint8 square. Also the process that does it: `python -P tl/datasets/decode.py`.

Run as a process it reads one JSON task per line from stdin and answers one JSON line each; pool.py is its parent. It
imports nothing of TL Lab and neither numpy nor torch unless a picture needs it, so that it starts in a blink.
"""

import hashlib
import io
import json
import os
import resource
import signal
import sys
import warnings
import zlib

from PIL import (  # the plugins register the formats on import
    BmpImagePlugin,  # noqa: F401
    GifImagePlugin,  # noqa: F401
    Image,
    ImageFile,
    JpegImagePlugin,  # noqa: F401
    PngImagePlugin,  # noqa: F401
    TiffImagePlugin,  # noqa: F401
    WebPImagePlugin,  # noqa: F401
)

FORMATS = ("JPEG", "PNG", "WEBP", "BMP", "GIF", "TIFF")
MIN_SIDE = 8  # pixels
CPU_SECONDS = 20.0  # per picture
MEMORY_BYTES = 3 * 1024**3  # address space of one decoding process
NOT_A_PICTURE, UNREADABLE, TOO_SMALL, NESTED = "not a picture", "unreadable", "too small", "nested archive"
OTHER_FORMAT = "format not read (convert it to JPEG or PNG)"
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


def square(data: bytes, side: int, max_pixels: int, max_side: int) -> tuple[bytes, int]:
    """Decode a picture: shorter side scaled to `side` px, centre cropped.

    Returns side * side * 3 bytes of RGB and the shorter side the picture came with. Raises LeftOut.
    """
    if data.startswith(ARCHIVES) or data[257:262] == b"ustar":
        raise LeftOut(NESTED)
    try:
        image = Image.open(io.BytesIO(data), formats=FORMATS)
    except Image.UnidentifiedImageError:
        raise LeftOut(OTHER_FORMAT if _is_other_format(data) else NOT_A_PICTURE) from None
    except Exception as problem:  # the decoders raise whatever they like
        raise LeftOut(UNREADABLE) from problem
    width, height = image.size
    if width * height > max_pixels or max(width, height) > max_side:
        raise LeftOut(TOO_MANY_PIXELS)
    if min(width, height) < MIN_SIDE:
        raise LeftOut(TOO_SMALL)
    try:
        image.draft("RGB", (2 * side, 2 * side))  # JPEG: decode at a half, quarter or eighth where that is enough
        loaded = to_rgb(image)
        orientation, image = _orientation(image), loaded  # a PNG may say it after its pixels
        wide, high = image.size
        short = min(wide, high)
        left, top = (wide - short) / 2, (high - short) / 2
        if (wide, high) != (side, side):
            box = (left, top, left + short, top + short)
            image = image.resize((side, side), Image.Resampling.BICUBIC, box)
        if orientation in TRANSPOSE:
            image = image.transpose(TRANSPOSE[orientation])
        return image.tobytes(), min(width, height)
    except Exception as problem:
        raise LeftOut(UNREADABLE) from problem


def _is_other_format(data: bytes) -> bool:
    in_container = data[4:8] == b"ftyp" and data[8:12] in BRANDS
    return in_container or data.startswith(OTHER_FORMATS) or b"<svg" in data[:500]


def _orientation(image: Image.Image) -> int:
    if image.format == "TIFF" or not EXIF_KEYS & image.info.keys():  # Pillow itself turns a TIFF when it loads it
        return 1
    try:
        return image.getexif().get(0x0112, 1)
    except Exception:  # damaged EXIF says nothing about the pixels
        return 1


def to_rgb(image: Image.Image) -> Image.Image:
    """Any mode to RGB: transparency on white, 16 bit and float scaled (not clipped) to 8 bit."""
    if image.mode.startswith("I") or image.mode == "F":
        image = _to_8_bit(image)
    if image.mode in ("RGBA", "LA", "PA", "La", "RGBa") or "transparency" in image.info:
        image = image.convert("RGBA")
        white = Image.new("RGBA", image.size, "white")
        return Image.alpha_composite(white, image).convert("RGB")
    image.load()
    return image if image.mode == "RGB" else image.convert("RGB")


def _to_8_bit(image: Image.Image) -> Image.Image:
    import numpy as np

    values = np.asarray(image).astype(np.float64)
    if not np.isfinite(values).all():
        raise ValueError("not finite")
    if values.min() < 0:
        values -= values.min()
    top = values.max()
    # float pictures run to 1 or to 255; whole numbers have 16 bits, or as many as their largest value needs
    scales = (1, 255, 65535) if image.mode == "F" else (65535,)
    full = next((scale for scale in scales if top <= scale), top)
    return Image.fromarray(np.round(values * (255 / full)).astype(np.uint8), "L")


def unpack(file: int, start: int, packed: int, size: int, method: int, crc: int) -> bytes:
    """The bytes of one archive entry; never more than the `size` it was announced with. Raises LeftOut."""
    data = os.pread(file, packed, start)
    if method:
        inflater = zlib.decompressobj(-15)
        try:
            data = inflater.decompress(data, size + 1)
        except zlib.error:
            raise LeftOut(UNREADABLE) from None
    if len(data) != size or zlib.crc32(data) != crc:
        raise LeftOut(UNREADABLE)
    return data


def _work(task: dict) -> list:
    """Decode `task["rows"]`, each [slot, start, packed, size, method, crc], into slots of the file `task["out"]`.

    Answers per row [sha256, shorter side in px, reason or null].
    """
    answers, side = [], task["side"]
    source, out = os.open(task["source"], os.O_RDONLY), os.open(task["out"], os.O_WRONLY)
    try:
        for slot, *place in task["rows"]:
            signal.setitimer(signal.ITIMER_PROF, CPU_SECONDS)  # unhandled: it ends this process, the parent finds out
            digest, short, reason = "", 0, None
            try:
                data = unpack(source, *place)
                digest = hashlib.sha256(data).hexdigest()
                pixels, short = square(data, side, task["max_pixels"], task["max_side"])
                os.pwrite(out, pixels, slot * side * side * 3)
            except LeftOut as problem:
                reason = str(problem)
            except MemoryError:
                reason = UNREADABLE
            answers.append([digest, short, reason])
        signal.setitimer(signal.ITIMER_PROF, 0)
    finally:
        os.close(source)
        os.close(out)
    return answers


def main() -> None:
    """Answer tasks until stdin ends."""
    warnings.simplefilter("ignore")
    Image.MAX_IMAGE_PIXELS = None  # checked by `square` with its own limit, before anything is decoded
    ImageFile.LOAD_TRUNCATED_IMAGES = False
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    print("ready", flush=True)
    for line in sys.stdin:
        try:
            answer = _work(json.loads(line))
        except OSError as problem:  # the disk, not the picture: the parent raises it again
            answer = {"errno": problem.errno, "message": str(problem)}
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
