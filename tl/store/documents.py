"""config.json, progress.json, result.json and imported.json of a run as readers may rely on them, whatever they hold.

A value that can't be counts as not there, so that a damaged file costs what it held and nothing else.
"""

import sys
from functools import cache
from pathlib import Path
from typing import Annotated, Any, TypeVar

import msgspec
from msgspec import Meta, Struct
from msgspec.structs import replace

from tl.config import Newer, Refused, RunConfig
from tl.languages import english, read_sentence, store_sentence
from tl.store.files import read_json
from tl.store.home import Run

LARGEST = sys.float_info.max  # no value that is measured is infinite
Count = Annotated[int, Meta(ge=0)]
Share = Annotated[float, Meta(ge=0, le=1)]
Finite = Annotated[float, Meta(ge=-LARGEST, le=LARGEST)]
Positive = Annotated[float, Meta(gt=0, le=LARGEST)]
Amount = Count | Annotated[float, Meta(ge=0, le=LARGEST)]  # whole where it was written so

T = TypeVar("T")
S = TypeVar("S", bound=Struct)


class Progress(Struct, frozen=True, kw_only=True):
    """Where a run is now: progress.json."""

    phase: str | None = None
    detail: str = ""
    detail_said: str | None = None
    epoch: Count = 0
    epochs: Count = 0
    epochs_before: Count = 0  # done before it was last started
    step: Count = 0
    steps: Count = 0
    counter: Count = 0  # moves when the work does
    elapsed_seconds: Amount = 0.0
    notes: tuple[str, ...] = ()  # what did not go as planned
    notes_said: tuple[str, ...] = ()  # the same as tl.languages stores it


class Result(Struct, frozen=True, kw_only=True):
    """How a run ended: result.json; None for what was not measured or can't be."""

    status: str | None = None
    reason: str | None = None
    message: str | None = None
    message_said: str | None = None  # the same as tl.languages stores it
    epochs: Count | None = None
    best_epoch: Count | None = None
    stopped_early: bool | None = None
    best_val_accuracy: Share | None = None
    best_val_balanced_accuracy: Share | None = None
    test_accuracy: Share | None = None
    test_balanced_accuracy: Share | None = None
    test_macro_f1: Share | None = None
    test_loss: Amount | None = None
    test_images: Count | None = None
    chosen_by: str | None = None  # of two data sets: whose validation pictures chose the best epoch, source or target
    oracle_epoch: Count | None = None  # which one the target's validation labels would have chosen
    elapsed_seconds: Amount | None = None
    reused_seconds: Amount | None = None  # of the elapsed ones: spent by other runs, whose features were kept
    waited_seconds: Amount | None = None
    memory_peak_bytes: Amount | None = None
    energy_joules: Amount | None = None
    device: str | None = None
    devices: Count | None = None  # so many of it
    precision: str | None = None
    threads: Count | None = None
    learning_rate: Amount | None = None
    rate_found: bool | None = None
    rate_test_seconds: Amount | None = None
    phase_starts: tuple[Count, ...] | None = None
    flops: Amount | None = None
    batch_parts: Count | None = None  # a batch went through the network in so many
    versions: dict[str, str] | None = None
    notes: tuple[str, ...] | None = None  # what did not go as planned
    notes_said: tuple[str, ...] | None = None


class Imported(Struct, frozen=True, kw_only=True):
    """What came with a run that was trained elsewhere: imported.json; all None where that can't be read."""

    exported: Finite | None = None  # Unix seconds
    dataset: dict[str, Any] | None = None  # JSON of a DatasetInfo
    weights: str | None = None  # in words


class _Imported(Imported, frozen=True, kw_only=True):
    exported: Finite
    weights: str


class _Short(Struct, frozen=True):
    kills: Count


def of_type(value: object, kind: type[T]) -> T | None:
    """`value`, of JSON, as this type where it is one; None where it can't be."""
    try:
        return msgspec.convert(value, kind)
    except (msgspec.ValidationError, RecursionError):
        return None


def all_in(folder: Path, kind: type[T]) -> list[T]:
    """What a folder keeps of one kind, a JSON file each, by file name; damaged ones count as lost."""
    read = (of_type(read_json(path), kind) for path in sorted(folder.glob("*.json")))
    return [one for one in read if one is not None]


def place_of(problem: msgspec.ValidationError, otherwise: str) -> str:
    """Which part of a document msgspec found wrong: "runs[0].seed"; `otherwise` where it is the whole."""
    _, found, place = str(problem).rstrip("`").rpartition("`$.")
    return place if found else otherwise


def in_english(document: dict[str, Any]) -> dict[str, Any]:
    """A document for its file: its message and notes in English, as other programs read them, and beside them what was said
    with its values, to be worded in the language of whoever reads it here."""
    found, notes = dict(document), document.get("notes")
    for name in ("message", "detail"):
        if text := document.get(name):
            found |= {name: english(text), f"{name}_said": store_sentence(text)}
    if notes:
        found |= {"notes": [english(note) for note in notes], "notes_said": [store_sentence(note) for note in notes]}
    return found


def read_progress(run: Run) -> Progress | None:
    """Where the run is; None where there is no telling."""
    found = _forgiving(Progress, read_json(run.progress))
    if found is None:
        return None
    detail, notes = read_sentence(found.detail_said) or found.detail, _worded(found.notes, found.notes_said)
    return replace(found, detail=detail, notes=notes)


def read_result(run: Run) -> Result | None:
    """How the run ended; None where there is no result or it can't be read."""
    found = _forgiving(Result, read_json(run.result))
    if found is None:
        return None
    notes = found.notes and _worded(found.notes, found.notes_said or ())
    return replace(found, message=read_sentence(found.message_said) or found.message, notes=notes)


def _worded(notes: tuple[str, ...], stored: tuple[str, ...]) -> tuple[str, ...]:
    """Notes in the reader's language, as far as what was said is stored."""
    return tuple(read_sentence(note) or "" for note in stored) if len(stored) == len(notes) else notes


def read_memory_kills(run: Run) -> int:
    """How often the system has ended the run's trainer for lack of memory, as far as that is known."""
    found = of_type(read_json(run.memory_kills), _Short)
    return found.kills if found else 0


def _forgiving(kind: type[S], found: object) -> S | None:
    """The document with the default for each field that is missing or can't be; None where it is no object."""
    if not isinstance(found, dict):
        return None
    known = {}
    for name, own in _kinds(kind).items():
        if found.get(name) is not None and (value := of_type(found[name], own)) is not None:
            known[name] = value
    return kind(**known)


@cache
def _kinds(kind: type[Struct]) -> dict[str, Any]:
    return {field.name: field.type for field in msgspec.structs.fields(kind)}


def read_config(run: Run) -> RunConfig | Newer | None:
    """The settings of the run; Newer where a newer TL Lab has written them, None where they can't be read."""
    try:
        return RunConfig.from_json(read_json(run.config))
    except Newer as found:
        return found
    except (Refused, ValueError, TypeError, KeyError, AttributeError):
        return None


def read_imported(run: Run) -> Imported | None:
    """What came with a run that was trained elsewhere, nothing known where it can't be read. None for one of this home."""
    if not run.imported.exists():
        return None
    return of_type(read_json(run.imported), _Imported) or Imported()
