"""A plain zip, written entry by entry from whatever pictures came in: one shape for all that is read afterwards."""

import os
import struct
import zlib
from contextlib import AbstractContextManager
from pathlib import Path
from typing import IO, Any

STORED = 0
UTF8_FLAG = 0x800
PIECE = 1 << 20
_16, _32 = 0xFFFF, 0xFFFFFFFF


class TooLarge(ValueError):
    """More than was allowed, or not what is accepted; whoever shows it has a sentence for `what`, with these values."""

    def __init__(self, what: str, /, **values: Any) -> None:
        super().__init__(what, values)
        self.what, self.values = what, values


class Packer(AbstractContextManager["Packer"]):
    """Writes `path`; raises TooLarge before more is written than `bounds` allow.

    `bounds`: entries, entry_bytes, unpacked_bytes, and name_bytes at most.
    """

    def __init__(self, path: Path, bounds: dict[str, int]) -> None:
        self._file = open(path, "wb")  # noqa: SIM115 - closed by __exit__
        self._bounds = bounds
        self._contents: list[bytes] = []
        self._total = 0

    def __exit__(self, kind: type | None, *_: object) -> None:
        with self._file:
            if kind is None:
                self._end()

    def add(self, name: str, source: IO[bytes]) -> None:
        """A file's bytes, to its end."""
        raw, start = self._begun(name), self._file.tell()
        self._file.write(bytes(30) + raw)
        size = crc = 0
        while data := source.read(PIECE):
            size, crc = size + len(data), zlib.crc32(data, crc)
            self._check(name, size)
            self._file.write(data)
        self._finish(raw, start, STORED, crc, size, size)

    def copy(self, name: str, source: int, start: int, packed: int, size: int, method: int, crc: int) -> None:
        """An entry of another zip, open as `source`, as it is packed there."""
        raw, begin = self._begun(name), self._file.tell()
        self._check(name, size)
        self._file.write(bytes(30) + raw)
        for place in range(start, start + packed, PIECE):
            self._file.write(os.pread(source, min(PIECE, start + packed - place), place))
        self._finish(raw, begin, method, crc, packed, size)

    def _begun(self, name: str) -> bytes:
        if len(self._contents) >= self._bounds["entries"]:
            raise TooLarge("entries", most=self._bounds["entries"])
        raw = name.encode("utf-8", "surrogateescape")
        if len(raw) > min(self._bounds["name_bytes"], _16):
            raise TooLarge("name_bytes", number=len(raw), most=self._bounds["name_bytes"])
        return raw

    def _check(self, name: str, size: int) -> None:
        if size > self._bounds["entry_bytes"]:
            raise TooLarge("entry_bytes", name=name, most=self._bounds["entry_bytes"] // 10**6)
        if self._total + size > self._bounds["unpacked_bytes"]:
            raise TooLarge("unpacked_bytes", most=self._bounds["unpacked_bytes"] // 10**6)

    def _finish(self, raw: bytes, start: int, method: int, crc: int, packed: int, size: int) -> None:
        self._total += size
        sizes = struct.pack("<HHHHHIIIH", 20, UTF8_FLAG, method, 0, 33, crc, packed, size, len(raw))
        end = self._file.tell()
        self._file.seek(start)
        self._file.write(b"PK\3\4" + sizes + struct.pack("<H", 0))
        self._file.seek(end)
        extra = struct.pack("<HHQ", 1, 8, start) if start >= _32 else b""
        line = (
            b"PK\1\2" + struct.pack("<H", 20) + sizes + struct.pack("<HHHHII", len(extra), 0, 0, 0, 0, min(start, _32))
        )
        self._contents.append(line + raw + extra)

    def _end(self) -> None:
        start = self._file.tell()
        for line in self._contents:
            self._file.write(line)
        end = self._file.tell()
        count, size = len(self._contents), end - start
        if count >= _16 or start >= _32 or size >= _32:
            record = struct.pack("<QHHIIQQQQ", 44, 45, 45, 0, 0, count, count, size, start)
            self._file.write(b"PK\6\6" + record + b"PK\6\7" + struct.pack("<IQI", 0, end, 1))
        short = (min(count, _16), min(count, _16), min(size, _32), min(start, _32))
        self._file.write(b"PK\5\6" + struct.pack("<HHHHIIH", 0, 0, *short, 0))
