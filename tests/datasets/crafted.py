"""Archives and pictures made up for the tests: honest ones by zipfile, dishonest ones byte by byte."""

import io
import os
import struct
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

import numpy as np
from PIL import Image

from tl.datasets import DatasetInfo, Edits, LayoutRequest, read
from tl.datasets.intake.layouts.reading import AS_FOUND
from tl.store.home import Home


def ingest(
    home: Home,
    source: str | os.PathLike | BinaryIO | list,
    name: str,
    progress: Callable[[int, int, str], None] | None = None,
    asked: LayoutRequest = AS_FOUND,
    edits: Edits | None = None,
    **how,
) -> DatasetInfo:
    """The data set of an archive of pictures, in the likeliest reading or as `asked`; `how`: what else `read` takes."""
    with read(home, source, name, progress, **how) as incoming:
        return incoming.create_dataset(incoming.choose(asked), edits)


def picture(seed: int = 0, size: tuple[int, int] = (16, 12), kind: str = "PNG", mode: str = "RGB", **save) -> bytes:
    """A picture of noise, width x height; another seed gives another picture."""
    noise = np.random.default_rng(seed).integers(0, 256, (size[1], size[0], 3), np.uint8)
    data = io.BytesIO()
    Image.fromarray(noise).convert(mode).save(data, kind, **save)
    return data.getvalue()


def pictures(folder: str, count: int = 3, seed: int | None = None, **about) -> dict[str, bytes]:
    """`count` different pictures in a folder."""
    seed = zlib.crc32(folder.encode()) if seed is None else seed
    return {f"{folder}/{number}.png": picture(seed + number, **about) for number in range(count)}


def two_classes(prefix: str = "", count: int = 3) -> dict[str, bytes]:
    """The smallest honest upload."""
    return pictures(f"{prefix}rose", count) | pictures(f"{prefix}tulip", count)


def zipped(path: Path | BinaryIO, files: dict[str, bytes], method: int = zipfile.ZIP_STORED) -> Path | BinaryIO:
    """A zip as anyone would make it; names that end with '/' are folders."""
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return path


def zipped_bytes(files: dict[str, bytes]) -> bytes:
    """The bytes of such a zip."""
    data = io.BytesIO()
    zipped(data, files)
    return data.getvalue()


def png_of(width: int, height: int) -> bytes:
    """A black picture of so many pixels, made without having them in memory."""
    packer, rows = zlib.compressobj(9), bytes(1 + 3 * width)
    packed = b"".join(packer.compress(rows) for _ in range(height)) + packer.flush()
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", packed), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in chunks
    )


def entry(name: str | bytes, data: bytes = b"x", **lies) -> dict:
    """One entry for `forged`; `lies` replace what the table of contents says of it."""
    raw = name.encode() if isinstance(name, str) else name
    truth = {"name": raw, "data": data, "method": 0, "flags": 0x800, "crc": zlib.crc32(data), "mode": 0o100644}
    return truth | {"packed": len(data), "size": len(data), "extra": b"", "offset": None, "local_name": raw} | lies


def deflated(name: str, data: bytes, **lies) -> dict:
    """An entry packed with deflate."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    packed = packer.compress(data) + packer.flush()
    return entry(name, packed, **{"method": 8, "size": len(data), "crc": zlib.crc32(data), **lies})


def forged(path: Path, entries: list[dict], count: int | None = None, before: bytes = b"", after: bytes = b"") -> Path:
    """A zip written byte by byte, with whatever lies the entries carry."""
    body, contents = bytearray(before), b""
    for about in entries:
        offset = len(body) if about["offset"] is None else about["offset"]
        sizes = (about["crc"], about["packed"] & 0xFFFFFFFF, about["size"] & 0xFFFFFFFF)
        if about["offset"] is None:
            local = (20, about["flags"], about["method"], 0, 0, *sizes, len(about["local_name"]), 0)
            body += b"PK\x03\x04" + struct.pack("<HHHHHIIIHH", *local) + about["local_name"] + about["data"]
        line = (3 << 8 | 20, 20, about["flags"], about["method"], 0, 0, *sizes, len(about["name"]), len(about["extra"]))
        contents += b"PK\x01\x02" + struct.pack("<HHHHHHIIIHH", *line)
        contents += struct.pack("<HHHII", 0, 0, 0, about["mode"] << 16, offset) + about["name"] + about["extra"]
    count = len(entries) if count is None else count
    end = struct.pack("<HHHHIIH", 0, 0, count, count, len(contents), len(body), 0)
    path.write_bytes(bytes(body) + contents + b"PK\x05\x06" + end + after)
    return path


def entries_of(files: dict[str, bytes]) -> list[dict]:
    """Honest entries for `forged`."""
    return [entry(name, data) for name, data in files.items()]


def traces(folder: Path) -> list[str]:
    """Everything below a home except its locks."""
    return sorted(
        str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file() and path.parent.name != "locks"
    )
