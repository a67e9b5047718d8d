"""Ways in which entries of a zip are packed, and what unpacks them, never more at once than is asked for."""

import bz2
import lzma
import struct
import zlib

STORED, DEFLATED, BZIP2, LZMA = 0, 8, 12, 14
READ = (STORED, DEFLATED, BZIP2, LZMA)
NAMES = {9: "Deflate64", 93: "Zstandard", 95: "XZ", 96: "JPEG", 97: "WavPack", 98: "PPMd"}
MOST_DICTIONARY_BYTES = 64 * 1024**2  # of LZMA: what its usual presets take
PROBLEMS = (zlib.error, lzma.LZMAError, OSError, EOFError, ValueError)  # of data that are not as announced


def expanded(method: int, data: bytes, most: int) -> bytes:
    """What an entry was packed from, `most` bytes at the most. Raises one of PROBLEMS."""
    if method == BZIP2:
        return bz2.BZ2Decompressor().decompress(data, most)
    if method != LZMA:
        return zlib.decompressobj(-15).decompress(data, most)
    if len(data) < 9 or struct.unpack_from("<H", data, 2)[0] != 5:
        raise ValueError("no LZMA properties")
    packed, size = data[4], struct.unpack_from("<I", data, 5)[0]
    if packed >= 9 * 5 * 5 or size > MOST_DICTIONARY_BYTES:
        raise ValueError("LZMA properties that are not accepted")  # not shown
    rest, lc = divmod(packed, 9)
    pb, lp = divmod(rest, 5)
    how = {"id": lzma.FILTER_LZMA1, "dict_size": max(size, 4096), "lc": lc, "lp": lp, "pb": pb}
    return lzma.LZMADecompressor(lzma.FORMAT_RAW, filters=[how]).decompress(data[9:], most)
