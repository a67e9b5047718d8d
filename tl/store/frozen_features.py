"""What frozen parts of networks made of pictures: files in the home's cache, which every run that wants them may use.

A family is all that decides features besides the picture: network, weights, cut, view, resolution, precision, machine.
A file holds what a family has of some pictures of a data set. It is written once, whole or not at all, and checked
when it is opened; a reader has it mapped, so that removing it takes nothing away from anybody.
"""

import hashlib
import json
import os
import zlib
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
from msgspec import Struct

from tl.store.documents import Amount, Count, of_type
from tl.store.features import budget_bytes, prune
from tl.store.files import write_pieces
from tl.store.home import Home

SUFFIX = ".frozen"
FILE_SHARE = 0.25  # of the cache's budget that one file may take: larger ones would drive each other out
_AT_ONCE = 256  # pictures whose features are in memory while a file is written
_HEAD_BYTES = 256  # JSON and blanks: what follows stays aligned


@dataclass(frozen=True)
class Block:
    """Features of some pictures of a data set."""

    places: np.ndarray  # (n,) int64: rows of the data set's pictures
    values: np.ndarray  # (n, ...) float32, read-only
    seconds: float  # that computing them took


class _Head(Struct, frozen=True):
    shape: tuple[Count, ...]
    seconds: Amount
    check: Count  # CRC-32 of all that follows


def family(*facts: Any) -> str:
    """A name for everything that decides features besides the picture."""
    return hashlib.sha256(repr(facts).encode()).hexdigest()[:24]


class FeatureCache:
    """The files of a home."""

    def __init__(self, home: Home):
        self._home = home

    def blocks(self, of: str) -> list[Block]:
        """What there is of a family; damaged files are removed."""
        found = []
        for path in sorted(self._home.features_dir.glob(f"{of}-*{SUFFIX}")):
            with suppress(FileNotFoundError):  # removed meanwhile, to make room
                block = _read(path)
                if block is None:
                    path.unlink(missing_ok=True)
                    continue
                found.append(block)
                os.utime(path)  # what is used stays longest
        return found

    def keep(self, of: str, block: Block, rows: np.ndarray) -> None:
        """Write a block, where the disk and the cache have room for it; its features are `rows` of `block.values`."""
        shape = (len(rows), *block.values.shape[1:])
        if 4 * int(np.prod(shape)) > FILE_SHARE * budget_bytes(self._home):
            return
        places = np.ascontiguousarray(block.places, np.int64)
        name = hashlib.sha256(places.tobytes()).hexdigest()[:16]
        path = self._home.features_dir / f"{of}-{name}{SUFFIX}"

        def pieces() -> Iterator[memoryview]:
            yield places.data.cast("B")
            for start in range(0, len(rows), _AT_ONCE):
                some = np.ascontiguousarray(block.values[rows[start : start + _AT_ONCE]], np.float32)
                yield some.reshape(-1).data.cast("B")

        about = {"shape": shape, "seconds": block.seconds, "check": _check(pieces())}
        head = memoryview(json.dumps(about).encode().ljust(_HEAD_BYTES))
        with suppress(OSError):  # nobody needs it: it is computed again
            write_pieces(path, chain([head], pieces()), durable=False)
            prune(self._home, path)


def _check(pieces: Iterable[memoryview]) -> int:
    found = 0
    for piece in pieces:
        found = zlib.crc32(piece, found)
    return found


def _read(path: Path) -> Block | None:
    """The block in a file; None where it is damaged. Raises FileNotFoundError."""
    mapped = np.memmap(path, np.uint8, "r") if path.stat().st_size > _HEAD_BYTES else np.empty(0, np.uint8)
    try:
        head = of_type(json.loads(bytes(mapped[:_HEAD_BYTES])), _Head)
    except ValueError:
        return None
    if head is None or not head.shape:
        return None
    places_end = _HEAD_BYTES + 8 * head.shape[0]
    if len(mapped) != places_end + 4 * int(np.prod(head.shape)):
        return None
    if zlib.crc32(mapped[_HEAD_BYTES:].data) != head.check:
        return None
    values = mapped[places_end:].view(np.float32).reshape(head.shape)
    return Block(mapped[_HEAD_BYTES:places_end].view(np.int64), values, head.seconds)
