"""TIFFs that Pillow does not read: any number of bands, any size of number. Pillow only unpacks their bytes.

A TIFF with bands of many bytes holds the same bytes as a grey one of 8 bits that is as many times as wide: that one is
described by a directory of our own behind the file, and Pillow (libtiff) unpacks it.
"""

import io
import struct
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from PIL import Image, TiffImagePlugin

from tl.decoding.heads import FEW_BANDS, MANY_BANDS, TOO_MUCH_MEMORY, UNREADABLE, LeftOut

# Tags, TIFF 6.0
WIDTH, HEIGHT, BITS, COMPRESSION, PHOTOMETRIC, OFFSETS, ORIENTATION, SAMPLES, ROWS, COUNTS = (
    256, 257, 258, 259, 262, 273, 274, 277, 278, 279,
)  # fmt: skip
PLANAR, PREDICTOR, TILE_WIDTH, TILE_HEIGHT, TILE_OFFSETS, TILE_COUNTS, FORMAT = 284, 317, 322, 323, 324, 325, 339
NO_DATA = 42113  # GDAL
NEXT = -1  # no tag of a file: where its next page is, 0 for none
SHORTS = {BITS, COMPRESSION, PHOTOMETRIC, SAMPLES, PLANAR}
UNPACKED = (1, 5, 8, 32773, 32946, 34925, 50000)  # as they are, LZW, deflate, packbits, LZMA, zstd: bytes of any kind
KINDS = {1: "u", 2: "i", 3: "f"}  # sample format -> numpy's letter
MOST_BANDS = 512
MOST_BYTES = 64 * 1024**2  # unpacked; it is in memory three times

Tags = Mapping[int, Any]


class Plan(NamedTuple):
    """How the values lie in the file."""

    width: int
    height: int
    bands: int
    item: np.dtype[Any]
    apart: bool  # whether each band lies by itself


def tags_of(data: bytes) -> Tags:
    """The first directory. Raises LeftOut."""
    try:
        directory = TiffImagePlugin.ImageFileDirectory_v2(data[: 16 if 43 in data[2:4] else 8])
        file = io.BytesIO(data)
        file.seek(directory.next)
        directory.load(file)
        return {**directory, NEXT: directory.next}
    except Exception as problem:  # whatever Pillow makes of damaged bytes
        raise LeftOut(UNREADABLE) from problem


def reading_plan(data: bytes, tags: Tags) -> Plan:
    """How its values lie in the file. Raises LeftOut where they can't be read."""
    try:
        bits, formats = tags.get(BITS, (1,)), tags.get(FORMAT, (1,))
        width, height, bands = int(tags[WIDTH]), int(tags[HEIGHT]), int(tags.get(SAMPLES, 1))
        item = np.dtype(f"{'<' if data[:2] == b'II' else '>'}{KINDS[formats[0]]}{bits[0] // 8}")
        alike = len({*bits}) == 1 and len({*formats}) == 1 and bits[0] % 8 == 0
    except (KeyError, TypeError, ValueError, IndexError):
        raise LeftOut(UNREADABLE) from None
    readable = alike and tags.get(COMPRESSION, 1) in UNPACKED and tags.get(PREDICTOR, 1) in (1, 2)
    if not readable or not 1 <= bands <= MOST_BANDS or min(width, height) < 1:
        raise LeftOut(UNREADABLE)
    return Plan(width, height, bands, item, tags.get(PLANAR, 1) == 2 and bands > 1)


def bands_shown(count: int, chosen: Sequence[int]) -> tuple[int, ...]:
    """Numbers of the bands to show, from 1: those chosen, else all of up to three, the first three of four.

    Raises LeftOut where there are more than four and none were chosen, or fewer than were.
    """
    if chosen and count > 2:
        if max(chosen) > count:
            raise LeftOut(FEW_BANDS)
        return tuple(chosen)
    if count > 4:
        raise LeftOut(MANY_BANDS)
    return (1, 2, 3) if count > 2 else (1,)


def read_bands(data: bytes, tags: Tags, plan: Plan, shown: Sequence[int]) -> npt.NDArray[np.generic]:
    """(H, W) values of the one band `shown`, (H, W, 3) of three. Raises LeftOut."""
    if plan.width * plan.height * plan.bands * plan.item.itemsize > MOST_BYTES:
        raise LeftOut(TOO_MUCH_MEMORY)
    places, sizes = (TILE_OFFSETS, TILE_COUNTS) if TILE_OFFSETS in tags else (OFFSETS, COUNTS)
    try:
        offsets, counts = _sequence(tags[places]), _sequence(tags[sizes])
    except KeyError:
        raise LeftOut(UNREADABLE) from None
    if not plan.apart:
        values = _plane(data, tags, plan, plan.bands, offsets, counts)[..., [band - 1 for band in shown]]
    else:
        each = len(offsets) // plan.bands  # strips or tiles of a band
        parts = (slice((band - 1) * each, band * each) for band in shown)
        values = np.concatenate([_plane(data, tags, plan, 1, offsets[part], counts[part]) for part in parts], 2)
    return values[..., 0] if len(shown) == 1 else values


def _sequence(value: Any) -> tuple[int, ...]:
    return value if isinstance(value, tuple) else (value,)


def _plane(
    data: bytes, tags: Tags, plan: Plan, bands: int, offsets: tuple[int, ...], counts: tuple[int, ...]
) -> npt.NDArray[np.generic]:
    """(H, W, bands) values of these strips or tiles."""
    times = bands * plan.item.itemsize  # bytes a pixel
    entries: dict[int, tuple[int, ...]] = {
        WIDTH: (plan.width * times,),
        HEIGHT: (plan.height,),
        BITS: (8,),
        PHOTOMETRIC: (1,),
        SAMPLES: (1,),
    }
    entries |= {COMPRESSION: (tags.get(COMPRESSION, 1),), PLANAR: (1,)}
    step = plan.width
    if TILE_OFFSETS in tags:
        step = int(tags[TILE_WIDTH])
        entries |= {TILE_WIDTH: (step * times,), TILE_HEIGHT: (int(tags[TILE_HEIGHT]),)}
        entries |= {TILE_OFFSETS: offsets, TILE_COUNTS: counts}
    else:
        entries |= {OFFSETS: offsets, COUNTS: counts, ROWS: (min(int(tags.get(ROWS, plan.height)), plan.height),)}
    image = Image.open(io.BytesIO(_described(data, entries)), formats=("TIFF",))
    values = np.array(image).view(plan.item).reshape(plan.height, plan.width, bands)
    if tags.get(PREDICTOR, 1) == 2:  # each value is the difference from its left neighbour
        values = values.astype(plan.item.newbyteorder("="))
        for first in range(0, plan.width, step):
            part = values[:, first : first + step]
            np.cumsum(part, axis=1, dtype=values.dtype, out=part)
    return values


def _described(data: bytes, entries: dict[int, tuple[int, ...]]) -> bytes:
    """The file with another directory behind it."""
    order = "<" if data[:2] == b"II" else ">"
    start = len(data) + len(data) % 2
    behind = start + 2 + 12 * len(entries) + 4
    lines, more = b"", b""
    for tag, values in sorted(entries.items()):
        letter, kind = ("H", 3) if tag in SHORTS else ("L", 4)
        packed = struct.pack(f"{order}{len(values)}{letter}", *values)
        if len(packed) > 4:
            packed, more = struct.pack(f"{order}L", behind + len(more)), more + packed + b"\0" * (len(packed) % 2)
        lines += struct.pack(f"{order}HHL", tag, kind, len(values)) + packed.ljust(4, b"\0")
    head = data[:2] + struct.pack(f"{order}HL", 42, start)
    directory = struct.pack(f"{order}H", len(entries)) + lines + bytes(4)
    return b"".join([head, data[8:], bytes(len(data) % 2), directory, more])
