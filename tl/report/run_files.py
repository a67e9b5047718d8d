"""The files that a bundle brings of one run, read into known types and given the ids they have in this home."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from tl.config import RunConfig
from tl.report.bundle import PREDICTIONS, RUN_FILES
from tl.report.predictions import read_answers
from tl.report.tables import read_columns
from tl.report.values import Damaged, checked, plain_value
from tl.store.documents import Result
from tl.store.home import Home, own_id
from tl.store.metrics import MAX_RESOURCE_ROWS, METRICS, RATE_TEST, RESOURCES
from tl.store.predictions import Predictions

TABLES = {  # file -> columns, rows at most
    "metrics.parquet": (METRICS, 1_000),
    "resources.parquet": (RESOURCES, MAX_RESOURCE_ROWS),
    "rate_test.parquet": (RATE_TEST, 10_000),
}
NOTES, NOTE_LENGTH = 20, 500  # sentences of a run on what did not go as planned; characters
Answers = dict[str, Predictions]  # split -> what was answered on it
Read = Callable[[str], bytes | None]  # an entry of the bundle by its name; None where there is none
Files = dict[str, Any]  # file -> content


def run_files(home: Home, config: RunConfig, read: Read) -> Files:
    """What is to be written of the run that must have this config. Raises Damaged, or what reading JSON raises."""
    own = {name: read(f"runs/{config.run_id}/{name}") for name in RUN_FILES}
    told = own.pop("config.json")
    written = None if told is None else RunConfig.from_json(json.loads(told))
    if written and config.precision == "auto":  # the trainer writes down which it found to be faster
        config = replace(config, precision=written.precision)
    if written != config:
        raise Damaged(f"the settings of run {config.run_id} are not those of its experiment")
    here = config
    if home.owner:
        ids = (own_id(home.owner, config.run_id), own_id(home.owner, config.experiment_id))
        here = replace(config, run_id=ids[0], experiment_id=ids[1])
    found: Files = {"config.json": here.to_json()}
    result = own.pop("result.json")
    if result is not None:
        found["result.json"] = _result(checked(json.loads(result), dict[str, Any]))
    for name, (columns, most) in TABLES.items():
        if own[name] is not None:
            constants = {"run_id": here.run_id, "arm": config.arm.name, "seed": config.seed}
            found[name] = read_columns(own[name], columns, most, constants)
    if own[PREDICTIONS] is not None:
        found[PREDICTIONS] = read_answers(own[PREDICTIONS])
    metrics = found.get("metrics.parquet")
    if metrics is not None and metrics["epoch"].tolist() != list(range(1, len(metrics) + 1)):
        raise Damaged(f"the epochs of run {config.run_id} are not in order")
    return found


def _result(told: dict[str, Any]) -> dict[str, Any]:
    """result.json with plain values only: numbers, words, and dictionaries or lists of such."""
    checked(told | {"notes": None}, Result)
    found = plain_value(told, depth=3)
    if isinstance(found.get("notes"), list):  # all of them are shown
        found["notes"] = [note[:NOTE_LENGTH] for note in found["notes"][:NOTES] if isinstance(note, str)]
    return found
