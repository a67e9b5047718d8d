"""Ways in which entries of a zip are packed, and what unpacks them, never more at once than is asked for."""

import bz2
import lzma
import struct
import zlib
from typing import Protocol

STORED, DEFLATED, BZIP2, LZMA = 0, 8, 12, 14
READ = (STORED, DEFLATED, BZIP2, LZMA)
NAMES = {9: "Deflate64", 93: "Zstandard", 95: "XZ", 96: "JPEG", 97: "WavPack", 98: "PPMd"}
MOST_DICTIONARY_BYTES = 64 * 1024**2  # of LZMA: what its usual presets take
PROBLEMS = (zlib.error, lzma.LZMAError, OSError, EOFError, ValueError)  # of data that are not as announced


class Expander(Protocol):
    """What zlib, bz2 and lzma have in common."""

    def decompress(self, data: bytes, max_length: int, /) -> bytes:
        """At most so many bytes."""
        ...


def expander(method: int, data: bytes) -> tuple[Expander, bytes]:
    """(what unpacks an entry, its packed bytes without their own head). Raises one of PROBLEMS."""
    if method == BZIP2:
        return bz2.BZ2Decompressor(), data
    if method != LZMA:
        return zlib.decompressobj(-15), data
    if len(data) < 9 or struct.unpack_from("<H", data, 2)[0] != 5:
        raise ValueError("no LZMA properties")
    packed, size = data[4], struct.unpack_from("<I", data, 5)[0]
    if packed >= 9 * 5 * 5 or size > MOST_DICTIONARY_BYTES:
        raise ValueError("LZMA properties that are not accepted")  # not shown
    rest, lc = divmod(packed, 9)
    pb, lp = divmod(rest, 5)
    how = {"id": lzma.FILTER_LZMA1, "dict_size": max(size, 4096), "lc": lc, "lp": lp, "pb": pb}
    return lzma.LZMADecompressor(lzma.FORMAT_RAW, filters=[how]), data[9:]
