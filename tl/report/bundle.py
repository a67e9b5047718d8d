"""A bundle: an ended experiment as a zip of JSON and Parquet, no pictures, no weights, nothing that is executed."""

import hashlib
import io
import json
import time
import zipfile
from contextlib import suppress

from tl import pretrained
from tl.analysis.experiment import pictures_of
from tl.config import Experiment, Refused
from tl.report.experiment import ended_runs
from tl.store.database import read_experiment
from tl.store.files import read_json
from tl.store.home import Home

FORMAT = 1  # goes up when an older TL Lab could no longer read it
CONTENTS = "bundle.json"  # everything that is not in a run's own files
RUN_FILES = ("config.json", "metrics.parquet", "resources.parquet", "rate_test.parquet", "result.json")
OF_RUN = ("run_id", "arm", "seed", "status", "reason", "message", "created", "started", "ended")


def export_bundle(home: Home, experiment_id: str) -> bytes:
    """The zip. Raises Refused for an unknown experiment and one with runs that still train or wait."""
    memory = io.BytesIO()
    with zipfile.ZipFile(memory, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in _files(home, experiment_id).items():
            archive.writestr(name, data)
    return memory.getvalue()


def fingerprint(home: Home, experiment_id: str, *parts: object) -> str:
    """Eight digits that change with the experiment's files and with `parts`: for names of downloads.

    Streamlit serves two downloads of one name and size from one place where their ends and middles agree.
    """
    digest = hashlib.sha256(repr(parts).encode())
    for row in ended_runs(home, experiment_id):
        for name in RUN_FILES:
            with suppress(FileNotFoundError):  # read by every rerun of the page: the files' stamps will do
                stamp = (home.run(row["run_id"]).folder / name).stat()
                digest.update(f"{row['run_id']}/{name} {stamp.st_mtime_ns} {stamp.st_size}".encode())
    return digest.hexdigest()[:8]


def _files(home: Home, experiment_id: str) -> dict[str, bytes]:
    """Name in the zip -> content."""
    rows = ended_runs(home, experiment_id)
    entry = read_experiment(home, experiment_id)
    files = {CONTENTS: _json(_contents(home, entry, rows))}
    for row in rows:
        folder = home.run(row["run_id"]).folder
        for name in RUN_FILES:
            if (folder / name).exists():
                files[f"runs/{row['run_id']}/{name}"] = (folder / name).read_bytes()
    return files


def _contents(home: Home, entry: dict, rows: list[dict]) -> dict:
    experiment = entry["experiment"]
    info = pictures_of(home, experiment.dataset, [row["run_id"] for row in rows])
    return {
        "format": FORMAT,
        "exported": time.time(),
        "experiment_id": entry["experiment_id"],
        "created": entry["created"],
        "experiment": experiment.to_json(),
        "dataset": info.to_json() if info else None,
        "weights": _weights(home, experiment, rows),
        "runs": [{name: row[name] for name in OF_RUN} for row in rows],
    }


def _weights(home: Home, experiment: Experiment, rows: list[dict]) -> str:
    """What pretrained arms started from, in words: the other home may not have it."""
    imported = read_json(home.run(rows[0]["run_id"]).imported) if rows else None
    if imported:
        return imported["weights"]
    try:
        return pretrained.source(home, experiment.backbone, experiment.weights).title
    except Refused:  # deleted since
        return experiment.weights


def _json(document: dict) -> bytes:
    return json.dumps(document, indent=1, ensure_ascii=False).encode()
