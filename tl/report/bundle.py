"""A bundle: an ended experiment or sweep as a zip of JSON and Parquet; no pictures, no weights, nothing executed."""

import hashlib
import io
import json
import time
import zipfile
from contextlib import suppress
from typing import Any

from tl import sources
from tl.analysis.experiment import pictures_of
from tl.config import Refused
from tl.languages import english, language, read_sentence
from tl.report.subject import SWEEP, ReportSubject, ended
from tl.report.table_reader import reading
from tl.store.documents import read_imported
from tl.store.home import Home
from tl.store.queue.name_and_notes import name_and_notes_of

FORMAT = 4  # goes up when an older TL Lab could no longer read it
BEFORE = 3  # of a bundle without answers on shifted pictures, which that can read, too
READABLE = (2, BEFORE, FORMAT)
CONTENTS = "bundle.json"  # everything that is not in a run's own files
PREDICTIONS, SHIFTED = "predictions.parquet", "shifted.parquet"
ANSWERS = (PREDICTIONS, SHIFTED)
RUN_FILES = ("config.json", "metrics.parquet", "resources.parquet", "rate_test.parquet", *ANSWERS, "result.json")
ENTRY_BYTES = 2 * 2**20  # of a file in a bundle, at most
# Of the predictions of all runs: with more, none is in the bundle; of shifted pictures, too.
ANSWERS_BYTES = 200 * 2**20
OF_RUN = ("run_id", "arm", "seed", "status", "reason", "message", "created", "started", "ended")
SENTENCES = ("message", "message_said", "notes", "notes_said")  # of result.json


def export_bundle(home: Home, ident: str) -> bytes:
    """The zip of the experiment or sweep with this id. Raises Refused as tl.report.subject.ended does."""
    memory = io.BytesIO()
    with zipfile.ZipFile(memory, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in _files(ended(home, ident)).items():
            archive.writestr(name, data)
    return memory.getvalue()


def fingerprint(home: Home, ident: str, *parts: object) -> str:
    """Eight digits that change with the files of an experiment or sweep and with `parts`: for names of downloads.

    Streamlit serves two downloads of one name and size from one place where their ends and middles agree.
    """
    digest = hashlib.sha256(repr((language(), *parts)).encode())
    for run_id in ended(home, ident).run_ids:
        for name in RUN_FILES:
            with suppress(FileNotFoundError):  # read by every rerun of the page: the files' stamps will do
                stamp = (home.run(run_id).folder / name).stat()
                digest.update(f"{run_id}/{name} {stamp.st_mtime_ns} {stamp.st_size}".encode())
    return digest.hexdigest()[:8]


def _files(subject: ReportSubject) -> dict[str, bytes]:
    """Name in the zip -> content."""
    files: dict[str, bytes] = {}
    without_places = subject.home.policy.without_places
    for run_id in subject.run_ids:
        folder = subject.home.run(run_id).folder
        for name in RUN_FILES:
            if name not in ANSWERS and (folder / name).exists():
                data = _plain(name, (folder / name).read_bytes())
                plain = without_places(data.decode(errors="replace")).encode() if name.endswith(".json") else data
                files[f"runs/{run_id}/{name}"] = plain
    shifted = _answers(subject, SHIFTED)
    files |= _answers(subject, PREDICTIONS) | shifted
    return {CONTENTS: _json(_contents(subject, FORMAT if shifted else BEFORE))} | files


def _plain(name: str, data: bytes) -> bytes:
    """A run's file with its sentences in English: those of result.json are kept as tl.languages.store_sentence makes them."""
    if name != "result.json":
        return data
    try:
        told = json.loads(data)
        plain = {name: _english(value) if name in SENTENCES else value for name, value in told.items()}
    except (ValueError, AttributeError, RecursionError):
        return data
    return data if plain == told else _json(plain)


def _english(value: Any) -> Any:
    """Sentences in English, whoever reads or exports them; not for what people type, which may look like a stored one."""
    if isinstance(value, list | tuple):
        return [_english(inner) for inner in value]
    return english(read_sentence(value) or "") if isinstance(value, str) else value


def _answers(subject: ReportSubject, file: str) -> dict[str, bytes]:
    """The answers as in `_files`, as far as whoever imports them can read them: those of very many pictures and classes
    stay here, and damaged ones."""
    found: dict[str, bytes] = {}
    with reading() as reader:
        for run_id in subject.run_ids:
            with suppress(FileNotFoundError, Refused):
                data = (subject.home.run(run_id).folder / file).read_bytes()
                if len(data) <= ENTRY_BYTES:
                    found |= {f"runs/{run_id}/{name}": new for name, new in reader({file: data}, {}).items()}
    return found if sum(map(len, found.values())) <= ANSWERS_BYTES else {}


def _contents(subject: ReportSubject, form: int) -> dict[str, Any]:
    info = pictures_of(subject.home, subject.experiment, subject.run_ids)
    return {
        "format": form,
        "exported": time.time(),
        "sweep_id": subject.ident if subject.kind == SWEEP else None,
        **(_label(subject.home, subject.ident) if subject.kind == SWEEP else {}),
        "dataset": info.to_json() if info else None,
        "weights": _weights(subject),
        "experiments": [
            {
                "experiment_id": entry["experiment_id"],
                "created": entry["created"],
                **_label(subject.home, entry["experiment_id"]),
                "experiment": entry["experiment"].to_json(),
                "runs": [
                    {name: getattr(row, name) for name in OF_RUN} | {"message": _english(row.message)}
                    for row in subject.rows_of[entry["experiment_id"]]
                ],
            }
            for entry in subject.entries
        ],
    }


def _label(home: Home, ident: str) -> dict[str, str]:
    """What it is called and what was noted about it, as far as there is any."""
    told = name_and_notes_of(home, ident)
    texts = (("name", told.name), ("notes", told.notes))
    return {name: home.policy.without_places(text) for name, text in texts if text}


def _weights(subject: ReportSubject) -> str:
    """What pretrained arms started from, in words: the other home may not have it."""
    imported = read_imported(subject.home.run(subject.run_ids[0])) if subject.rows else None
    experiment = subject.experiment
    if imported:
        return imported.weights or experiment.weights
    try:
        return english(sources.source(subject.home, experiment.backbone, experiment.weights).title)
    except Refused:  # deleted since
        return experiment.weights


def _json(document: dict[str, Any]) -> bytes:
    return json.dumps(document, indent=1, ensure_ascii=False).encode()
