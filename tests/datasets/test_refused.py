"""What must not come in: every crafted archive is refused with one sentence, and nothing of it stays."""

import re
import struct
import zlib

import pytest
from crafted import deflated, entries_of, entry, forged, picture, pictures, traces, two_classes, zipped

from tl.config import Refused
from tl.datasets import ingest
from tl.datasets.archive import Limits
from tl.datasets.intake import ingest_zip

GOOD = two_classes()
BAD_NAMES = {
    "../../evil.jpg": "leads out",
    "rose/../../evil.jpg": "leads out",
    "..": "leads out",
    "..\\..\\evil.jpg": "leads out",
    "/etc/passwd.jpg": "absolute path",
    "\\\\server\\share\\x.jpg": "absolute path",
    "C:\\windows\\x.jpg": "drive letter",
    "c:x.jpg": "drive letter",
    "rose/a\0.jpg": "NUL",
}


@pytest.mark.parametrize("name", BAD_NAMES)
def test_a_name_that_could_leave_the_folder_is_refused(home, tmp_path, name):
    refuse(home, forged(tmp_path / "x.zip", [*entries_of(GOOD), entry(name, picture())]), BAD_NAMES[name])


SPECIAL = {
    "link": ({"mode": 0o120777}, "is a link"),
    "device": ({"mode": 0o060644}, "is a device"),
    "fifo": ({"mode": 0o010644}, "is a device"),
    "socket": ({"mode": 0o140644}, "is a device"),
    "encrypted": ({"flags": 0x801}, "is encrypted"),
    "strongly encrypted": ({"flags": 0x841}, "is encrypted"),
    "deflate64": ({"method": 9}, "method 9"),
    "lzma": ({"method": 14}, "method 14"),
    "two sizes": ({"size": 3}, "two sizes"),
    "two names": ({"local_name": b"rose/y.jpg"}, "two names"),
    "not there": ({"offset": 5}, "overlap"),
    "far away": ({"offset": 1 << 20}, "is not where"),
    "too long": ({"packed": 100_000, "size": 100_000}, "reaches into"),
    "no zip64 sizes": ({"size": 0xFFFFFFFF}, "zip64"),
}


@pytest.mark.parametrize("case", SPECIAL)
def test_an_entry_that_is_not_a_plain_file_is_refused(home, tmp_path, case):
    lies, piece = SPECIAL[case]
    refuse(home, forged(tmp_path / "x.zip", [*entries_of(GOOD), entry("rose/x.jpg", b"data", **lies)]), piece)


def test_entries_that_share_their_bytes_are_refused(home, tmp_path):
    shared = entry("rose/a.png", picture(), offset=0)
    refuse(home, forged(tmp_path / "x.zip", [entry("rose/a.png", picture()), shared]), "overlap")


def test_an_entry_that_quotes_the_next_ones_header_is_refused(home, tmp_path):
    inner = entry("rose/inner.png", picture())
    local = struct.pack("<HHHHHIIIHH", 20, 0, 0, 0, 0, inner["crc"], inner["packed"], inner["size"], 14, 0)
    quoted = b"PK\x03\x04" + local + b"rose/inner.png" + inner["data"]
    outer = entry("rose/outer.png", quoted)
    entries = [outer, inner | {"offset": 30 + len("rose/outer.png")}]
    refuse(home, forged(tmp_path / "x.zip", entries), "'rose/outer.png' and 'rose/inner.png' overlap")


def test_a_bomb_is_refused_by_its_ratio(home, tmp_path):
    bomb = deflated("rose/bomb.png", bytes(3_000_000))
    refuse(
        home,
        forged(tmp_path / "x.zip", [*entries_of(GOOD), bomb]),
        r"'rose/bomb.png' unpacks to [0-9,]+ times.*200 times",
    )


def test_well_packed_small_entries_are_no_bomb(home, tmp_path):
    files = [*entries_of(GOOD), deflated("notes.txt", bytes(900_000))]
    ingest(home, forged(tmp_path / "x.zip", files), "x")


LIMITS = {
    "entries": (Limits(entries=5), "6 entries; at most 5"),
    "contents": (Limits(contents_bytes=100), "table of contents .* at most 100 bytes"),
    "entry size": (Limits(entry_bytes=500), r"'rose/0.png' unpacks to \d+ bytes; at most 500 bytes"),
    "total size": (Limits(unpacked_bytes=1000), r"unpacks to .* kB; at most 1.0 kB"),
    "archive size": (Limits(archive_bytes=1000), "at most 1.0 kB"),
    "pixels": (Limits(pixels=100), "'rose/0.png' is too large; at most 0 million pixels"),
    "side": (Limits(side=15), "'rose/0.png' is too large; .* 15 px"),
    "classes": (Limits(classes=1), "2 class folders; at most 1"),
}


@pytest.mark.parametrize("case", LIMITS)
def test_every_limit_is_kept_and_named(home, tmp_path, case):
    limits, piece = LIMITS[case]
    path = zipped(tmp_path / "x.zip", GOOD)
    refuse(home, path, piece, lambda: ingest_zip(home, path, "x", title="x", origin="upload", limits=limits))


def test_an_announced_number_of_entries_is_checked_before_they_are_read(home, tmp_path):
    path = forged(tmp_path / "x.zip", entries_of(GOOD), count=40_000)
    limits = Limits(entries=1000)
    refuse(home, path, "40,000 entries", lambda: ingest_zip(home, path, "x", title="x", origin="upload", limits=limits))
    refuse(home, path, "lists 6 of 40,000 entries")


def test_a_picture_of_billions_of_pixels_is_refused_by_its_header(home, tmp_path):
    header = picture()[:16] + struct.pack(">II", 60_000, 60_000) + picture()[24:]
    refuse(
        home,
        zipped(tmp_path / "x.zip", GOOD | {"rose/huge.png": with_checksum(header)}),
        "'rose/huge.png' is too large",
    )


def with_checksum(png: bytes) -> bytes:
    """Put the right checksum behind a PNG's changed header."""
    return png[:29] + struct.pack(">I", zlib.crc32(png[12:29])) + png[33:]


KINDS = {
    "RAR": (b"Rar!\x1a\x07\x01\x00" + bytes(100), "is a RAR archive, not a zip"),
    "7z": (b"7z\xbc\xaf\x27\x1c" + bytes(100), "is a 7z archive"),
    "gzip": (b"\x1f\x8b\x08" + bytes(100), "is a gzip file"),
    "tar": (bytes(257) + b"ustar" + bytes(300), "is a tar archive"),
    "JPEG": (picture(kind="JPEG"), "is a JPEG picture"),
    "text": (b"hello, world", "is not a zip"),
    "nothing": (b"", "is empty"),
    "no entries": (b"PK\x05\x06" + bytes(18), "is an empty zip"),
    "only the magic": (b"PK\x03\x04", "damaged or cut off"),
}


@pytest.mark.parametrize("case", KINDS)
def test_what_is_no_zip_is_called_by_its_name(home, tmp_path, case):
    data, piece = KINDS[case]
    path = tmp_path / "x.zip"
    path.write_bytes(data)
    refuse(home, path, piece)


@pytest.mark.parametrize("kept", [0.2, 0.9, 0.999])
def test_a_zip_that_was_cut_off_is_refused(home, tmp_path, kept):
    path = zipped(tmp_path / "x.zip", GOOD)
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * kept)])
    refuse(home, path, "damaged or cut off")


@pytest.mark.parametrize(
    ("before", "after", "piece"), [(b"junk", b"", "not a zip"), (b"", b"junk", "damaged"), (b"PK\x03\x04", b"", "")]
)
def test_bytes_that_belong_to_no_entry_are_refused(home, tmp_path, before, after, piece):
    refuse(home, forged(tmp_path / "x.zip", entries_of(GOOD), before=before, after=after), piece)


def test_a_file_that_is_also_a_folder_is_refused(home, tmp_path):
    refuse(home, zipped(tmp_path / "x.zip", GOOD | {"rose": b"x"}), "'rose' is both a file and a folder")


LAYOUTS = {
    "no folders": ({f"{number}.png": picture(number) for number in range(6)}, "no class folders"),
    "one class": (pictures("rose"), "only one class folder, 'rose'"),
    "one class, wrapped": (pictures("a/b/rose"), "only one class folder, 'rose'"),
    "nothing but junk": ({"__MACOSX/a/._x.png": b"x", ".DS_Store": b"x"}, "holds no pictures"),
    "nothing but text": ({"a/x.txt": b"hello", "b/y.jpg": b"<html>"}, "None of the 2 files is a readable picture"),
    "Cat and cat": (pictures("Cat") | pictures("cat"), "'Cat' and 'cat' have the same name"),
    "two spellings of é": (pictures("caf\u00e9") | pictures("cafe\u0301"), "have the same name"),
    "invisible difference": (pictures("cat") | pictures("ca\u200bt"), "have the same name"),
    "too few": (pictures("rose", 2) | pictures("tulip"), "'rose' has only 2 different readable pictures"),
    "copies": (
        {f"rose/{n}.png": picture() for n in range(9)} | pictures("tulip"),
        "'rose' has only 1 readable picture",
    ),
    "other classes": (
        two_classes("train/") | pictures("val/rose") | pictures("val/lily"),
        "train folder has no .* 'lily'",
    ),
    "fewer classes": (two_classes("train/") | pictures("val/rose"), "validation folder has no .* 'tulip'"),
    "no train": (two_classes("val/") | two_classes("test/"), "none for training"),
    "two trains": (two_classes("train/") | two_classes("training/") | two_classes("val/"), "both look like train"),
    "one to train on": (two_classes("train/", 1) | two_classes("test/"), "only 1 readable picture for training"),
}


@pytest.mark.parametrize("case", LAYOUTS)
def test_folders_that_make_no_classes_are_refused(home, tmp_path, case):
    files, piece = LAYOUTS[case]
    refuse(home, zipped(tmp_path / "x.zip", files), piece)


def test_a_file_that_is_not_there_is_refused(home, tmp_path):
    refuse(home, tmp_path / "none.zip", "no file")


@pytest.mark.parametrize("name", ["blossoms", "cifar10", "Rose", "../x", "", "a" * 41])
def test_a_name_that_is_taken_or_no_name_is_refused(home, tmp_path, name):
    path = zipped(tmp_path / "x.zip", GOOD)
    refuse(home, path, "name", lambda: ingest(home, path, name))


def test_a_name_is_given_once(home, tmp_path):
    path = zipped(tmp_path / "x.zip", GOOD)
    ingest(home, path, "x")
    before = traces(home.path)
    with pytest.raises(Refused, match="already a data set 'x'"):
        ingest(home, path, "x")
    assert traces(home.path) == before


def refuse(home, path, piece, run=None):
    """Ingesting `path` is refused in one sentence that holds `piece`, and nothing was written."""
    with pytest.raises(Refused) as refusal:
        run() if run else ingest(home, path, "x")
    message = str(refusal.value)
    assert re.search(piece, message), message
    assert "\n" not in message
    assert message.endswith(".")
    assert traces(home.path) == []
    assert not list(home.datasets_dir.glob("*"))
