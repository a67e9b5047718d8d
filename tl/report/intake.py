"""A bundle from anywhere -> an experiment of this home, whole or not at all.

Nothing in it is believed: names must be the known ones, configs follow from the experiment, tables are read column by
column into known types, and all of it is written anew.
"""

import errno
import json
import math
import os
import re
import secrets
import shutil
from pathlib import Path
from typing import get_args, get_type_hints

from tl.config import ID_PATTERN, NAME_PATTERN, ArmConfig, Experiment, Refused, RunConfig, Training
from tl.datasets.archive import Limits, Member, read_members
from tl.datasets.info import DatasetInfo
from tl.decoding.entries import unpack
from tl.decoding.pixels import LeftOut
from tl.report.bundle import CONTENTS, FORMAT, RUN_FILES
from tl.report.tables import read_columns
from tl.store import database
from tl.store.files import write_json, write_parquet
from tl.store.home import Home
from tl.store.metrics import METRICS, RATE_TEST, RESOURCES
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
TEXT_LENGTH = 2_000
AGAIN = "give a bundle that TL Lab has exported"
_ARCHIVE_ADVICE = re.compile(r"[;:,] [^;]*\b(?:pack|class folders?|password)\b[^;]*\.$")


class _Damaged(Exception):
    """What is wrong with a bundle, in a few words."""


def import_bundle(home: Home, path: Path, shown: str | None = None) -> str:
    """Put the bundle's experiment into this home; its id. Raises Refused with one sentence, and then nothing changed.

    `shown` is the file's name in messages.
    """
    shown = shown or path.name
    files = _unpacked(path, shown)
    try:
        contents = _object(json.loads(files.pop(CONTENTS, b"null")))
        if contents.get("format") != FORMAT:
            raise _Damaged(f"its format is {contents.get('format')!r}, this TL Lab reads {FORMAT}")
        experiment, configs, rows = _experiment(contents)
        created = _time(contents["created"])
        imported = {
            "exported": _time(contents["exported"]),
            "dataset": _dataset(contents["dataset"], experiment),
            "weights": _words(contents["weights"]),
        }
        written = {config.run_id: _run_files(config, files) | {IMPORTED: imported} for config in configs}
        if files:
            raise _Damaged(f"{sorted(files)[0]!r:.100} belongs to none of its runs")
    except Refused as refusal:
        raise Refused(f"{shown} can't be imported: {refusal}") from None
    except (_Damaged, LeftOut) as problem:
        raise Refused(f"{shown} is no bundle of TL Lab, or damaged ({problem}); {AGAIN}.") from None
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError, RecursionError) as problem:
        raise Refused(f"{shown} is no bundle of TL Lab, or damaged ({type(problem).__name__}); {AGAIN}.") from None
    _write(home, configs[0].experiment_id, experiment, created, rows, written)
    return configs[0].experiment_id


def _unpacked(path: Path, shown: str) -> dict[str, bytes]:
    """Name -> bytes of every entry; Refused for a zip that is not plain and harmless, or holds anything unknown."""
    try:
        members = read_members(path, LIMITS, shown)
    except Refused as refusal:
        raise Refused(_ARCHIVE_ADVICE.sub(f"; {AGAIN}.", str(refusal))) from None
    names = [member.name for member in members]
    strange = [name for name in names if name != CONTENTS and not ENTRY.fullmatch(name)]
    if CONTENTS not in names or strange or len(set(names)) != len(names):
        what = f"it holds {strange[0]!r:.100}" if strange else f"it needs one {CONTENTS}"
        raise Refused(f"{shown} is no bundle of TL Lab ({what}); `python -m tl export EXPERIMENT_ID` makes one.")
    with open(path, "rb") as file:
        return {member.name: _bytes(file.fileno(), member, shown) for member in members}


def _bytes(file: int, member: Member, shown: str) -> bytes:
    try:
        return unpack(file, *member[1:])
    except LeftOut:
        raise Refused(f"{shown} is damaged: {member.name} can't be unpacked; {AGAIN}.") from None


def _experiment(contents: dict) -> tuple[Experiment, list[RunConfig], list[dict]]:
    """The experiment, the configs that follow from it and the rows of its runs, in the order of training."""
    experiment = _settings(contents["experiment"])
    experiment_id = _id(contents["experiment_id"])
    planned = {(config.arm.name, config.seed): config for config in experiment.runs(experiment_id)}
    configs, rows = [], []
    for told in contents["runs"]:
        config = planned.pop((told["arm"], told["seed"]), None)
        if config is None or told["status"] not in ENDED:
            raise _Damaged("its runs are not those of its experiment")
        configs.append(RunConfig.from_json(config.to_json() | {"run_id": _id(told["run_id"])}))
        rows.append(
            {
                "run_id": told["run_id"],
                "arm": told["arm"],
                "seed": told["seed"],
                "status": told["status"],
                "reason": _words(told["reason"]),
                "message": _words(told["message"]),
                "created": _time(told["created"]),
                "started": told["started"] and _time(told["started"]),
                "ended": told["ended"] and _time(told["ended"]),
            }
        )
    if not rows or len({row["run_id"] for row in rows}) != len(rows):
        raise _Damaged("it has no runs, or one of them twice")
    return experiment, configs, rows


def _settings(told: dict) -> Experiment:
    """The experiment; its own checks look at values, here the types are looked at."""
    arms, seeds = [_typed(ArmConfig, arm) for arm in told["arms"]], told["seeds"]
    _typed(Training, {name: value for name, value in told.items() if name not in ("arms", "seeds")})
    if not isinstance(seeds, list) or not all(type(seed) is int for seed in seeds):
        raise _Damaged("its seeds are no numbers")
    return Experiment.from_json(told | {"arms": arms})


def _typed(cls: type, told: dict) -> dict:
    """`told`, if every value has the type of the dataclass's field of that name."""
    kinds = get_type_hints(cls)
    for name, value in _object(told).items():
        allowed = get_args(kinds.get(name)) or (kinds.get(name, object),)
        numbers = (int, float) if float in allowed else ()
        if not (type(value) in (*allowed, *numbers) or name not in kinds):
            raise _Damaged(f"its setting {name!r:.60} is {value!r:.60}")
    return told


def _run_files(config: RunConfig, files: dict[str, bytes]) -> dict:
    """File -> what is to be written of one run, taken out of `files`."""
    own = {name: files.pop(f"runs/{config.run_id}/{name}", None) for name in RUN_FILES}
    told = own.pop("config.json")
    if told is None or RunConfig.from_json(json.loads(told)) != config:
        raise _Damaged(f"the settings of run {config.run_id} are not those of its experiment")
    found: dict = {"config.json": config.to_json()}
    result = own.pop("result.json")
    if result is not None:
        found["result.json"] = _result(_object(json.loads(result)))
    for name, (columns, most) in TABLES.items():
        if own[name] is not None:
            constants = {"run_id": config.run_id, "arm": config.arm.name, "seed": config.seed}
            found[name] = read_columns(own[name], columns, most, constants)
    metrics = found.get("metrics.parquet")
    if metrics is not None and metrics["epoch"].tolist() != list(range(1, len(metrics) + 1)):
        raise _Damaged(f"the epochs of run {config.run_id} are not in order")
    return found


def _result(told: dict) -> dict:
    """result.json with plain values only: numbers, words, and dictionaries or lists of such."""
    for name in ("test_accuracy", "best_val_accuracy", "elapsed_seconds", "memory_peak_bytes", "energy_joules"):
        if not (told.get(name) is None or _is_number(told[name])):
            raise _Damaged(f"{name} of a run is no number")
    for name in ("epochs", "best_epoch"):
        if not (told.get(name) is None or isinstance(told[name], int)):
            raise _Damaged(f"{name} of a run is no whole number")
    return {plain(name)[:100]: _plain_value(value) for name, value in told.items()}


def _plain_value(value, depth: int = 2):
    if isinstance(value, dict) and depth:
        return {plain(name)[:100]: _plain_value(inner, depth - 1) for name, inner in list(value.items())[:200]}
    if isinstance(value, list) and depth:
        return [_plain_value(inner, depth - 1) for inner in value[:2_000]]
    if value is None or isinstance(value, bool) or _is_number(value):
        return value
    return _words(value)


def _dataset(told: dict | None, experiment: Experiment) -> dict | None:
    """What the data set was, as a DatasetInfo can be read from it."""
    if told is None:
        return None
    sizes = {name: _size(told[name]) for name in ("train", "validation", "test", "native_resolution")}
    classes = [_words(name) for name in told["classes"]]
    if told["name"] != experiment.dataset or not NAME_PATTERN.fullmatch(told["name"]) or len(classes) > 1_000:
        raise _Damaged("its data set is not the experiment's")
    counts = {
        _words(name): {split: _size(of_class[split]) for split in ("train", "validation", "test") if split in of_class}
        for name, of_class in _object(told.get("counts") or {}).items()
    }
    words = {name: _words(told[name]) or "" for name in ("title", "origin", "note")}
    return DatasetInfo(name=told["name"], **words, **sizes, classes=tuple(classes), counts=counts).to_json()


def _object(value) -> dict:
    if not isinstance(value, dict):
        raise _Damaged("a part of it is not what it should be")
    return value


def _id(value) -> str:
    if not isinstance(value, str) or not ID_PATTERN.fullmatch(value):
        raise _Damaged("an id in it is none")
    return value


def _words(value) -> str | None:
    if value is None:
        return None
    if not isinstance(value, str):
        raise _Damaged("a text in it is none")
    return plain(value)[:TEXT_LENGTH]


def _is_number(value) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _time(value) -> float:
    """Unix seconds between 1970 and 2100."""
    if not _is_number(value) or not 0 <= value < 4_102_444_800:
        raise _Damaged("a time in it is none")
    return float(value)


def _size(value) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= 10**9:
        raise _Damaged("a number of pictures in it is none")
    return value


def _write(home: Home, experiment_id: str, experiment: Experiment, created: float, rows: list[dict], written: dict):
    """Folders first, under another name, then the rows: a run that can be seen is complete."""
    if database.has_experiment(home, experiment_id) or any(home.run(run_id).folder.exists() for run_id in written):
        raise Refused(f"Experiment {experiment_id} is here already; delete its runs first to import it again.")
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
        database.insert_ended(home, [(experiment_id, experiment, created, rows)])
    except BaseException as problem:
        for folder in placed:
            shutil.rmtree(folder, ignore_errors=True)
        if isinstance(problem, OSError) and problem.errno in (errno.ENOSPC, errno.EDQUOT):
            raise Refused(f"The disk that holds {home.path} is full; free some space and try again.") from None
        raise
    finally:
        shutil.rmtree(incoming, ignore_errors=True)
