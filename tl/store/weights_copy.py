"""Some tensors of a safetensors file as a file of their own, and the text that such a file carries of itself.

Copied piece by piece: a large network is never in memory as a whole. Neither torch nor pickle.
"""

import hashlib
import json
import struct
from collections.abc import Iterator, Mapping
from typing import BinaryIO

from tl.languages import say
from tl.store.seal import NO_DIGEST, SEAL
from tl.store.weights_file import ITEM_BYTES, Tensor, library

PIECE_BYTES = 1 << 22  # that are in memory at once


def pieces(file: BinaryIO, tensors: Mapping[str, Tensor], about: Mapping[str, str]) -> Iterator[bytes]:
    """The bytes of a safetensors file with these `tensors` of `file` and the texts `about` it, one after the other."""
    ordered = sorted(tensors.items(), key=lambda entry: (-ITEM_BYTES[entry[1].dtype], entry[0]))  # all lie aligned
    entries: dict[str, object] = {"__metadata__": dict(about)} if about else {}
    place = 0
    for name, tensor in ordered:
        offsets = [place, place := place + tensor.stop - tensor.start]
        entries[name] = {"dtype": tensor.dtype, "shape": list(tensor.shape), "data_offsets": offsets}
    header = json.dumps(entries, separators=(",", ":")).encode()
    header += b" " * (-len(header) % 8)
    yield struct.pack("<Q", len(header)) + header
    for _, tensor in ordered:
        file.seek(tensor.start)
        left = tensor.stop - tensor.start
        while left:
            piece = file.read(min(left, PIECE_BYTES))
            if not piece:
                raise OSError(say("{file} was cut off while it was read", file=file.name))
            left -= len(piece)
            yield piece


def sealed(file: BinaryIO, tensors: Mapping[str, Tensor], about: Mapping[str, str]) -> Iterator[bytes]:
    """The same with a seal among the texts (tl/store/seal.py): whoever gets the file can tell whether it is whole."""
    digest = hashlib.sha256()
    for piece in pieces(file, tensors, {**about, SEAL: NO_DIGEST}):
        digest.update(piece)
    return pieces(file, tensors, {**about, SEAL: digest.hexdigest()})


def metadata_of(file: BinaryIO) -> dict[str, str]:
    """The texts that a file carries of itself, whatever they are worth; of a file whose header was read without refusal."""
    with library(file) as found:
        return found.metadata() or {}
