"""The files that a bundle brings of one run, read into known types and given the ids they have in this home."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from tl.config import RunConfig
from tl.languages import say
from tl.report.bundle import RUN_FILES
from tl.report.table_reader import Reader
from tl.report.values import BundleDamaged, checked, plain_value
from tl.store.documents import Result
from tl.store.home import Home

NOTES, NOTE_LENGTH = 20, 500  # sentences of a run on what did not go as planned; characters
Read = Callable[[str], bytes | None]  # an entry of the bundle by its name; None where there is none
Files = dict[str, Any]  # file -> content: a JSON document, or a table as bytes


def run_files(home: Home, config: RunConfig, read: Read, reader: Reader) -> Files:
    """What is to be written of the run that must have this config. Raises Damaged, or what reading JSON raises, or Refused."""
    own = {name: read(f"runs/{config.run_id}/{name}") for name in RUN_FILES}
    told = own.pop("config.json")
    written = None if told is None else RunConfig.from_json(json.loads(told))
    if written:
        config = config.decided(written)
    if written != config:
        raise BundleDamaged(say("the settings of run {run} are not those of its experiment", run=config.run_id))
    here = replace(config, run_id=home.own_id(config.run_id), experiment_id=home.own_id(config.experiment_id))
    found: Files = {"config.json": here.to_json()}
    result = own.pop("result.json")
    if result is not None:
        found["result.json"] = _result(checked(json.loads(result), dict[str, Any]))
    tables = {name: data for name, data in own.items() if data is not None}
    found |= reader(tables, {"run_id": here.run_id, "arm": config.arm.name, "seed": config.seed})
    return found


def _result(told: dict[str, Any]) -> dict[str, Any]:
    """result.json with plain values only: numbers, words, and dictionaries or lists of such."""
    checked(told | {"notes": None}, Result)
    found: dict[str, Any] = plain_value(told, depth=3)
    if isinstance(found.get("notes"), list):  # all of them are shown
        found["notes"] = [note[:NOTE_LENGTH] for note in found["notes"][:NOTES] if isinstance(note, str)]
    return found
