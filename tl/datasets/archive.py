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

from tl.config import refusal
from tl.datasets.encodings import Names, read_names
from tl.datasets.zip_contents import AGAIN, END, ZipEntry, damaged_archive, find_contents, read_entries
from tl.decoding import compression
from tl.languages import later, say

LOCAL = b"PK\x03\x04"
MAGIC = {  # what a file starts with -> what it is
    b"Rar!\x1a\x07": later("a RAR archive"),
    b"7z\xbc\xaf\x27\x1c": later("a 7z archive"),
    b"\x1f\x8b": later("a gzip file"),
    b"BZh": later("a bzip2 file"),
    b"\xfd7zXZ\x00": later("an xz file"),
    b"\x28\xb5\x2f\xfd": later("a zstd file"),
    b"\xff\xd8\xff": later("a JPEG picture"),
    b"\x89PNG": later("a PNG picture"),
    b"%PDF": later("a PDF document"),
}
MOST_TIMES = 1_032  # deflate can't make its input smaller than this part of it


@dataclass(frozen=True, kw_only=True)
class UploadLimits:
    """What an upload may be at most."""

    archive_bytes: int = 16 * 1024**3  # the zip itself
    unpacked_bytes: int = 32 * 1024**3  # all entries together
    entry_bytes: int = 256 * 1024**2  # one entry, unpacked; a larger one is never unpacked
    entries: int = 200_000
    contents_bytes: int = 64 * 1024**2  # the zip's own table of contents
    name_bytes: int = 4_096  # of one entry's name with its folders
    depth: int = 32  # folders one inside another
    pixels: int = 250_000_000  # of one picture, as far as the memory of the process that decodes it goes
    side: int = 65_535  # pixels, as many as a JPEG can have
    classes: int = 1_000
    table_bytes: int = 64 * 1024**2  # of a table that says what belongs together
    pictures: int = 200_000  # files that may be pictures: entries without folders and junk
    minutes: float | None = None  # that decoding all of them may take; None: any


LIMITS = UploadLimits()


class Member(NamedTuple):
    """One file of an archive: where its bytes are and what the archive says of them."""

    name: str
    start: int  # offset of the packed bytes
    packed: int  # bytes in the archive
    size: int  # bytes unpacked
    method: int  # one of tl.decoding.compression.READ
    crc: int


class Contents(NamedTuple):
    """What a zip holds."""

    members: list[Member]  # in the order of its table of contents; folders' names end with '/'
    names: Names  # how their names were read


def check_kind(path: Path, limits: UploadLimits = LIMITS, shown: str | None = None) -> None:
    """Refuse a file that is absent, empty, too big or by its first bytes no zip; `shown` is its name in messages."""
    shown = shown or path.name
    if not path.is_file():
        raise refusal("There is no file {path!r}; give the path of a zip of class folders.", path=str(path))
    size = path.stat().st_size
    if not size:
        raise refusal("{shown} is empty (0 bytes); give a zip of class folders.", shown=shown)
    if size > limits.archive_bytes:
        text = later("{shown} has {size}; at most {most} are accepted.")
        raise refusal(text, shown=shown, size=_bytes(size), most=_bytes(limits.archive_bytes))
    with open(path, "rb") as file:
        head = file.read(512)
    if head.startswith((LOCAL, END)):
        return
    kind = next((kind for magic, kind in MAGIC.items() if head.startswith(magic)), None)
    if kind:
        raise refusal("{shown} is {kind}, not a zip; {again}.", shown=shown, kind=say(kind), again=say(AGAIN))
    raise refusal("{shown} is not a zip; {again}.", shown=shown, again=say(AGAIN))


def read_members(path: Path, limits: UploadLimits = LIMITS, shown: str | None = None) -> list[Member]:
    """The members of `read_contents`; Refused, too, where one is larger than an entry may be."""
    members = read_contents(path, limits, shown).members
    if large := next((member for member in members if member.size > limits.entry_bytes), None):
        raise refusal(
            "{shown}: the entry {name!r:.200} unpacks to {size}; at most {most} are accepted.",
            shown=shown or path.name,
            name=large.name,
            size=_bytes(large.size),
            most=_bytes(limits.entry_bytes),
        )
    return members


def read_contents(
    path: Path, limits: UploadLimits = LIMITS, shown: str | None = None, encoding: str | None = None
) -> Contents:
    """All entries of the zip at `path`, checked.

    Raises Refused, naming the entry and the limit, for whatever is not a plain, harmless, whole zip. `shown` is the
    name used in messages; `encoding` that of the names of which the zip does not say it, see `encodings.NAMES`.
    """
    shown = shown or path.name
    check_kind(path, limits, shown)
    with open(path, "rb") as file:
        start, size, count = find_contents(file, shown)
        if count > limits.entries:
            text = later("{shown} has {count:,} entries; at most {most:,} are accepted.")
            raise refusal(text, shown=shown, count=count, most=limits.entries)
        if size > limits.contents_bytes:
            text = later("The table of contents of {shown} has {size}; at most {most} are accepted.")
            raise refusal(text, shown=shown, size=_bytes(size), most=_bytes(limits.contents_bytes))
        file.seek(start)
        entries = read_entries(file.read(size), count, shown)
        read = read_names([entry.name for entry in entries], encoding)
        names = [_checked_name(entry, name, shown, limits) for entry, name in zip(entries, read.texts, strict=True)]
        for entry, name in zip(entries, names, strict=True):
            _check_entry(entry, name, shown)
        _check_tree(names, shown)
        starts = _check_places(file, entries, names, start, shown)
    total = sum(entry.size for entry in entries if entry.size <= limits.entry_bytes)
    if total > limits.unpacked_bytes:
        text = later("{shown} unpacks to {size}; at most {most} are accepted.")
        raise refusal(text, shown=shown, size=_bytes(total), most=_bytes(limits.unpacked_bytes))
    members = [
        Member(name, starts[position], entry.packed, entry.size, entry.method, entry.crc)
        for position, (entry, name) in enumerate(zip(entries, names, strict=True))
    ]
    return Contents(members, read)


def _bytes(number: float) -> str:
    if number < 1000:
        return say("{number:,.0f} bytes", number=number)
    unit = "kB"
    number /= 1000
    for larger in ("MB", "GB"):
        if number < 1000:
            break
        number, unit = number / 1000, larger
    return f"{number:,.0f} {unit}" if number >= 10 else f"{number:.1f} {unit}"


def _checked_name(entry: ZipEntry, name: str, shown: str, limits: UploadLimits) -> str:
    """The entry's name with '/' between folders; Refused where it could lead out of the folder."""
    path = name.replace("\\", "/")
    number = most = 0
    if "\0" in name:
        problem = later("{shown}: the name of the entry {name!r:.200} holds a NUL character; {again}.")
    elif path.startswith("/"):
        problem = later("{shown}: the name of the entry {name!r:.200} is an absolute path; {again}.")
    elif re.match(r"[A-Za-z]:", path):
        problem = later("{shown}: the name of the entry {name!r:.200} starts with a drive letter; {again}.")
    elif ".." in path.split("/"):
        problem = later("{shown}: the name of the entry {name!r:.200} leads out of the folder; {again}.")
    elif not path:
        problem = later("{shown}: the name of the entry {name!r:.200} is empty; {again}.")
    elif (number := max(len(entry.name.raw), len(path))) > (most := limits.name_bytes):
        problem = later(
            "{shown}: the name of the entry {name!r:.200} has {number:,} bytes; at most {most:,} are accepted; {again}."
        )
    elif (number := path.count("/")) > (most := limits.depth):
        problem = later(
            "{shown}: the name of the entry {name!r:.200} lies {number:,} folders deep; at most {most:,} are accepted; {again}."
        )
    else:
        return path
    raise refusal(problem, shown=shown, name=name, number=number, most=most, again=say(AGAIN))


def _check_entry(entry: ZipEntry, name: str, shown: str) -> None:
    kind = stat.S_IFMT(entry.mode)
    if kind == stat.S_IFLNK:
        text = later("{shown}: the entry {name!r:.200} is a link; replace it by the picture and pack again.")
        raise refusal(text, shown=shown, name=name)
    if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
        text = later("{shown}: the entry {name!r:.200} is a device, not a file; remove it and pack again.")
        raise refusal(text, shown=shown, name=name)
    if entry.flags & 0x2041:  # encrypted, strongly encrypted, encrypted table of contents
        text = later("{shown}: the entry {name!r:.200} is encrypted; pack the folders without a password.")
        raise refusal(text, shown=shown, name=name)
    if entry.method not in compression.READ:
        text = later(
            "{shown}: the entry {name!r:.200} is packed by {method}, which is not supported; unpack it and pack the "
            "folders again, with 'deflate' where the program lets you choose."
        )
        number = entry.method
        known = (
            say("{name}, method {number}", name=compression.NAMES[number], number=number)
            if number in compression.NAMES
            else ""
        )
        raise refusal(text, shown=shown, name=name, method=known or say("method {number}", number=number))
    if entry.method == compression.STORED and entry.packed != entry.size:
        raise damaged_archive(shown, say("the entry {name!r:.200} has two sizes", name=name))
    # No more than that can come of it: it is a lie, and what is built upon it can be anything.
    if entry.size > MOST_TIMES * entry.packed + MOST_TIMES:
        text = later(
            "{shown}: the entry {name!r:.200} says that it unpacks to {times:,} times its size, which no zip can; {again}."
        )
        raise refusal(text, shown=shown, name=name, times=entry.size // max(1, entry.packed), again=say(AGAIN))


def _check_tree(names: list[str], shown: str) -> None:
    files = {name for name in names if not name.endswith("/")}
    for folder in {name[: name.rindex("/")] for name in names if "/" in name}:
        while folder:
            if folder in files:
                text = later("{shown}: {name!r:.200} is both a file and a folder; {again}.")
                raise refusal(text, shown=shown, name=folder, again=say(AGAIN))
            folder = folder.rpartition("/")[0]


def _check_places(file: BinaryIO, entries: list[ZipEntry], names: list[str], contents: int, shown: str) -> list[int]:
    """Offsets of the packed bytes; Refused where entries overlap or a local header tells another story."""
    starts, free, previous = [0] * len(entries), 0, ""
    for position in sorted(range(len(entries)), key=lambda position: entries[position].offset):
        entry = entries[position]
        if entry.offset < free:
            text = later("{shown}: the entries {first!r:.200} and {second!r:.200} overlap; {again}.")
            raise refusal(text, shown=shown, first=previous, second=names[position], again=say(AGAIN))
        if not free and entry.offset:
            text = later("{shown} starts with {number:,} bytes that belong to no entry; {again}.")
            raise refusal(text, shown=shown, number=entry.offset, again=say(AGAIN))
        header = os.pread(file.fileno(), 30 + len(entry.name.raw), entry.offset)
        if header[:4] != LOCAL or len(header) < 30 or entry.offset + 30 > contents:
            misplaced = say("the entry {name!r:.200} is not where the table of contents says", name=names[position])
            raise damaged_archive(shown, misplaced)
        name_length, extra_length = struct.unpack_from("<HH", header, 26)
        if header[30:] != entry.name.raw or name_length != len(entry.name.raw):
            raise damaged_archive(shown, say("the entry {name!r:.200} has two names", name=names[position]))
        starts[position] = entry.offset + 30 + name_length + extra_length
        free, previous = starts[position] + entry.packed, names[position]
        if free > contents:
            raise damaged_archive(
                shown, say("the entry {name!r:.200} reaches into the table of contents", name=previous)
            )
    return starts
