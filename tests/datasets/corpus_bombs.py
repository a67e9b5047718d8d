"""Small files that ask for a lot: by ratio, count, size, pixels, or by what a decoder allocates."""

import io
import struct
import zipfile
import zlib

import numpy as np
from corpus import GOOD, LEFT_OUT, Case, accepted, beside, left_out, of, refused
from crafted import deflated, entries_of, entry, forged, picture, pictures, png_of, zipped, zipped_bytes
from PIL import Image

from tl.datasets.archive import UploadLimits

KB = "kB"
LIMITS = {
    "entries": (UploadLimits(entries=5), "has 6 entries; at most 5 are accepted"),
    "table of contents": (UploadLimits(contents_bytes=100), "table of contents .* at most 100 bytes"),
    "size of all entries": (UploadLimits(unpacked_bytes=1000), "unpacks to .* kB; at most 1.0 kB"),
    "size of the zip": (UploadLimits(archive_bytes=1000), "at most 1.0 kB"),
    "pixels": (UploadLimits(pixels=100), r"None of the 6 files is a readable picture \(6 PNG files: too many pixels "),
    "side": (UploadLimits(side=15), r"None of the 6 files is a readable picture \(6 PNG files: too many pixels "),
    "classes": (UploadLimits(classes=1), "2 class folders; at most 1"),
}


def saved(image: Image.Image, kind: str, **about) -> bytes:
    data = io.BytesIO()
    image.save(data, kind, **about)
    return data.getvalue()


def with_size(png: bytes, width: int, height: int) -> bytes:
    """A PNG whose header says another size, with the right checksum."""
    header = png[12:16] + struct.pack(">II", width, height) + png[24:29]
    return png[:12] + header + struct.pack(">I", zlib.crc32(header)) + png[33:]


def with_chunk(png: bytes, kind: bytes, data: bytes) -> bytes:
    chunk = struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    return png[:33] + chunk + png[33:]


def webp_of(width: int, height: int) -> bytes:
    """A WebP whose canvas is said to be so large."""
    small = saved(Image.new("RGBA", (16, 16), (0, 0, 0, 9)), "WEBP", lossless=True)
    canvas = b"VP8X" + struct.pack("<I", 10) + b"\x10\0\0\0"
    canvas += struct.pack("<I", width - 1)[:3] + struct.pack("<I", height - 1)[:3]
    return b"RIFF" + struct.pack("<I", len(small) - 8 + len(canvas)) + b"WEBP" + canvas + small[12:]


def tiff_of(width: int, height: int) -> bytes:
    """A TIFF header that announces so many pixels and has none."""
    tags = [(256, 4, 1, width), (257, 4, 1, height), (258, 3, 1, 8), (259, 3, 1, 1), (262, 3, 1, 1), (273, 4, 1, 8)]
    tags += [(277, 3, 1, 1), (278, 4, 1, height), (279, 4, 1, width * height & 0xFFFFFFFF)]
    body = b"".join(struct.pack("<HHII", *tag) for tag in tags)
    return b"II*\0" + struct.pack("<IH", 8, len(tags)) + body + bytes(4)


def gif_frames(count: int) -> bytes:
    frames = [Image.fromarray(np.full((16, 16), number % 250, np.uint8)) for number in range(count)]
    return saved(frames[0], "GIF", save_all=True, append_images=frames[1:])


MANY_PIXELS = {
    "PNG of 60,000 x 60,000": with_size(picture(), 60_000, 60_000),
    "PNG of 2 billion x 2 billion": with_size(picture(), 2**31 - 1, 2**31 - 1),
    "strip of 1 x 100,000": with_size(picture(), 1, 100_000),
    "GIF of 65,535 x 65,535": b"GIF89a" + struct.pack("<HHBBB", 65_535, 65_535, 0, 0, 0) + gif_frames(1)[13:],
    "BMP of 50,000 x 50,000": (lambda bmp: bmp[:18] + struct.pack("<ii", 50_000, 50_000) + bmp[26:])(
        picture(kind="BMP")
    ),
    "WebP of 16,383 x 16,383": webp_of(16_383, 16_383),
    "TIFF of 50,000 x 50,000": tiff_of(50_000, 50_000),
}

NIGHT = saved(Image.new("RGB", (1_000, 1_000)), "BMP")  # 3 MB

CASES = [
    *(refused(f"limit: {what}", of(GOOD), says, limits) for what, (limits, says) in LIMITS.items()),
    *(left_out(what, {"rose/huge.png": data}, "too many pixels (make it smaller)") for what, data in MANY_PIXELS.items()),
    Case("a file beyond the size of an entry", of(GOOD | {"rose/film.mov": bytes(3_000)}), LEFT_OUT, {"too large a file": 1}, UploadLimits(entry_bytes=2_900)),
    left_out("nothing that packs a thousandfold", {"rose/bomb.png": bytes(3_000_000)}, "not a picture"),
    accepted("a dark bitmap that packs a thousandfold", lambda path: zipped(path, GOOD | {"rose/night.bmp": NIGHT}, zipfile.ZIP_DEFLATED)),
    refused(
        "an announced number of entries is believed before they are read",
        beside(count=40_000), "has 40,000 entries; at most 1,000", UploadLimits(entries=1_000),
    ),
    refused(
        "a size beyond what deflate can", beside(deflated("rose/bomb.png", bytes(3_000_000), size=9_000_000)),
        "'rose/bomb.png' says that it unpacks to [0-9,]+ times its size, which no zip can",
    ),
    refused(
        "a size that is only announced",
        beside(entry("rose/x.png", b"x", method=8, size=0xFFFFFFF0)), "unpacks to [0-9,]+ times its size, which no zip can",
    ),
    accepted("PNG of 48 million black pixels", of(pictures("tulip") | pictures("rose") | {"rose/b.png": png_of(8_000, 6_000)})),
    accepted("GIF of 2,000 frames", of(GOOD | {"rose/x.gif": gif_frames(2_000)})),
    accepted("small entries that pack well", lambda path: forged(path, entries_of(
        {name: saved(Image.new("RGB", (300, 300), (number * 40, 9, 9)), "BMP") for number, name in enumerate(GOOD)}))),
    left_out("well packed notes", {"notes.txt": bytes(900_000)}, "not a picture"),
    left_out("a zip of zips of zips", {"x.zip": zipped_bytes({"y.zip": zipped_bytes({"z.zip": zipped_bytes(GOOD)})})}, "nested archive"),
    left_out(
        "PNG with a text chunk that inflates to 100 MB",
        {"rose/x.png": with_chunk(picture(), b"zTXt", b"x\0\0" + zlib.compress(bytes(100_000_000), 9))}, "unreadable",
    ),
    left_out("TIFF without its pixels", {"rose/x.tif": tiff_of(5_000, 5_000)}, "unreadable"),
]  # fmt: skip
