"""A bundle from anywhere -> an experiment or a sweep of this home, whole or not at all.

Nothing in it is believed: names must be the known ones, configs follow from the experiments, tables are read column by
column into known types, and all of it is rewritten.
"""

import json
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, Literal

from msgspec import Struct
from msgspec.structs import asdict

from tl.config import ID_PATTERN, NAME_PATTERN, ArmConfig, Experiment, Refused, RunConfig, refusal
from tl.datasets.archive import Member, UploadLimits, read_members
from tl.datasets.info import DatasetInfo, Size
from tl.decoding.entries import unpack
from tl.decoding.heads import LeftOut
from tl.languages import english, say
from tl.report.bundle import CONTENTS, ENTRY_BYTES, FORMAT, READABLE, RUN_FILES
from tl.report.bundle_placing import BundledExperiment, check_absent, run_ids_of, under_own_ids, write
from tl.report.run_files import Files, Read, run_files
from tl.report.subject import EXPERIMENT, SWEEP
from tl.report.table_reader import Reader, reading
from tl.report.values import BundleDamaged, Moment, checked, typed, words
from tl.store.home import Home
from tl.store.queue.name_and_notes import NameAndNotes, label
from tl.store.queue.rows import Id

LIMITS = UploadLimits(archive_bytes=256 * 2**20, unpacked_bytes=512 * 2**20, entry_bytes=ENTRY_BYTES, entries=7_000)
ENTRY = re.compile(rf"runs/({ID_PATTERN.pattern})/({'|'.join(map(re.escape, RUN_FILES))})")
IMPORTED = "imported.json"  # tl.store.home.Run.imported
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
    name: str = ""  # of the sweep
    notes: str = ""


def import_bundle(home: Home, path: Path, shown: str | None = None) -> tuple[str, str]:
    """Put what the bundle holds into this home; (EXPERIMENT, its id) or (SWEEP, its id).

    Raises Refused with one sentence, and then nothing changed. `shown` is the file's name in messages.
    """
    shown = shown or path.name
    members = _members(home, path, shown)
    with open(path, "rb") as file, reading() as reader:
        read = partial(_bytes, file.fileno(), members)
        with _judged(shown):
            document = checked(json.loads(read(CONTENTS) or b""), dict[str, Any])
            if document.get("format") not in READABLE:
                form = f"{document.get('format')!r:.60}"
                raise BundleDamaged(say("its format is {format}, this TL Lab reads {own}", format=form, own=FORMAT))
            contents = checked(document, _Contents)
            home.policy.check_kept(sum(len(told.runs) for told in contents.experiments))
            sweep_id, called = contents.sweep_id, _label(contents)
            parts = [_experiment(told) for told in contents.experiments]
            _check_together(parts, sweep_id)
            _check_names(members, parts)
            imported = {
                "exported": contents.exported,
                "dataset": contents.dataset and _dataset(contents.dataset, parts[0].experiment),
                "weights": contents.weights and words(contents.weights),
            }
        check_absent(home, parts, sweep_id)
        written = _runs(home, [config for part in parts for config in part.configs], imported, read, reader, shown)
        parts, sweep_id = [under_own_ids(home, part) for part in parts], sweep_id and home.own_id(sweep_id)
        check_absent(home, parts, sweep_id)  # under these ids, too
        write(home, parts, sweep_id, called, written)
    return (SWEEP, sweep_id) if sweep_id else (EXPERIMENT, parts[0].experiment_id)


@contextmanager
def _judged(shown: str) -> Iterator[None]:
    """Whatever is found wrong inside is raised as Refused: one sentence about the bundle."""
    try:
        yield
    except Refused as problem:
        raise refusal("{file} can't be imported: {problem}", file=shown, problem=str(problem)) from None
    except BundleDamaged as problem:
        raise _damaged(shown, str(problem)) from None
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError, RecursionError) as problem:
        raise _damaged(shown, type(problem).__name__) from None


def _damaged(shown: str, problem: str) -> Refused:
    return refusal(
        "{file} is not a TL Lab bundle, or is damaged ({problem}); give a bundle that TL Lab has exported.",
        file=shown,
        problem=problem,
    )


def _members(home: Home, path: Path, shown: str) -> dict[str, Member]:
    """Name -> entry; Refused for a zip that is not plain and harmless, or holds anything unknown."""
    most = home.policy.upload_megabytes
    limits = LIMITS
    if most is not None:
        limits = replace(LIMITS, archive_bytes=most * 10**6, unpacked_bytes=4 * most * 10**6)
    try:
        members = read_members(path, limits, shown)
    except Refused as problem:
        raise Refused(_of_a_bundle(str(problem))) from None
    found = {member.name: member for member in members}
    strange = [name for name in found if name != CONTENTS and not ENTRY.fullmatch(name)]
    if CONTENTS not in found or strange or len(found) != len(members):
        what = say("it needs one {name}", name=CONTENTS)
        if strange:
            what = say("it holds {name}", name=f"{strange[0]!r:.100}")
        raise refusal(
            "{file} is not a TL Lab bundle ({problem}); `python -m tl export ID` makes one.", file=shown, problem=what
        )
    return found


def _of_a_bundle(told: str) -> str:
    """What is wrong with a zip, without the advice for zips of pictures."""
    advice = _ARCHIVE_ADVICE.search(english(told))
    if not advice:
        return told
    problem = told.rpartition("；")[0] or english(told)[: advice.start()]  # Chinese, or English
    return say("{problem}; give a bundle that TL Lab has exported.", problem=problem)


def _bytes(file: int, members: dict[str, Member], name: str) -> bytes | None:
    if name not in members:
        return None
    try:
        return unpack(file, *members[name][1:])
    except LeftOut:
        raise BundleDamaged(say("{name} can't be unpacked", name=name)) from None


def _check_names(names: Iterable[str], parts: list[BundledExperiment]) -> None:
    """Raise where an entry belongs to no run of these."""
    run_ids = set(run_ids_of(parts))
    for name in sorted(set(names) - {CONTENTS}):
        if name.split("/")[1] not in run_ids:
            raise BundleDamaged(say("{name} belongs to none of its runs", name=f"{name!r:.100}"))


def _check_together(parts: list[BundledExperiment], sweep_id: str | None) -> None:
    """Raise where the parts are not one experiment, or not the sizes of one sweep."""
    run_ids = run_ids_of(parts)
    if not run_ids or len(set(run_ids)) != len(run_ids):
        raise BundleDamaged(say("it has no runs, or one of them twice"))
    if sweep_id is None and len(parts) != 1:
        raise BundleDamaged(say("it has several experiments and no sweep"))
    if sweep_id is None:
        return
    sizes = [part.experiment.samples for part in parts]
    shared = {json.dumps(replace(part.experiment, samples=None).to_json()) for part in parts}
    ids = {part.experiment_id for part in parts}
    if None in sizes or len(set(sizes)) != len(parts) or len(ids) != len(parts) or len(shared) != 1:
        raise BundleDamaged(say("its experiments are not the sizes of one sweep"))


def _experiment(told: _Told) -> BundledExperiment:
    """One experiment with the configs that follow from it and the rows of its runs, in the order of training."""
    experiment = _settings(told.experiment)
    planned = {(config.arm.name, config.seed): config for config in experiment.runs(told.experiment_id)}
    configs, rows = [], []
    for row in told.runs:
        config = planned.pop((row.arm, row.seed), None)
        if config is None:
            raise BundleDamaged(say("its runs are not those of its experiment"))
        configs.append(replace(config, run_id=row.run_id))
        said = {"reason": row.reason and words(row.reason), "message": row.message and words(row.message)}
        rows.append(asdict(row) | said)
    return BundledExperiment(told.experiment_id, experiment, told.created, configs, rows, _label(told))


def _label(told: _Told | _Contents) -> NameAndNotes:
    try:
        return label(told.name, told.notes)
    except Refused as problem:
        raise BundleDamaged(str(problem)) from None


def _settings(told: dict[str, Any]) -> Experiment:
    """The experiment; its own checks look at values, here the types are looked at."""
    typed(Experiment, {name: value for name, value in told.items() if name != "arms"})
    for arm in told["arms"]:
        typed(ArmConfig, arm)
    return Experiment.from_json(told)


def _runs(
    home: Home, configs: list[RunConfig], imported: dict[str, Any], read: Read, reader: Reader, shown: str
) -> Iterator[tuple[str, Files]]:
    """(run id in this home, file -> what is to be written) of one run after another: all at once may be gigabytes."""
    for config in configs:
        with _judged(shown):
            files = run_files(home, config, read, reader) | {IMPORTED: imported}
        yield files["config.json"]["run_id"], files


def _dataset(told: _Pictures, experiment: Experiment) -> dict[str, Any]:
    """What the data set was, as a DatasetInfo can be read from it."""
    if told.name != experiment.dataset or not NAME_PATTERN.fullmatch(told.name) or len(told.classes) > 1_000:
        raise BundleDamaged(say("its data set is not the experiment's"))
    splits = ("train", "validation", "test")
    counts = {
        words(name): {split: of_class[split] for split in splits if split in of_class}
        for name, of_class in (told.counts or {}).items()
    }
    texts = {name: words(getattr(told, name)) for name in ("title", "origin", "note")}
    classes = tuple(map(words, told.classes))
    return DatasetInfo(**asdict(told) | texts | {"classes": classes, "counts": counts}).to_json()
