"""A zip's table of contents, line by line as it is: nothing is believed yet, and no entry is looked at.

The end record says where it is (APPNOTE 4.3.16), for large archives a second one of 64 bits does (4.3.14).
"""

import os
import struct
from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

from tl.config import Refused, refusal
from tl.datasets.encodings import RawName, said_name
from tl.languages import later, say

CENTRAL, END = b"PK\x01\x02", b"PK\x05\x06"
END64, LOCATOR64 = b"PK\x06\x06", b"PK\x06\x07"
AGAIN = later("pack the class folders into a plain zip again")


class ZipEntry(NamedTuple):
    """One line of the table of contents, unchecked."""

    name: RawName
    flags: int
    method: int
    crc: int
    packed: int
    size: int
    mode: int  # Unix mode bits, 0 where unknown
    offset: int  # of the local header


def damaged_archive(shown: str, what: str) -> Refused:
    """What is said of an archive that is not whole."""
    return refusal(
        "{shown} is damaged or cut off ({what}); copy it again, or {again}.", shown=shown, what=what, again=say(AGAIN)
    )


def find_contents(file: BinaryIO, shown: str) -> tuple[int, int, int]:
    """(offset, bytes, entries) of the table of contents, which must lie right before the end record. Raises
    Refused."""
    file_size = file.seek(0, os.SEEK_END)
    tail_start = max(0, file_size - 22 - 65535)
    file.seek(tail_start)
    tail = file.read()
    place = tail.rfind(END)
    while place >= 0 and (
        len(tail) - place < 22 or place + 22 + struct.unpack_from("<H", tail, place + 20)[0] != len(tail)
    ):
        place = tail.rfind(END, 0, place)
    if place < 0:
        raise damaged_archive(shown, say("it has no end record"))
    disk, first_disk, here, count, size, offset = struct.unpack_from("<HHHHII", tail, place + 4)
    end = tail_start + place
    if 0xFFFF in (disk, first_disk, here, count) or 0xFFFFFFFF in (size, offset):
        end, disk, first_disk, here, count, size, offset = _find_contents64(file, end, shown)
    if disk or first_disk or here != count:
        raise refusal(
            "{shown} is one part of a zip in several parts; pack the class folders into one zip.", shown=shown
        )
    if offset + size != end:
        raise damaged_archive(shown, say("its table of contents is not where its end record says"))
    if not count:
        raise refusal("{shown} is an empty zip; pack one folder of pictures per class into it.", shown=shown)
    return offset, size, count


def _find_contents64(file: BinaryIO, end: int, shown: str) -> tuple[int, int, int, int, int, int, int]:
    file.seek(max(0, end - 20))
    locator = file.read(20)
    if locator[:4] != LOCATOR64:
        raise damaged_archive(shown, say("its zip64 record is missing"))
    place = struct.unpack_from("<Q", locator, 8)[0]
    if place > end - 76:
        raise damaged_archive(shown, say("its zip64 record is out of place"))
    file.seek(place)
    record = file.read(56)
    if record[:4] != END64 or place + 12 + struct.unpack_from("<Q", record, 4)[0] != end - 20:
        raise damaged_archive(shown, say("its zip64 record is out of place"))
    return place, *struct.unpack_from("<IIQQQQ", record, 16)


def read_entries(data: bytes, count: int, shown: str) -> list[ZipEntry]:
    """The `count` lines of the table. Raises Refused."""
    entries: list[ZipEntry] = []
    place = 0
    while place + 46 <= len(data) and data.startswith(CENTRAL, place) and len(entries) <= count:
        flags, method, _, crc, packed, size, name_length, extra_length, comment_length, _, _, attributes, offset = (
            struct.unpack_from("<HHIIIIHHHHHII", data, place + 8)
        )
        name_end = place + 46 + name_length
        extra_end = name_end + extra_length
        extra = data[name_end:extra_end]
        packed, size, offset = _sizes64(extra, packed, size, offset, shown)
        raw = data[place + 46 : name_end]
        name = RawName(raw, said_name(raw, bool(flags & 0x800), _fields(extra)))
        entries.append(ZipEntry(name, flags, method, crc, packed, size, attributes >> 16, offset))
        place = extra_end + comment_length
    if len(entries) != count or place != len(data):
        raise damaged_archive(
            shown,
            say("its table of contents lists {number:,} of {total:,} entries", number=len(entries), total=count),
        )
    return entries


def _sizes64(extra: bytes, packed: int, size: int, offset: int, shown: str) -> tuple[int, int, int]:
    """Sizes and offset with those of 64 bits put in, which stand in an extra field in this order: size, packed, offset."""
    if 0xFFFFFFFF not in (packed, size, offset):
        return packed, size, offset
    for kind, field in _fields(extra):
        if kind == 1:
            wanted = [size == 0xFFFFFFFF, packed == 0xFFFFFFFF, offset == 0xFFFFFFFF]
            if len(field) < 8 * sum(wanted):
                break
            numbers = iter(struct.unpack_from(f"<{sum(wanted)}Q", field))
            size, packed, offset = (
                next(numbers) if is_64 else number for is_64, number in zip(wanted, (size, packed, offset), strict=True)
            )
            return packed, size, offset
    raise damaged_archive(shown, say("an entry's zip64 sizes are missing"))


def _fields(extra: bytes) -> Iterator[tuple[int, bytes]]:
    """(kind, data) of each whole extra field."""
    place = 0
    while place + 4 <= len(extra):
        kind, length = struct.unpack_from("<HH", extra, place)
        if place + 4 + length > len(extra):
            return
        yield kind, extra[place + 4 : place + 4 + length]
        place += 4 + length
