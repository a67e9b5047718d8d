"""What is written about a run in its checkpoints, read without torch: how far it has come, in whatever state it ends.

A checkpoint is a safetensors file that carries the SHA-256 of its own bytes: what is damaged is never used.
"""

import hashlib
import json
import struct
from contextlib import suppress
from pathlib import Path

from tl.config import Refused
from tl.train.history import History

LAST, PREVIOUS = "last.safetensors", "previous.safetensors"
SCHEMA = 1  # of what a checkpoint means; one more when an older TL Lab would misread it
NO_DIGEST = "0" * 64  # stands for the digest in the bytes that the digest is of
DIGEST = b'"sha256":"'  # in front of it; can't occur inside a text of JSON, where quotes are escaped


class BadCheckpoint(Refused):
    """A checkpoint that can't be used; the text is one sentence: which, why, what to do."""


class DamagedError(Exception):
    """The bytes are not those that were written."""


def opened(path: Path) -> tuple[dict, bytes]:
    """What is written about a checkpoint, and the whole file.

    Raises FileNotFoundError, DamagedError, BadCheckpoint for one of a newer TL Lab.
    """
    data = path.read_bytes()
    size = struct.unpack("<Q", data[:8])[0] if len(data) > 8 else 0
    start = data.find(DIGEST, 8, 8 + min(size, len(data))) + len(DIGEST)
    stop = start + len(NO_DIGEST)
    digest = hashlib.sha256(data[:start])
    digest.update(NO_DIGEST.encode())
    digest.update(memoryview(data)[stop:])
    if data[start:stop] != digest.hexdigest().encode():
        raise DamagedError
    about = json.loads(data[8 : 8 + size])["__metadata__"]
    if int(about["schema"]) > SCHEMA:
        raise BadCheckpoint(
            f"{path} is of a newer TL Lab (schema {about['schema']}, torch {about['torch']}; this one reads schema"
            f" {SCHEMA}); resume with that one, or start a new run."
        )
    told = {key: json.loads(about[key]) for key in ("epoch", "config", "history") if key in about}
    return told | {"torch": about["torch"]}, data


def reached(folder: Path) -> History:
    """The history of the run whose checkpoints lie in `folder`; an empty one where none can be read.

    For an end that comes before the run goes on: nothing is changed, `load_last` says what it goes on from.
    """
    for name in (LAST, PREVIOUS):
        with suppress(OSError, DamagedError, BadCheckpoint):
            return History(**opened(folder / name)[0]["history"])
    return History()
