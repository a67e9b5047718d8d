"""Weights that someone brings: safetensors only, looked through before they are used. Neither torch nor pickle.

A file is opened once: what is loaded is what was checked, whatever has taken its name meanwhile.

The format: 8 bytes of header size, a JSON header {name: {dtype, shape, data_offsets}}, then the tensors' bytes. That it is
kept to, and that the bytes are those of the header, the library sees; here it is what it has no bounds for.
"""

import hashlib
import math
import os
import struct
from collections.abc import Iterator
from io import BufferedReader
from pathlib import Path
from typing import BinaryIO, NamedTuple

import numpy as np
from safetensors import SafetensorError, safe_open

from tl.config import refusal
from tl.languages import later, say
from tl.store.download import WrongHash
from tl.words import plain

FILE_BYTES = 6 * 1024**3
HEADER_BYTES = 1_000_000
TENSORS = 5_000
NAME_LENGTH = 200
DIMENSIONS = 6
ITEM_BYTES = {"F64": 8, "F32": 4, "F16": 2, "BF16": 2, "I64": 8, "I32": 4, "I16": 2, "I8": 1, "U8": 1, "BOOL": 1}
FLOATS = {"F64": "<f8", "F32": "<f4", "F16": "<f2"}
PIECE = 1 << 24  # numbers looked at together
OTHERS = {  # what a file begins with -> what it is
    b"PK\x03\x04": later("a PyTorch or zip file, which may run code when it is loaded"),
    b"\x80": later("a Python pickle, which runs code when it is loaded"),
    b"\x89HDF": later("an HDF5 file"),
    b"GGUF": later("a GGUF file"),
    b"<": later("a web page"),
}
NONE = later("no safetensors file")
DOWNLOAD_AGAIN = later("delete it, and it is downloaded again")
ADVICE = later(
    "save the weights as .safetensors: where you trust the file, "
    "safetensors.torch.save_file(torch.load(FILE, weights_only=True), NEW_FILE) does it"
)


class Tensor(NamedTuple):
    """One tensor as the header announces it."""

    dtype: str
    shape: tuple[int, ...]
    start: int  # of its bytes in the file
    stop: int


def opened(path: Path) -> BufferedReader:
    """The file, to be checked and then loaded. Raises Refused where there is none."""
    if not path.is_file() or not path.stat().st_size:
        raise refusal("{path} is absent or empty; it should hold weights.", path=path)
    return open(path, "rb")


def check(file: BinaryIO) -> dict[str, Tensor]:
    """The tensors of a safetensors file that is whole, of bearable size and has finite numbers only; else Refused."""
    tensors = read_header(file)
    for name, tensor in tensors.items():
        if not all(np.isfinite(piece).all() for piece in _floats(file, tensor)):
            text = later("{path}: {name!r} holds values that are not finite; it is damaged, get it again.")
            raise refusal(text, path=file.name, name=name)
    return tensors


def check_published(file: BufferedReader, sha256_prefix: str, remedy: str = DOWNLOAD_AGAIN) -> None:
    """Refuse a file that is not the very one its publisher names: it is a pickle. `remedy`: what to do, to be said."""
    file.seek(0)
    if len(sha256_prefix) < 8 or not hashlib.file_digest(file, "sha256").hexdigest().startswith(sha256_prefix.lower()):
        raise WrongHash(
            say(
                "{path} is not the file its publisher names (its SHA-256 doesn't begin with {sha256}); {remedy}.",
                path=file.name,
                sha256=sha256_prefix,
                remedy=say(remedy) if remedy == DOWNLOAD_AGAIN else remedy,
            )
        )


def read_header(file: BinaryIO) -> dict[str, Tensor]:
    """What the file's header announces, checked against the file's size. Raises Refused with one sentence."""
    size = os.fstat(file.fileno()).st_size
    file.seek(0)
    head = file.read(8)
    announced = struct.unpack("<Q", head)[0] if len(head) == 8 else 0
    if not 2 <= announced <= size - 8 or file.read(1) != b"{":
        kind = next((kind for magic, kind in OTHERS.items() if head.startswith(magic)), NONE)
        raise refusal("{path} is {kind}; {advice}.", path=file.name, kind=say(kind), advice=say(ADVICE))
    for text, number, most in (
        (later("{path} has a header of {number:,} bytes; at most {most:,} are accepted."), announced, HEADER_BYTES),
        (later("{path} has a file of {number:,} bytes; at most {most:,} are accepted."), size, FILE_BYTES),
    ):
        if number > most:
            raise refusal(text, path=file.name, number=number, most=most)
    try:
        with library(file) as found:
            return _tensors(found, 8 + announced, file.name)
    except SafetensorError as problem:
        what = plain(str(problem))
        raise refusal("{path} is cut off or damaged ({what:.100}); get it again.", path=file.name, what=what) from None


def library(file: BinaryIO) -> safe_open:
    """The library's view of the open file, whatever has taken its name meanwhile. Raises SafetensorError."""
    return safe_open(f"/proc/self/fd/{file.fileno()}", framework="np")


def _tensors(found: safe_open, begin: int, path: str) -> dict[str, Tensor]:
    """What the library has found to lie one behind the other, in that order, up to the end of the file."""
    names = found.offset_keys()
    if not 0 < len(names) <= TENSORS:
        text = later("{path} has {number:,} tensors; 1 to {most:,} are accepted.")
        raise refusal(text, path=path, number=len(names), most=TENSORS)
    tensors: dict[str, Tensor] = {}
    for name in names:
        about = found.get_slice(name)
        dtype, shape = about.get_dtype(), tuple(about.get_shape())
        if len(name) > NAME_LENGTH or not name.isprintable():
            text = later("{path} has a damaged header ({name!r:.60} is not a tensor's name); get it again.")
            raise refusal(text, path=path, name=name)
        if dtype not in ITEM_BYTES or len(shape) > DIMENSIONS:
            text = later("{path}: {name!r:.60} has the type {dtype} and {number} dimensions; that is not a weight.")
            raise refusal(text, path=path, name=name, dtype=dtype, number=len(shape))
        stop = begin + math.prod(shape) * ITEM_BYTES[dtype]
        tensors[name], begin = Tensor(dtype, shape, begin, stop), stop
    return tensors


def _floats(file: BinaryIO, tensor: Tensor) -> Iterator[np.ndarray]:
    """The numbers of a tensor piece by piece; nothing where they are whole."""
    if tensor.dtype not in (*FLOATS, "BF16"):
        return
    count = (tensor.stop - tensor.start) // ITEM_BYTES[tensor.dtype]
    for first in range(0, count, PIECE):
        file.seek(tensor.start + first * ITEM_BYTES[tensor.dtype])
        numbers = min(PIECE, count - first)
        if tensor.dtype == "BF16":  # the upper half of a 32 bit number
            yield (np.fromfile(file, "<u2", numbers).astype(np.uint32) << 16).view(np.float32)
        else:
            yield np.fromfile(file, FLOATS[tensor.dtype], numbers)
