"""What a bundle holds, once it is looked through, is put into the home: whole or not at all."""

import errno
import os
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from tl.config import Experiment, Refused, RunConfig, refusal
from tl.languages import say
from tl.report.run_files import Files
from tl.store.files import locked, write_bytes, write_json
from tl.store.home import Home
from tl.store.quarantine import announce, quarantine
from tl.store.queue import database
from tl.store.queue.name_and_notes import NameAndNotes


@dataclass(frozen=True)
class BundledExperiment:
    """One experiment of a bundle."""

    experiment_id: str
    experiment: Experiment
    created: float  # Unix time, seconds
    configs: list[RunConfig]
    rows: list[dict[str, Any]]  # of its runs, in the order of training
    label: NameAndNotes


def under_own_ids(home: Home, part: BundledExperiment) -> BundledExperiment:
    """The same with the ids that it has in this home."""
    rows = [row | {"run_id": home.own_id(row["run_id"])} for row in part.rows]
    return replace(part, experiment_id=home.own_id(part.experiment_id), rows=rows)


def write(
    home: Home,
    parts: list[BundledExperiment],
    sweep_id: str | None,
    called: NameAndNotes,
    written: Iterable[tuple[str, Files]],
) -> None:
    """Folders first, under another name, then the rows: a run that can be seen is complete. `called`: the sweep, if it is
    one. Raises Refused where something of it is here, or the disk is full."""
    try:
        with quarantine(home, home.runs_dir) as incoming:
            for run_id, files in written:
                for name, content in files.items():
                    if isinstance(content, bytes):  # a table
                        write_bytes(incoming / run_id / name, content)
                    else:
                        write_json(incoming / run_id / name, content)
            with locked(home.locks_dir / "import.lock"):  # an import of the same in another tab may be as far
                check_absent(home, parts, sweep_id)
                _place(home, parts, sweep_id, called, incoming)
    except OSError as problem:
        if problem.errno in (errno.ENOSPC, errno.EDQUOT):
            told = say("The disk that holds {folder} is full; free some space and try again.", folder=home.path)
            raise Refused(told) from None
        raise


def _place(
    home: Home, parts: list[BundledExperiment], sweep_id: str | None, called: NameAndNotes, incoming: Path
) -> None:
    """Folders to where runs lie and their rows into the queue, all or none."""
    run_ids = run_ids_of(parts)
    announce(incoming, run_ids)  # without a row they go with `incoming`, even killed
    for run_id in run_ids:
        folder = home.run(run_id).folder
        if folder.exists():  # without a row: left by an earlier version whose import was killed; goes with `incoming`
            os.rename(folder, incoming / f"left-{run_id}")
        os.rename(incoming / run_id, folder)
    ended = [(part.experiment_id, part.experiment, part.created, part.rows) for part in parts]
    labels = {part.experiment_id: part.label for part in parts} | ({sweep_id: called} if sweep_id else {})
    database.insert_ended(home, ended, sweep_id, home.policy.admit, labels)


def run_ids_of(parts: list[BundledExperiment]) -> list[str]:
    return [row["run_id"] for part in parts for row in part.rows]


def check_absent(home: Home, parts: list[BundledExperiment], sweep_id: str | None) -> None:
    """Raise Refused where something of it is here."""
    if sweep_id in {sweep["sweep_id"] for sweep in database.read_sweeps(home)}:
        raise refusal("Sweep {id} is here already; delete its runs first to import it again.", id=sweep_id)
    for part in parts:
        if database.has_experiment(home, part.experiment_id):
            raise refusal(
                "Experiment {id} is here already; delete its runs first to import it again.", id=part.experiment_id
            )
    known = {row.run_id for row in database.read_runs(home)}
    for run in map(home.run, run_ids_of(parts)):
        run_id = run.folder.name
        if run_id in known:
            raise refusal("Run {id} is here already; delete it first to import it again.", id=run_id)
        if run.folder.exists() and not run.imported.exists():  # trained here: it may be all that is left of it
            raise refusal("Run {id} is not in the queue but has a folder; move runs/{id} away to import it.", id=run_id)
