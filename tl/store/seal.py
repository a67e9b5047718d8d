"""The seal of a checkpoint: the SHA-256 of its own bytes, which a safetensors file carries in its header. No torch.

It stands in the file and not in one beside it since a checkpoint takes its place by one rename: two files could be of two
epochs after a crash.
"""

import hashlib
import os
import struct
from typing import BinaryIO

NO_DIGEST = "0" * 64  # stands for the digest in the bytes that the digest is of
SEAL = "sha256"  # its key in the header's texts
DIGEST = f'"{SEAL}":"'.encode()  # in front of it; can't occur inside a text of JSON, where quotes are escaped
PIECE_BYTES = 1 << 20  # that are in memory at once


def header_of_intact(file: BinaryIO) -> bytes | None:
    """The header with its 8 bytes of size, where all bytes of the file are those that were written; else None."""
    file.seek(0)
    prefix = file.read(8)
    size = struct.unpack("<Q", prefix)[0] if len(prefix) == 8 else 0
    if not 0 < size <= os.fstat(file.fileno()).st_size - 8:
        return None
    header = prefix + file.read(size)
    start = header.find(DIGEST) + len(DIGEST)
    stop = start + len(NO_DIGEST)
    digest = hashlib.sha256(header[:start])
    digest.update(NO_DIGEST.encode())
    digest.update(header[stop:])
    piece = memoryview(bytearray(PIECE_BYTES))
    while read := file.readinto(piece):  # type: ignore[attr-defined]  # BinaryIO leaves it out; every opened file has it
        digest.update(piece[:read])
    return header if header[start:stop] == digest.hexdigest().encode() else None
