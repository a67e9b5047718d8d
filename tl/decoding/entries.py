"""One entry of an archive: its bytes, checked, and the file that clean copies are appended to."""

import errno
import fcntl
import os
import zlib

from tl.decoding import compression
from tl.decoding.heads import UNREADABLE, LeftOut

HEAD_BYTES = 600  # enough to tell what a file is


def head(file: int, start: int, packed: int, method: int) -> bytes:
    """The first bytes of an archive entry. Raises LeftOut."""
    data = os.pread(file, min(packed, 4 * HEAD_BYTES), start)
    if method in (compression.BZIP2, compression.LZMA):  # a block of them at least: 900 kB for bzip2
        data = os.pread(file, min(packed, 1_000_000), start)
    try:
        return compression.expanded(method, data, HEAD_BYTES) if method else data[:HEAD_BYTES]
    except compression.PROBLEMS:
        raise LeftOut(UNREADABLE) from None


def unpack(file: int, start: int, packed: int, size: int, method: int, crc: int) -> bytes:
    """The bytes of one archive entry; never more than the `size` it was announced with. Raises LeftOut."""
    data = os.pread(file, packed, start)
    if method:
        try:
            data = compression.expanded(method, data, size + 1)
        except compression.PROBLEMS:
            raise LeftOut(UNREADABLE) from None
    if len(data) != size or zlib.crc32(data) != crc:
        raise LeftOut(UNREADABLE)
    return data


def append(file: int, data: bytes) -> int:
    """Write at the end of a file to which other processes append too; the offset it got."""
    fcntl.flock(file, fcntl.LOCK_EX)
    try:
        start = os.lseek(file, 0, os.SEEK_END)
        if os.write(file, data) != len(data):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return start
    finally:
        fcntl.flock(file, fcntl.LOCK_UN)
