"""A bundle from anywhere -> an experiment or a sweep of this home, whole or not at all.

Nothing in it is believed: names must be the known ones, configs follow from the experiments, tables are read column by
column into known types, and all of it is written anew.
"""

import errno
import json
import os
import re
import secrets
import shutil
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from tl.config import ID_PATTERN, NAME_PATTERN, ArmConfig, Experiment, Refused, RunConfig, Training
from tl.datasets.archive import Limits, Member, read_members
from tl.datasets.info import DatasetInfo
from tl.decoding.entries import unpack
from tl.decoding.pixels import LeftOut
from tl.limits import limits
from tl.report.bundle import CONTENTS, FORMAT, RUN_FILES
from tl.report.subject import EXPERIMENT, SWEEP
from tl.report.tables import read_columns
from tl.report.values import Damaged, ident, is_number, mapping, moment, plain_value, size, typed, words
from tl.store import database
from tl.store.files import write_json, write_parquet
from tl.store.home import Home, own_id
from tl.store.metrics import METRICS, RATE_TEST, RESOURCES
from tl.store.quota import admission
from tl.words import plain

LIMITS = Limits(archive_bytes=256 * 2**20, unpacked_bytes=512 * 2**20, entry_bytes=64 * 2**20, entries=6_000)
ENTRY = re.compile(rf"runs/({ID_PATTERN.pattern})/({'|'.join(map(re.escape, RUN_FILES))})")
ENDED = tuple(status for status in database.TRANSITIONS if status not in database.ACTIVE)
TABLES = {  # file -> columns, rows at most
    "metrics.parquet": (METRICS, 1_000),
    "resources.parquet": (RESOURCES, 1_000_000),
    "rate_test.parquet": (RATE_TEST, 10_000),
}
IMPORTED = "imported.json"  # tl.store.home.Run.imported
AGAIN = "give a bundle that TL Lab has exported"
_ARCHIVE_ADVICE = re.compile(r"[;:,] [^;]*\b(?:pack|class folders?|password)\b[^;]*\.$")


@dataclass(frozen=True)
class _Part:
    """One experiment of a bundle."""

    experiment_id: str
    experiment: Experiment
    created: float  # Unix time, seconds
    configs: list[RunConfig]
    rows: list[dict]  # of its runs, in the order of training


def import_bundle(home: Home, path: Path, shown: str | None = None) -> tuple[str, str]:
    """Put what the bundle holds into this home; (EXPERIMENT, its id) or (SWEEP, its id).

    Raises Refused with one sentence, and then nothing changed. `shown` is the file's name in messages.
    """
    shown = shown or path.name
    files = _unpacked(path, shown)
    try:
        contents = mapping(json.loads(files.pop(CONTENTS, b"null")))
        if contents.get("format") != FORMAT:
            raise Damaged(f"its format is {contents.get('format')!r}, this TL Lab reads {FORMAT}")
        sweep_id = contents["sweep_id"] and ident(contents["sweep_id"])
        parts = [_experiment(told) for told in contents["experiments"]]
        _check_together(parts, sweep_id)
        imported = {
            "exported": moment(contents["exported"]),
            "dataset": _dataset(contents["dataset"], parts[0].experiment),
            "weights": words(contents["weights"]),
        }
        configs = [config for part in parts for config in part.configs]
        written = {config.run_id: _run_files(config, files) | {IMPORTED: imported} for config in configs}
        if files:
            raise Damaged(f"{sorted(files)[0]!r:.100} belongs to none of its runs")
    except Refused as refusal:
        raise Refused(f"{shown} can't be imported: {refusal}") from None
    except (Damaged, LeftOut) as problem:
        raise Refused(f"{shown} is no bundle of TL Lab, or damaged ({problem}); {AGAIN}.") from None
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError, RecursionError) as problem:
        raise Refused(f"{shown} is no bundle of TL Lab, or damaged ({type(problem).__name__}); {AGAIN}.") from None
    _check_absent(home, parts, sweep_id, written)
    if home.owner:  # another visitor may have imported the same
        parts, written = _under_own_ids(home.owner, parts, written)
        sweep_id = sweep_id and own_id(home.owner, sweep_id)
        _check_absent(home, parts, sweep_id, written)
    _write(home, parts, sweep_id, written)
    return (SWEEP, sweep_id) if sweep_id else (EXPERIMENT, parts[0].experiment_id)


def _limits() -> Limits:
    """What a bundle may be; hosted, a visitor's may be less: all of it is in memory at once."""
    most = limits().upload_megabytes
    if most is None:
        return LIMITS
    return replace(LIMITS, archive_bytes=most * 10**6, unpacked_bytes=4 * most * 10**6)


def _unpacked(path: Path, shown: str) -> dict[str, bytes]:
    """Name -> bytes of every entry; Refused for a zip that is not plain and harmless, or holds anything unknown."""
    try:
        members = read_members(path, _limits(), shown)
    except Refused as refusal:
        raise Refused(_ARCHIVE_ADVICE.sub(f"; {AGAIN}.", str(refusal))) from None
    names = [member.name for member in members]
    strange = [name for name in names if name != CONTENTS and not ENTRY.fullmatch(name)]
    if CONTENTS not in names or strange or len(set(names)) != len(names):
        what = f"it holds {strange[0]!r:.100}" if strange else f"it needs one {CONTENTS}"
        raise Refused(f"{shown} is no bundle of TL Lab ({what}); `python -m tl export ID` makes one.")
    with open(path, "rb") as file:
        return {member.name: _bytes(file.fileno(), member, shown) for member in members}


def _bytes(file: int, member: Member, shown: str) -> bytes:
    try:
        return unpack(file, *member[1:])
    except LeftOut:
        raise Refused(f"{shown} is damaged: {member.name} can't be unpacked; {AGAIN}.") from None


def _check_together(parts: list[_Part], sweep_id: str | None) -> None:
    """Raise where the parts are not one experiment, or not the sizes of one sweep."""
    run_ids = [row["run_id"] for part in parts for row in part.rows]
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


def _experiment(told: dict) -> _Part:
    """One experiment with the configs that follow from it and the rows of its runs, in the order of training."""
    experiment = _settings(told["experiment"])
    experiment_id = ident(told["experiment_id"])
    planned = {(config.arm.name, config.seed): config for config in experiment.runs(experiment_id)}
    configs, rows = [], []
    for row in told["runs"]:
        config = planned.pop((row["arm"], row["seed"]), None)
        if config is None or row["status"] not in ENDED:
            raise Damaged("its runs are not those of its experiment")
        configs.append(RunConfig.from_json(config.to_json() | {"run_id": ident(row["run_id"])}))
        rows.append(
            {
                **{name: row[name] for name in ("run_id", "arm", "seed", "status")},
                "reason": words(row["reason"]),
                "message": words(row["message"]),
                "created": moment(row["created"]),
                "started": row["started"] and moment(row["started"]),
                "ended": row["ended"] and moment(row["ended"]),
            }
        )
    return _Part(experiment_id, experiment, moment(told["created"]), configs, rows)


def _settings(told: dict) -> Experiment:
    """The experiment; its own checks look at values, here the types are looked at."""
    arms, seeds = [typed(ArmConfig, arm) for arm in told["arms"]], told["seeds"]
    typed(Training, {name: value for name, value in told.items() if name not in ("arms", "seeds")})
    if not isinstance(seeds, list) or not all(type(seed) is int for seed in seeds):
        raise Damaged("its seeds are no numbers")
    return Experiment.from_json(told | {"arms": arms})


def _run_files(config: RunConfig, files: dict[str, bytes]) -> dict:
    """File -> what is to be written of one run, taken out of `files`."""
    own = {name: files.pop(f"runs/{config.run_id}/{name}", None) for name in RUN_FILES}
    told = own.pop("config.json")
    written = None if told is None else RunConfig.from_json(json.loads(told))
    if written and config.precision == "auto":  # the trainer writes down which it found to be faster
        config = replace(config, precision=written.precision)
    if written != config:
        raise Damaged(f"the settings of run {config.run_id} are not those of its experiment")
    found: dict = {"config.json": config.to_json()}
    result = own.pop("result.json")
    if result is not None:
        found["result.json"] = _result(mapping(json.loads(result)))
    for name, (columns, most) in TABLES.items():
        if own[name] is not None:
            constants = {"run_id": config.run_id, "arm": config.arm.name, "seed": config.seed}
            found[name] = read_columns(own[name], columns, most, constants)
    metrics = found.get("metrics.parquet")
    if metrics is not None and metrics["epoch"].tolist() != list(range(1, len(metrics) + 1)):
        raise Damaged(f"the epochs of run {config.run_id} are not in order")
    return found


def _result(told: dict) -> dict:
    """result.json with plain values only: numbers, words, and dictionaries or lists of such."""
    for name in ("test_accuracy", "best_val_accuracy", "elapsed_seconds", "memory_peak_bytes", "energy_joules"):
        if not (told.get(name) is None or is_number(told[name])):
            raise Damaged(f"{name} of a run is no number")
    for name in ("epochs", "best_epoch"):
        if not (told.get(name) is None or isinstance(told[name], int)):
            raise Damaged(f"{name} of a run is no whole number")
    return {plain(name)[:100]: plain_value(value) for name, value in told.items()}


def _dataset(told: dict | None, experiment: Experiment) -> dict | None:
    """What the data set was, as a DatasetInfo can be read from it."""
    if told is None:
        return None
    sizes = {name: size(told[name]) for name in ("train", "validation", "test", "native_resolution")}
    classes = [words(name) for name in told["classes"]]
    if told["name"] != experiment.dataset or not NAME_PATTERN.fullmatch(told["name"]) or len(classes) > 1_000:
        raise Damaged("its data set is not the experiment's")
    counts = {
        words(name): {split: size(of_class[split]) for split in ("train", "validation", "test") if split in of_class}
        for name, of_class in mapping(told.get("counts") or {}).items()
    }
    said = {name: words(told[name]) or "" for name in ("title", "origin", "note")}
    return DatasetInfo(name=told["name"], **said, **sizes, classes=tuple(classes), counts=counts).to_json()


def _under_own_ids(owner: str, parts: list[_Part], written: dict[str, dict]) -> tuple[list[_Part], dict[str, dict]]:
    """The same with ids that only this owner's import has: ids are one visitor's, bundles go round."""
    mine = []
    for part in parts:
        rows = [row | {"run_id": own_id(owner, row["run_id"])} for row in part.rows]
        mine.append(replace(part, experiment_id=own_id(owner, part.experiment_id), rows=rows))
    files = {}
    for run_id, own in written.items():
        ids = {"run_id": own_id(owner, run_id)}
        about = own["config.json"]
        about = about | ids | {"experiment_id": own_id(owner, about["experiment_id"])}
        tables = {name: own[name].assign(**ids) for name in own if name in TABLES and "run_id" in own[name]}
        files[ids["run_id"]] = own | tables | {"config.json": about}
    return mine, files


def _write(home: Home, parts: list[_Part], sweep_id: str | None, written: dict[str, dict]) -> None:
    """Folders first, under another name, then the rows: a run that can be seen is complete."""
    incoming = home.runs_dir / f".incoming-{secrets.token_hex(8)}"
    placed: list[Path] = []
    try:
        for run_id, files in written.items():
            for name, content in files.items():
                place = incoming / run_id / name
                write_parquet(place, content) if name.endswith(".parquet") else write_json(place, content)
        for run_id in written:
            os.rename(incoming / run_id, home.run(run_id).folder)
            placed.append(home.run(run_id).folder)
        ended = [(part.experiment_id, part.experiment, part.created, part.rows) for part in parts]
        database.insert_ended(home, ended, sweep_id, admission(home))
    except BaseException as problem:
        for folder in placed:
            shutil.rmtree(folder, ignore_errors=True)
        if isinstance(problem, OSError) and problem.errno in (errno.ENOSPC, errno.EDQUOT):
            raise Refused(f"The disk that holds {home.path} is full; free some space and try again.") from None
        raise
    finally:
        shutil.rmtree(incoming, ignore_errors=True)


def _check_absent(home: Home, parts: list[_Part], sweep_id: str | None, run_ids: Iterable[str]) -> None:
    """Raise Refused where something of it is here."""
    again = "is here already; delete its runs first to import it again."
    if sweep_id in {sweep["sweep_id"] for sweep in database.read_sweeps(home)}:
        raise Refused(f"Sweep {sweep_id} {again}")
    for part in parts:
        if database.has_experiment(home, part.experiment_id):
            raise Refused(f"Experiment {part.experiment_id} {again}")
    for run_id in run_ids:
        if home.run(run_id).folder.exists():
            raise Refused(f"Run {run_id} {again.replace('its runs', 'it')}")
