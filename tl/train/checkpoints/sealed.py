"""What is written about a run in its checkpoints, read without torch: how far it has come, in whatever state it ends.

A checkpoint is a safetensors file that carries the SHA-256 of its own bytes: what is damaged is never used. It is read
in pieces: that of a large network is larger than the network and its optimizer have room for besides themselves.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, fields
from io import FileIO
from pathlib import Path
from typing import Any

from tl.config import Refused
from tl.languages import later, say
from tl.store.seal import PIECE_BYTES, header_of_intact
from tl.train.checkpoints.history import History

LAST, PREVIOUS = "last.safetensors", "previous.safetensors"
SCHEMA = 2  # of what a checkpoint means; one more when an older TL Lab would misread it
WHOLE_SCHEMA, PART_SCHEMA = 1, 2  # that of a whole network, as ever, and of one without the part that stays as it is


class BadCheckpoint(Refused):
    """A checkpoint that can't be used; the text is one sentence: which, why, what to do."""


class CheckpointDamaged(Exception):
    """The bytes are not those that were written."""


@dataclass(frozen=True)
class Sealed:
    """A checkpoint whose digest was right; its file stays open, so that it is the same whatever takes its name."""

    path: Path
    about: dict[str, Any]  # "epoch", "config", "history", "rest" where it has them, "torch": the version that wrote it
    entries: dict[str, dict[str, Any]]  # tensor -> "dtype", "shape", "data_offsets", as safetensors has them
    file: FileIO
    start: int  # of the tensors' bytes

    def read_into(self, name: str, memory: memoryview) -> None:
        """Fill `memory`, as many bytes as the tensor has, with them. Raises OSError, CheckpointDamaged where it was cut."""
        self.file.seek(self.start + self.entries[name]["data_offsets"][0])
        done = 0
        while done < len(memory):
            if not (read := self.file.readinto(memory[done : done + 64 * PIECE_BYTES])):
                raise CheckpointDamaged
            done += read


@contextmanager
def opened(path: Path) -> Iterator[Sealed]:
    """A checkpoint, for as long as the block runs.

    Raises FileNotFoundError, CheckpointDamaged, BadCheckpoint for one of a newer TL Lab.
    """
    with open(path, "rb", buffering=0) as file:
        header = header_of_intact(file)
        if header is None:
            raise CheckpointDamaged
        entries = json.loads(header[8:])
        yield Sealed(path, _about(path, entries.pop("__metadata__")), entries, file, len(header))


def _about(path: Path, told: dict[str, str]) -> dict[str, Any]:
    if int(told["schema"]) > SCHEMA:
        text = later(
            "{file} comes from a newer TL Lab (schema {schema}, torch {torch}; this one reads schema {own}); resume "
            "with that one, or start a new run."
        )
        raise BadCheckpoint(say(text, file=path, schema=told["schema"], torch=told["torch"], own=SCHEMA))
    found = {key: json.loads(told[key]) for key in ("epoch", "config", "history", "rest") if key in told}
    return found | {"torch": told["torch"]}


def history_of(sealed: Sealed) -> History:
    """The history in a checkpoint; what an earlier version did not note is as at the start.

    Raises BadCheckpoint where a newer version noted what this one would not go on with: it would decide otherwise.
    """
    told = sealed.about["history"]
    if unknown := sorted(told.keys() - _NOTED):
        text = later(
            "{file} comes from a newer TL Lab (its history has {unknown}); resume with that one, or start a new run."
        )
        raise BadCheckpoint(say(text, file=sealed.path, unknown=", ".join(unknown)))
    return History(**told)


_NOTED = {entry.name for entry in fields(History)}


def reached(folder: Path) -> History:
    """The history of the run whose checkpoints lie in `folder`; an empty one where none can be read.

    For an end that comes before the run goes on: nothing is changed, `load_last` says what it goes on from. Of a newer
    version's it has what this one knows.
    """
    for name in (LAST, PREVIOUS):
        with suppress(OSError, CheckpointDamaged, BadCheckpoint), opened(folder / name) as sealed:
            return History(**{key: value for key, value in sealed.about["history"].items() if key in _NOTED})
    return History()
