"""A zip of unknown origin: its table of contents, read and checked before a single entry is unpacked.

Python's zipfile is not used: it rewrites names like '../x' in silence and reads overlapping entries without complaint.
"""

import os
import re
import stat
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, NamedTuple

from tl.config import Refused
from tl.decoding import methods

LOCAL, CENTRAL, END = b"PK\x03\x04", b"PK\x01\x02", b"PK\x05\x06"
END64, LOCATOR64 = b"PK\x06\x06", b"PK\x06\x07"
MAGIC = {  # what a file starts with -> what it is
    b"Rar!\x1a\x07": "a RAR archive",
    b"7z\xbc\xaf\x27\x1c": "a 7z archive",
    b"\x1f\x8b": "a gzip file",
    b"BZh": "a bzip2 file",
    b"\xfd7zXZ\x00": "an xz file",
    b"\x28\xb5\x2f\xfd": "a zstd file",
    b"\xff\xd8\xff": "a JPEG picture",
    b"\x89PNG": "a PNG picture",
    b"%PDF": "a PDF document",
}
AGAIN = "pack the class folders into a plain zip again"


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What an upload may be at most."""

    archive_bytes: int = 16 * 1024**3  # the zip itself
    unpacked_bytes: int = 32 * 1024**3  # all entries together
    entry_bytes: int = 256 * 1024**2  # one entry, unpacked
    entries: int = 200_000
    contents_bytes: int = 64 * 1024**2  # the zip's own table of contents
    ratio: int = 200  # unpacked / packed, of entries above `ratio_from` bytes
    ratio_from: int = 1_000_000
    name_bytes: int = 4_096  # of one entry's name with its folders
    depth: int = 32  # folders one inside another
    pixels: int = 50_400_000  # of one picture: 8,192 x 6,144 of a telephone's 50 megapixels
    side: int = 16_384  # pixels
    classes: int = 1_000
    table_bytes: int = 64 * 1024**2  # of a table that says what belongs together
    pictures: int = 200_000  # files that may be pictures: entries without folders and junk
    minutes: float | None = None  # that decoding all of them may take; None: any


LIMITS = Limits()


class Member(NamedTuple):
    """One file of an archive: where its bytes are and what the archive says of them."""

    name: str
    start: int  # offset of the packed bytes
    packed: int  # bytes in the archive
    size: int  # bytes unpacked
    method: int  # one of tl.decoding.methods.READ
    crc: int


class _Entry(NamedTuple):
    """One line of the table of contents, unchecked."""

    raw_name: bytes
    flags: int
    method: int
    crc: int
    packed: int
    size: int
    mode: int  # Unix mode bits, 0 where unknown
    offset: int  # of the local header


def check_kind(path: Path, limits: Limits = LIMITS, shown: str | None = None) -> None:
    """Refuse a file that is absent, empty, too big or by its first bytes no zip; `shown` is its name in messages."""
    shown = shown or path.name
    if not path.is_file():
        raise Refused(f"There is no file {str(path)!r}; give the path of a zip of class folders.")
    size = path.stat().st_size
    if not size:
        raise Refused(f"{shown} is empty (0 bytes); give a zip of class folders.")
    if size > limits.archive_bytes:
        raise Refused(f"{shown} has {_bytes(size)}; at most {_bytes(limits.archive_bytes)} are accepted.")
    with open(path, "rb") as file:
        head = file.read(512)
    if head.startswith((LOCAL, END)):
        return
    kind = next((kind for magic, kind in MAGIC.items() if head.startswith(magic)), None)
    raise Refused(f"{shown} {f'is {kind}, not a zip' if kind else 'is not a zip'}; {AGAIN}.")


def read_members(path: Path, limits: Limits = LIMITS, shown: str | None = None) -> list[Member]:
    """All entries of the zip at `path`, checked, in the order of its table of contents; folders' names end with '/'.

    Raises Refused, naming the entry and the limit, for whatever is not a plain, harmless, whole zip. `shown` is the
    name used in messages.
    """
    shown = shown or path.name
    check_kind(path, limits, shown)
    with open(path, "rb") as file:
        start, size, count = _find_contents(file, shown)
        if count > limits.entries:
            raise Refused(f"{shown} has {count:,} entries; at most {limits.entries:,} are accepted.")
        if size > limits.contents_bytes:
            raise Refused(
                f"The table of contents of {shown} has {_bytes(size)}; at most {_bytes(limits.contents_bytes)} are accepted."
            )
        file.seek(start)
        entries = _read_contents(file.read(size), count, shown)
        names = [_checked_name(entry, shown, limits) for entry in entries]
        for entry, name in zip(entries, names, strict=True):
            _check_entry(entry, name, shown, limits)
        _check_tree(names, shown)
        starts = _check_places(file, entries, names, start, shown)
    total = sum(entry.size for entry in entries)
    if total > limits.unpacked_bytes:
        raise Refused(f"{shown} unpacks to {_bytes(total)}; at most {_bytes(limits.unpacked_bytes)} are accepted.")
    return [
        Member(name, starts[position], entry.packed, entry.size, entry.method, entry.crc)
        for position, (entry, name) in enumerate(zip(entries, names, strict=True))
    ]


def _bytes(number: int) -> str:
    for unit in ("bytes", "kB", "MB", "GB"):
        if number < 1000 or unit == "GB":
            return f"{number:,.0f} {unit}" if number >= 10 or unit == "bytes" else f"{number:.1f} {unit}"
        number /= 1000


def _damaged(shown: str, what: str) -> Refused:
    return Refused(f"{shown} is damaged or cut off ({what}); copy it again, or {AGAIN}.")


def _find_contents(file: BinaryIO, shown: str) -> tuple[int, int, int]:
    """(offset, bytes, entries) of the table of contents, which must lie right before the end record."""
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
        raise _damaged(shown, "it has no end record")
    disk, first_disk, here, count, size, offset = struct.unpack_from("<HHHHII", tail, place + 4)
    end = tail_start + place
    if 0xFFFF in (disk, first_disk, here, count) or 0xFFFFFFFF in (size, offset):
        end, disk, first_disk, here, count, size, offset = _find_contents64(file, end, shown)
    if disk or first_disk or here != count:
        raise Refused(f"{shown} is one part of a zip in several parts; pack the class folders into one zip.")
    if offset + size != end:
        raise _damaged(shown, "its table of contents is not where its end record says")
    if not count:
        raise Refused(f"{shown} is an empty zip; pack one folder of pictures per class into it.")
    return offset, size, count


def _find_contents64(file: BinaryIO, end: int, shown: str) -> tuple[int, int, int, int, int, int, int]:
    file.seek(max(0, end - 20))
    locator = file.read(20)
    if locator[:4] != LOCATOR64:
        raise _damaged(shown, "its zip64 record is missing")
    place = struct.unpack_from("<Q", locator, 8)[0]
    if place > end - 76:
        raise _damaged(shown, "its zip64 record is out of place")
    file.seek(place)
    record = file.read(56)
    if record[:4] != END64 or place + 12 + struct.unpack_from("<Q", record, 4)[0] != end - 20:
        raise _damaged(shown, "its zip64 record is out of place")
    return place, *struct.unpack_from("<IIQQQQ", record, 16)


def _read_contents(data: bytes, count: int, shown: str) -> list[_Entry]:
    entries, place = [], 0
    while place + 46 <= len(data) and data.startswith(CENTRAL, place) and len(entries) <= count:
        flags, method, _, crc, packed, size, name_length, extra_length, comment_length, _, _, attributes, offset = (
            struct.unpack_from("<HHIIIIHHHHHII", data, place + 8)
        )
        name_end = place + 46 + name_length
        extra_end = name_end + extra_length
        packed, size, offset = _sizes64(data[name_end:extra_end], packed, size, offset, shown)
        entries.append(_Entry(data[place + 46 : name_end], flags, method, crc, packed, size, attributes >> 16, offset))
        place = extra_end + comment_length
    if len(entries) != count or place != len(data):
        raise _damaged(shown, f"its table of contents lists {len(entries):,} of {count:,} entries")
    return entries


def _sizes64(extra: bytes, packed: int, size: int, offset: int, shown: str) -> tuple[int, int, int]:
    """Sizes and offset with those of 64 bits put in, which stand in an extra field in this order: size, packed, offset."""
    if 0xFFFFFFFF not in (packed, size, offset):
        return packed, size, offset
    place = 0
    while place + 4 <= len(extra):
        kind, length = struct.unpack_from("<HH", extra, place)
        if kind == 1:
            wanted = [size == 0xFFFFFFFF, packed == 0xFFFFFFFF, offset == 0xFFFFFFFF]
            if length < 8 * sum(wanted) or place + 4 + length > len(extra):
                break
            numbers = iter(struct.unpack_from(f"<{sum(wanted)}Q", extra, place + 4))
            size, packed, offset = (
                next(numbers) if is_64 else number for is_64, number in zip(wanted, (size, packed, offset), strict=True)
            )
            return packed, size, offset
        place += 4 + length
    raise _damaged(shown, "an entry's zip64 sizes are missing")


def _checked_name(entry: _Entry, shown: str, limits: Limits) -> str:
    """The entry's name with '/' between folders; Refused where it could lead out of the folder."""
    try:
        name = entry.raw_name.decode("utf-8")
    except UnicodeDecodeError:
        name = entry.raw_name.decode("cp437")
    path = name.replace("\\", "/")
    if "\0" in name:
        problem = "holds a NUL character"
    elif path.startswith("/"):
        problem = "is an absolute path"
    elif re.match(r"[A-Za-z]:", path):
        problem = "starts with a drive letter"
    elif ".." in path.split("/"):
        problem = "leads out of the folder"
    elif not path:
        problem = "is empty"
    elif len(entry.raw_name) > limits.name_bytes:
        problem = f"has {len(entry.raw_name):,} bytes; at most {limits.name_bytes:,} are accepted"
    elif path.count("/") > limits.depth:
        problem = f"lies {path.count('/'):,} folders deep; at most {limits.depth} are accepted"
    else:
        return path
    raise Refused(f"{shown}: the name of the entry {name!r:.200} {problem}; {AGAIN}.")


def _check_entry(entry: _Entry, name: str, shown: str, limits: Limits) -> None:
    kind = stat.S_IFMT(entry.mode)
    if kind == stat.S_IFLNK:
        raise Refused(f"{shown}: the entry {name!r:.200} is a link; replace it by the picture and pack again.")
    if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
        raise Refused(f"{shown}: the entry {name!r:.200} is a device, not a file; remove it and pack again.")
    if entry.flags & 0x2041:  # encrypted, strongly encrypted, encrypted table of contents
        raise Refused(f"{shown}: the entry {name!r:.200} is encrypted; pack the folders without a password.")
    if entry.method not in methods.READ:
        raise Refused(
            f"{shown}: the entry {name!r:.200} is packed by {methods.name_of(entry.method)}, which is not read; unpack it "
            "and pack the folders again, with 'deflate' where the program lets you choose."
        )
    if entry.method == methods.STORED and entry.packed != entry.size:
        raise _damaged(shown, f"the entry {name!r:.200} has two sizes")
    if entry.size > limits.ratio_from and entry.size > limits.ratio * max(1, entry.packed):
        ratio = entry.size // max(1, entry.packed)
        raise Refused(
            f"{shown}: the entry {name!r:.200} unpacks to {ratio:,} times its size; at most {limits.ratio} times is accepted."
        )
    if entry.size > limits.entry_bytes:
        raise Refused(
            f"{shown}: the entry {name!r:.200} unpacks to {_bytes(entry.size)}; at most {_bytes(limits.entry_bytes)} are accepted."
        )


def _check_tree(names: list[str], shown: str) -> None:
    files = {name for name in names if not name.endswith("/")}
    for folder in {name[: name.rindex("/")] for name in names if "/" in name}:
        while folder:
            if folder in files:
                raise Refused(f"{shown}: {folder!r:.200} is both a file and a folder; {AGAIN}.")
            folder = folder.rpartition("/")[0]


def _check_places(file: BinaryIO, entries: list[_Entry], names: list[str], contents: int, shown: str) -> list[int]:
    """Offsets of the packed bytes; Refused where entries overlap or a local header tells another story."""
    starts, free, previous = [0] * len(entries), 0, ""
    for position in sorted(range(len(entries)), key=lambda position: entries[position].offset):
        entry = entries[position]
        if entry.offset < free:
            raise Refused(f"{shown}: the entries {previous!r:.200} and {names[position]!r:.200} overlap; {AGAIN}.")
        if not free and entry.offset:
            raise Refused(f"{shown} starts with {entry.offset:,} bytes that belong to no entry; {AGAIN}.")
        header = os.pread(file.fileno(), 30 + len(entry.raw_name), entry.offset)
        if header[:4] != LOCAL or len(header) < 30 or entry.offset + 30 > contents:
            raise _damaged(shown, f"the entry {names[position]!r:.200} is not where the table of contents says")
        name_length, extra_length = struct.unpack_from("<HH", header, 26)
        if header[30:] != entry.raw_name or name_length != len(entry.raw_name):
            raise _damaged(shown, f"the entry {names[position]!r:.200} has two names")
        starts[position] = entry.offset + 30 + name_length + extra_length
        free, previous = starts[position] + entry.packed, names[position]
        if free > contents:
            raise _damaged(shown, f"the entry {previous!r:.200} reaches into the table of contents")
    return starts
