"""The files that a bundle brings of one run, read into known types and given the ids they have in this home."""

import json
from collections.abc import Callable
from dataclasses import replace

import pandas as pd

from tl.config import RunConfig
from tl.report.bundle import PREDICTIONS, RUN_FILES
from tl.report.predictions import read_answers
from tl.report.tables import read_columns
from tl.report.values import Damaged, is_number, mapping, plain_value
from tl.store.home import Home, own_id
from tl.store.metrics import MAX_RESOURCE_ROWS, METRICS, RATE_TEST, RESOURCES
from tl.store.predictions import Predictions

TABLES = {  # file -> columns, rows at most
    "metrics.parquet": (METRICS, 1_000),
    "resources.parquet": (RESOURCES, MAX_RESOURCE_ROWS),
    "rate_test.parquet": (RATE_TEST, 10_000),
}
NUMBERS = (
    *("test_accuracy", "test_balanced_accuracy", "test_macro_f1", "best_val_accuracy", "best_val_balanced_accuracy"),
    *("elapsed_seconds", "memory_peak_bytes", "energy_joules"),
)
NOTES, NOTE_LENGTH = 20, 500  # sentences of a run on what did not go as planned; characters
Answers = dict[str, Predictions]  # split -> what was answered on it
Read = Callable[[str], bytes | None]  # an entry of the bundle by its name; None where there is none
Files = dict[str, dict | pd.DataFrame | Answers]  # file -> content


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
        found["result.json"] = _result(mapping(json.loads(result)))
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


def _result(told: dict) -> dict:
    """result.json with plain values only: numbers, words, and dictionaries or lists of such."""
    for name in NUMBERS:
        if not (told.get(name) is None or is_number(told[name])):
            raise Damaged(f"{name} of a run is no number")
    for name in ("epochs", "best_epoch"):
        if not (told.get(name) is None or isinstance(told[name], int)):
            raise Damaged(f"{name} of a run is no whole number")
    found = plain_value(told, depth=3)
    if isinstance(found.get("notes"), list):  # all of them are shown
        found["notes"] = [note[:NOTE_LENGTH] for note in found["notes"][:NOTES] if isinstance(note, str)]
    return found
