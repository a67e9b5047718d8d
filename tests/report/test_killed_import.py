"""Imports that are killed, or meet another of the same: whole or not at all, and what is left is in nobody's way."""

import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.report.bundle_lab import exported, files_below, packed
from tl import jobs
from tl.config import Refused
from tl.report import bundle_import
from tl.report.bundle_import import import_bundle
from tl.store.quarantine import quarantine

KILLED = """
import os, sys
from pathlib import Path
from tl.report import bundle_import, bundle_placing
from tl.store.home import Home

def ends(*_):
    os._exit(9)

{step} = ends
bundle_import.import_bundle(Home(sys.argv[1]), Path(sys.argv[2]))
"""


@pytest.mark.parametrize(
    "step", ["bundle_placing.database.insert_ended", "os.rename"], ids=["before the rows", "before the folders"]
)
def test_what_a_killed_import_left_is_no_run_and_the_next_takes_its_place(home, other, tmp_path, step):
    path = packed(tmp_path / "b.zip", exported(home))
    assert subprocess.run([sys.executable, "-c", KILLED.format(step=step), other.path, path]).returncode == 9
    assert len(files_below(other)) > 5 and jobs.list_runs(other) == []
    _, experiment_id = import_bundle(other, path)
    run_ids = {run.run_id for run in jobs.list_runs(other, experiment_id)}
    assert run_ids == {folder.name for folder in other.runs_dir.iterdir()}
    assert all(other.run(run_id).result.exists() for run_id in run_ids)
    with pytest.raises(Refused, match="is here already"):
        import_bundle(other, path)


def test_a_run_that_was_trained_here_is_not_taken_for_such_a_rest(home, other, tmp_path):
    """A queue that was lost: its runs lie in folders."""
    files = exported(home)
    run_id = next(name for name in files if name.startswith("runs/")).split("/")[1]
    kept = other.run(run_id).checkpoints / "last.safetensors"
    kept.parent.mkdir(parents=True)
    kept.write_bytes(b"learned")
    with pytest.raises(Refused, match=f"^Run {run_id} is not in the queue but has a folder; move runs/{run_id} away"):
        import_bundle(other, packed(tmp_path / "b.zip", files))
    assert files_below(other) == [f"runs/{run_id}/checkpoints/last.safetensors"]


def test_the_folder_of_an_import_that_goes_on_is_not_swept(home, other, tmp_path):
    with quarantine(other, other.runs_dir) as living:
        import_bundle(other, packed(tmp_path / "b.zip", exported(home)))
        assert living.exists()


def test_of_two_imports_of_the_same_at_once_one_is_done(home, other, tmp_path, monkeypatch):
    path, real, together = packed(tmp_path / "b.zip", exported(home)), bundle_import._runs, threading.Barrier(2)
    monkeypatch.setattr(bundle_import, "_runs", lambda *given: (together.wait(60), real(*given))[1])

    def done(_) -> str:
        try:
            return import_bundle(other, path)[0]
        except Refused as refusal:
            return str(refusal).partition(" ")[2].partition(" ")[2]

    with ThreadPoolExecutor(2) as pool:
        ends = sorted(pool.map(done, range(2)))
    assert ends == ["experiment", "is here already; delete its runs first to import it again."]
    runs = jobs.list_runs(other)
    assert {folder.name for folder in other.runs_dir.iterdir()} == {run.run_id for run in runs}
    assert all(run.test_accuracy for run in runs)
