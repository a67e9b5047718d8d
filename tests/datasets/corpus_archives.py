"""The archive itself: no zip, damaged, lying about its entries, or honest in an unusual way."""

import io
import struct
import zipfile

from corpus import GOOD, LEFT_OUT, Case, accepted, beside, left_out, of, raw, refused
from crafted import deflated, entries_of, entry, forged, picture, zipped, zipped_bytes

NO_ZIP = {
    "RAR": (b"Rar!\x1a\x07\x01\x00" + bytes(100), "is a RAR archive, not a zip"),
    "7z": (b"7z\xbc\xaf\x27\x1c" + bytes(100), "is a 7z archive|damaged"),
    "gzip": (b"\x1f\x8b\x08" + bytes(100), "is damaged or cut off"),
    "bzip2": (b"BZh9" + bytes(100), "is damaged or cut off"),
    "xz": (b"\xfd7zXZ\0" + bytes(100), "is damaged or cut off"),
    "zstd": (b"\x28\xb5\x2f\xfd" + bytes(100), "is a zstd file"),
    "tar": (bytes(257) + b"ustar" + bytes(300), "is damaged or cut off|holds no pictures|empty zip"),
    "JPEG": (picture(kind="JPEG"), "is a JPEG picture"),
    "PNG": (picture(), "is a PNG picture"),
    "PDF": (b"%PDF-1.7" + bytes(100), "is a PDF document"),
    "text": (b"hello, world", "is not a zip"),
    "web page": (b"<!doctype html><title>Sign in</title>", "is not a zip"),
    "0 bytes": (b"", "is empty"),
    "1 byte": (b"P", "is not a zip"),
    "zip without entries": (b"PK\x05\x06" + bytes(18), "is an empty zip"),
    "only a zip's magic": (b"PK\x03\x04", "damaged or cut off"),
}
LIES = {  # what the table of contents says of one entry
    "link": ({"mode": 0o120777}, "is a link"),
    "block device": ({"mode": 0o060644}, "is a device"),
    "character device": ({"mode": 0o020644}, "is a device"),
    "pipe": ({"mode": 0o010644}, "is a device"),
    "socket": ({"mode": 0o140644}, "is a device"),
    "encrypted": ({"flags": 0x801}, "is encrypted"),
    "strongly encrypted": ({"flags": 0x841}, "is encrypted"),
    "masked local header": ({"flags": 0x2800}, "is encrypted"),
    "AES": ({"method": 99, "flags": 0x801}, "is encrypted"),
    "deflate64": ({"method": 9}, "Deflate64, method 9, which is not supported; unpack it and pack"),
    "zstd": ({"method": 93}, "method 93"),
    "a method nobody knows": ({"method": 0xFFFF}, "method 65535"),
    "stored with two sizes": ({"size": 3}, "two sizes"),
    "another name in front of its bytes": ({"local_name": b"rose/y.jpg"}, "two names"),
    "offset inside another entry": ({"offset": 5}, "overlap"),
    "offset far away": ({"offset": 1 << 20}, "is not where"),
    "more bytes than there are": ({"packed": 100_000, "size": 100_000}, "reaches into"),
    "zip64 size without one": ({"size": 0xFFFFFFFF}, "zip64"),
    "zip64 sizes cut short": ({"size": 0xFFFFFFFF, "extra": b"\x01\0\x08\0abc"}, "zip64"),
    "zip64 size of exabytes": (
        {"size": 0xFFFFFFFF, "method": 8, "extra": b"\x01\0\x08\0" + b"\xff" * 7 + b"\x7f"},
        "unpacks to [0-9,]+ times",
    ),
}


def honest(files=GOOD) -> bytes:
    return zipped_bytes(files)


def same_bytes_twice(path):
    forged(path, [entry("rose/a.png", picture()), entry("rose/a.png", picture(), offset=0)])


def quoted(path):
    """Fifield's bomb: an entry whose packed bytes begin with the next entry's header."""
    inner = entry("rose/inner.png", picture())
    local = struct.pack("<HHHHHIIIHH", 20, 0, 0, 0, 0, inner["crc"], inner["packed"], inner["size"], 14, 0)
    outer = entry("rose/outer.png", b"PK\x03\x04" + local + b"rose/inner.png" + inner["data"])
    forged(path, [outer, inner | {"offset": 30 + len("rose/outer.png")}])


def streamed(path):
    """As programs write that can't seek: sizes and checksum stand behind the bytes."""

    class Pipe(io.RawIOBase):
        def writable(self):
            return True

        def write(self, data):
            with open(path, "ab") as file:
                return file.write(data)

    with zipfile.ZipFile(Pipe(), "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in GOOD.items():
            archive.writestr(name, data)


def zip64(path):
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in GOOD.items():
            with archive.open(name, "w", force_zip64=True) as member:
                member.write(data)


def with_record64(change: int = 0, place: int = 0):
    """A zip64 end record in front of the ordinary one, with its count or its place changed."""

    def build(path):
        data = honest()
        contents, end = data[:-22], data[-22:]
        count, size, offset = struct.unpack_from("<HII", end, 10)
        record = struct.pack(
            "<4sQHHIIQQQQ", b"PK\x06\x06", 44, 45, 45, 0, 0, count + change, count + change, size, offset
        )
        locator = struct.pack("<4sIQI", b"PK\x06\x07", 0, len(contents) + place, 1)
        path.write_bytes(contents + record + locator + end[:8] + b"\xff" * 12 + end[20:])

    return build


def commented(comment: bytes):
    def build(path):
        zipped(path, GOOD)
        with zipfile.ZipFile(path, "a") as archive:
            archive.comment = comment

    return build


def with_hidden_entry(path):
    """Bytes between the entries that the table of contents doesn't list."""
    kept = entries_of(GOOD)
    kept[2] |= {"data": kept[2]["data"] + b"PK\x03\x04" + bytes(26) + b"secret"}
    forged(path, kept)


def patched(where: int, data: bytes):
    """An honest zip with bytes of its end record replaced."""

    def build(path):
        whole = bytearray(honest())
        place = len(whole) - 22 + where
        whole[place : place + len(data)] = data
        path.write_bytes(whole)

    return build


PNG = picture(50)
CASES = [
    *(refused(f"no zip: {what}", raw(data), piece) for what, (data, piece) in NO_ZIP.items()),
    *(
        refused(f"entry: {what}", beside(entry("rose/x.jpg", b"data", **lie)), says)
        for what, (lie, says) in LIES.items()
    ),
    refused("two entries of the same bytes", same_bytes_twice, "'rose/a.png' and 'rose/a.png' overlap"),
    refused("an entry that quotes the next one's header", quoted, "'rose/outer.png' and 'rose/inner.png' overlap"),
    *(
        refused(f"cut off after {kept:.1%}", raw(honest()[: int(len(honest()) * kept)]), "damaged or cut off")
        for kept in (0.2, 0.9, 0.999)
    ),
    refused("without its last 22 bytes", raw(honest()[:-22]), "no end record"),
    refused("bytes in front", beside(before=b"MZ junk"), "not a zip"),
    refused("an entry's magic in front", beside(before=b"PK\x03\x04"), "starts with 4 bytes|overlap"),
    refused("a JPEG that is a zip, too", beside(before=picture(kind="JPEG")), "is a JPEG picture, not a zip"),
    refused("bytes behind", beside(after=b"junk"), "damaged or cut off"),
    refused("two end records", commented(b"PK\x05\x06" + bytes(18)), "empty zip|damaged"),
    refused("more entries announced than listed", beside(count=40_000), "lists 6 of 40,000 entries"),
    refused("fewer entries announced than listed", beside(count=3), "of 3 entries"),
    refused("a part of several", patched(4, b"\x02\0"), "one part of a zip in several parts"),
    refused("table of contents out of place", patched(16, b"\0\0\0\0"), "table of contents is not where"),
    refused("zip64 record out of place", with_record64(place=4), "zip64 record is out of place"),
    refused("zip64 record far away", with_record64(place=1 << 40), "zip64 record is out of place"),
    refused("zip64 record of another count", with_record64(change=1), "lists 6 of 7 entries"),
    refused("zip64 announced, no record", patched(8, b"\xff" * 12), "zip64 record is missing"),
    refused("a file that is also a folder", of(GOOD | {"rose": b"x"}), "'rose' is both a file and a folder"),
    accepted("zip64 end record", with_record64()),
    accepted("zip64 entries", zip64),
    accepted("deflated", lambda path: zipped(path, GOOD, zipfile.ZIP_DEFLATED)),
    accepted("bzip2", lambda path: zipped(path, GOOD, zipfile.ZIP_BZIP2)),
    accepted("LZMA", lambda path: zipped(path, GOOD, zipfile.ZIP_LZMA)),
    accepted("streamed with data descriptors", streamed),
    accepted("a comment", commented("für die Prüfung".encode())),
    accepted("a comment of 65,535 bytes", commented(b"PK\x05\x06" * 16_383 + b"end")),
    accepted("an entry that the table of contents does not list", with_hidden_entry),
    accepted("a folder entry with bytes", beside(entry("rose/", picture(9)))),
    Case(
        "bytes that are not as announced",
        beside(
            entry("rose/sum.png", PNG, crc=1),
            deflated("rose/longer.png", PNG, size=len(PNG) - 10),
            deflated("rose/shorter.png", PNG, size=len(PNG) + 10),
            entry("rose/noise.png", bytes(range(6, 200)), method=8),
            entry("rose/bzip2.png", b"BZh9" + bytes(range(6, 200)), method=12),
            entry("rose/lzma.png", b"\x09\x04\x05\x00\x5d\xff\xff\xff\xff" + bytes(200), method=14),
            entry("rose/short.png", b"\x09", method=14),
        ),
        LEFT_OUT,
        {"unreadable": 7},
    ),
    left_out("zips in the zip", {"rose/a.zip": honest(), "b.zip": honest()}, "nested archive"),
    left_out("another archive as a picture", {"rose/inner.png": b"Rar!\x1a\x07\x01\x00"}, "nested archive"),
]
