"""A bundle from anywhere -> an experiment or a sweep of this home, whole or not at all.

Nothing in it is believed: names must be the known ones, configs follow from the experiments, tables are read column by
column into known types, and all of it is written anew.
"""

import errno
import json
import os
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, Literal

from msgspec import Struct
from msgspec.structs import asdict

from tl.config import ID_PATTERN, NAME_PATTERN, ArmConfig, Experiment, Refused, RunConfig
from tl.datasets.archive import Limits, Member, read_members
from tl.datasets.info import DatasetInfo, Size
from tl.decoding.entries import unpack
from tl.decoding.heads import LeftOut
from tl.limits import limits
from tl.report.bundle import CONTENTS, ENTRY_BYTES, FORMAT, READABLE, RUN_FILES
from tl.report.reading import Reader, reading
from tl.report.run_files import Files, Read, run_files
from tl.report.subject import EXPERIMENT, SWEEP
from tl.report.values import Damaged, Moment, checked, typed, words
from tl.store import database
from tl.store.files import locked, write_bytes, write_json
from tl.store.home import Home, own_id
from tl.store.labels import Label, label
from tl.store.quarantine import announce, quarantine
from tl.store.quota import admission, check_kept
from tl.store.rows import Id

LIMITS = Limits(archive_bytes=256 * 2**20, unpacked_bytes=512 * 2**20, entry_bytes=ENTRY_BYTES, entries=7_000)
ENTRY = re.compile(rf"runs/({ID_PATTERN.pattern})/({'|'.join(map(re.escape, RUN_FILES))})")
IMPORTED = "imported.json"  # tl.store.home.Run.imported
AGAIN = "give a bundle that TL Lab has exported"
_ARCHIVE_ADVICE = re.compile(r"[;:,] [^;]*\b(?:pack|class folders?|password)\b[^;]*\.$")


class _Row(Struct, frozen=True):
    """A run as a bundle tells of it."""

    run_id: Id
    arm: str
    seed: int
    status: Literal["finished", "stopped", "failed", "interrupted"]
    reason: str | None
    message: str | None
    created: Moment
    started: Moment | None
    ended: Moment | None


class _Told(Struct, frozen=True):
    """An experiment as a bundle tells of it."""

    experiment_id: Id
    created: Moment
    experiment: dict[str, Any]
    runs: list[_Row]
    name: str = ""
    notes: str = ""


class _Pictures(Struct, frozen=True):
    """A data set as a bundle tells of it."""

    name: str
    title: str
    origin: str
    note: str
    train: Size
    validation: Size
    test: Size
    native_resolution: Size
    classes: list[str]
    counts: dict[str, dict[str, Size]] | None = None


class _Contents(Struct, frozen=True):
    """bundle.json; what more a bundle holds is passed over."""

    exported: Moment
    sweep_id: Id | None
    dataset: _Pictures | None
    weights: str | None
    experiments: list[_Told]


@dataclass(frozen=True)
class _Part:
    """One experiment of a bundle."""

    experiment_id: str
    experiment: Experiment
    created: float  # Unix time, seconds
    configs: list[RunConfig]
    rows: list[dict]  # of its runs, in the order of training
    label: Label


def import_bundle(home: Home, path: Path, shown: str | None = None) -> tuple[str, str]:
    """Put what the bundle holds into this home; (EXPERIMENT, its id) or (SWEEP, its id).

    Raises Refused with one sentence, and then nothing changed. `shown` is the file's name in messages.
    """
    shown = shown or path.name
    members = _members(path, shown)
    with open(path, "rb") as file, reading() as reader:
        read = partial(_bytes, file.fileno(), members)
        with _judged(shown):
            document = checked(json.loads(read(CONTENTS)), dict[str, Any])
            if document.get("format") not in READABLE:
                raise Damaged(f"its format is {document.get('format')!r:.60}, this TL Lab reads {FORMAT}")
            contents = checked(document, _Contents)
            check_kept(home, sum(len(told.runs) for told in contents.experiments))
            sweep_id = contents.sweep_id
            parts = [_experiment(told) for told in contents.experiments]
            _check_together(parts, sweep_id)
            _check_names(members, parts)
            imported = {
                "exported": contents.exported,
                "dataset": contents.dataset and _dataset(contents.dataset, parts[0].experiment),
                "weights": words(contents.weights),
            }
        _check_absent(home, parts, sweep_id)
        written = _runs(home, [config for part in parts for config in part.configs], imported, read, reader, shown)
        if home.owner:  # another visitor may have imported the same
            parts = [_under_own_ids(home.owner, part) for part in parts]
            sweep_id = sweep_id and own_id(home.owner, sweep_id)
            _check_absent(home, parts, sweep_id)
        _write(home, parts, sweep_id, written)
    return (SWEEP, sweep_id) if sweep_id else (EXPERIMENT, parts[0].experiment_id)


@contextmanager
def _judged(shown: str) -> Iterator[None]:
    """Whatever is found wrong inside is raised as Refused: one sentence about the bundle."""
    try:
        yield
    except Refused as refusal:
        raise Refused(f"{shown} can't be imported: {refusal}") from None
    except Damaged as problem:
        raise Refused(f"{shown} is no bundle of TL Lab, or damaged ({problem}); {AGAIN}.") from None
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError, RecursionError) as problem:
        raise Refused(f"{shown} is no bundle of TL Lab, or damaged ({type(problem).__name__}); {AGAIN}.") from None


def _limits() -> Limits:
    """What a bundle may be; hosted, a visitor's may be less."""
    most = limits().upload_megabytes
    if most is None:
        return LIMITS
    return replace(LIMITS, archive_bytes=most * 10**6, unpacked_bytes=4 * most * 10**6)


def _members(path: Path, shown: str) -> dict[str, Member]:
    """Name -> entry; Refused for a zip that is not plain and harmless, or holds anything unknown."""
    try:
        members = read_members(path, _limits(), shown)
    except Refused as refusal:
        raise Refused(_ARCHIVE_ADVICE.sub(f"; {AGAIN}.", str(refusal))) from None
    found = {member.name: member for member in members}
    strange = [name for name in found if name != CONTENTS and not ENTRY.fullmatch(name)]
    if CONTENTS not in found or strange or len(found) != len(members):
        what = f"it holds {strange[0]!r:.100}" if strange else f"it needs one {CONTENTS}"
        raise Refused(f"{shown} is no bundle of TL Lab ({what}); `python -m tl export ID` makes one.")
    return found


def _bytes(file: int, members: dict[str, Member], name: str) -> bytes | None:
    if name not in members:
        return None
    try:
        return unpack(file, *members[name][1:])
    except LeftOut:
        raise Damaged(f"{name} can't be unpacked") from None


def _check_names(names: Iterable[str], parts: list[_Part]) -> None:
    """Raise where an entry belongs to no run of these."""
    run_ids = set(_run_ids(parts))
    for name in sorted(set(names) - {CONTENTS}):
        if name.split("/")[1] not in run_ids:
            raise Damaged(f"{name!r:.100} belongs to none of its runs")


def _check_together(parts: list[_Part], sweep_id: str | None) -> None:
    """Raise where the parts are not one experiment, or not the sizes of one sweep."""
    run_ids = _run_ids(parts)
    if not run_ids or len(set(run_ids)) != len(run_ids):
        raise Damaged("it has no runs, or one of them twice")
    if sweep_id is None and len(parts) != 1:
        raise Damaged("it has several experiments and no sweep")
    if sweep_id is None:
        return
    sizes = [part.experiment.samples for part in parts]
    shared = {json.dumps(replace(part.experiment, samples=None).to_json()) for part in parts}
    ids = {part.experiment_id for part in parts}
    if None in sizes or len(set(sizes)) != len(parts) or len(ids) != len(parts) or len(shared) != 1:
        raise Damaged("its experiments are not the sizes of one sweep")


def _experiment(told: _Told) -> _Part:
    """One experiment with the configs that follow from it and the rows of its runs, in the order of training."""
    experiment = _settings(told.experiment)
    planned = {(config.arm.name, config.seed): config for config in experiment.runs(told.experiment_id)}
    configs, rows = [], []
    for row in told.runs:
        config = planned.pop((row.arm, row.seed), None)
        if config is None:
            raise Damaged("its runs are not those of its experiment")
        configs.append(replace(config, run_id=row.run_id))
        rows.append(asdict(row) | {"reason": words(row.reason), "message": words(row.message)})
    try:
        called = label(told.name, told.notes)
    except Refused as refusal:
        raise Damaged(str(refusal)) from None
    return _Part(told.experiment_id, experiment, told.created, configs, rows, called)


def _settings(told: dict[str, Any]) -> Experiment:
    """The experiment; its own checks look at values, here the types are looked at."""
    typed(Experiment, {name: value for name, value in told.items() if name != "arms"})
    for arm in told["arms"]:
        typed(ArmConfig, arm)
    return Experiment.from_json(told)


def _runs(
    home: Home, configs: list[RunConfig], imported: dict, read: Read, reader: Reader, shown: str
) -> Iterator[tuple[str, Files]]:
    """(run id in this home, file -> what is to be written) of one run after another: all at once may be gigabytes."""
    for config in configs:
        with _judged(shown):
            files = run_files(home, config, read, reader) | {IMPORTED: imported}
        yield files["config.json"]["run_id"], files


def _dataset(told: _Pictures, experiment: Experiment) -> dict[str, Any]:
    """What the data set was, as a DatasetInfo can be read from it."""
    if told.name != experiment.dataset or not NAME_PATTERN.fullmatch(told.name) or len(told.classes) > 1_000:
        raise Damaged("its data set is not the experiment's")
    splits = ("train", "validation", "test")
    said = {name: words(getattr(told, name)) for name in ("title", "origin", "note")}
    sizes = {name: getattr(told, name) for name in (*splits, "native_resolution")}
    counts = {
        words(name): {split: of_class[split] for split in splits if split in of_class}
        for name, of_class in (told.counts or {}).items()
    }
    classes = tuple(map(words, told.classes))
    return DatasetInfo(name=told.name, **said, **sizes, classes=classes, counts=counts).to_json()


def _under_own_ids(owner: str, part: _Part) -> _Part:
    """The same with ids that only this owner's import has: ids are one visitor's, bundles go round."""
    rows = [row | {"run_id": own_id(owner, row["run_id"])} for row in part.rows]
    return replace(part, experiment_id=own_id(owner, part.experiment_id), rows=rows)


def _write(home: Home, parts: list[_Part], sweep_id: str | None, written: Iterable[tuple[str, Files]]) -> None:
    """Folders first, under another name, then the rows: a run that can be seen is complete."""
    try:
        with quarantine(home, home.runs_dir) as incoming:
            for run_id, files in written:
                for name, content in files.items():
                    _write_file(incoming / run_id / name, content)
            with locked(home.locks_dir / "import.lock"):  # an import of the same in another tab may be as far
                _check_absent(home, parts, sweep_id)
                _place(home, parts, sweep_id, incoming)
    except OSError as problem:
        if problem.errno in (errno.ENOSPC, errno.EDQUOT):
            raise Refused(f"The disk that holds {home.path} is full; free some space and try again.") from None
        raise


def _write_file(place: Path, content: bytes | dict[str, Any]) -> None:
    if isinstance(content, bytes):  # a table
        write_bytes(place, content)
    else:
        write_json(place, content)


def _place(home: Home, parts: list[_Part], sweep_id: str | None, incoming: Path) -> None:
    """Folders to where runs lie and their rows into the queue, all or none."""
    run_ids = _run_ids(parts)
    announce(incoming, run_ids)  # without a row they go with `incoming`, even killed
    for run_id in run_ids:
        folder = home.run(run_id).folder
        if folder.exists():  # without a row: left by an earlier version whose import was killed; goes with `incoming`
            os.rename(folder, incoming / f"left-{run_id}")
        os.rename(incoming / run_id, folder)
    ended = [(part.experiment_id, part.experiment, part.created, part.rows) for part in parts]
    database.insert_ended(home, ended, sweep_id, admission(home), {part.experiment_id: part.label for part in parts})


def _run_ids(parts: list[_Part]) -> list[str]:
    return [row["run_id"] for part in parts for row in part.rows]


def _check_absent(home: Home, parts: list[_Part], sweep_id: str | None) -> None:
    """Raise Refused where something of it is here."""
    again = "is here already; delete its runs first to import it again."
    if sweep_id in {sweep["sweep_id"] for sweep in database.read_sweeps(home)}:
        raise Refused(f"Sweep {sweep_id} {again}")
    for part in parts:
        if database.has_experiment(home, part.experiment_id):
            raise Refused(f"Experiment {part.experiment_id} {again}")
    known = {row.run_id for row in database.read_runs(home)}
    for run in map(home.run, _run_ids(parts)):
        run_id = run.folder.name
        if run_id in known:
            raise Refused(f"Run {run_id} {again.replace('its runs', 'it')}")
        if run.folder.exists() and not run.imported.exists():  # trained here: it may be all that is left of it
            raise Refused(f"Run {run_id} is not in the queue but has a folder; move runs/{run_id} away to import it.")
