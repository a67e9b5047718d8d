"""Homes that earlier versions have written: listed, judged, exported, repaired, and their unfinished runs go on.

Those of the last two versions are kept for good; tests/fixtures/homes/make.py adds that of another.
"""

import shutil
import subprocess
import sys
import tarfile
from dataclasses import fields
from pathlib import Path

import pytest

from tl import jobs
from tl.analysis.experiment import experiment_result
from tl.analysis.sweep import sweep_result
from tl.config import Experiment
from tl.jobs.repair import repair
from tl.report.bundle import export_bundle
from tl.report.bundle_import import import_bundle
from tl.store.documents import read_config
from tl.store.home import Home
from tl.store.metrics import read_metrics
from tl.store.queue import database

FIXTURES = Path(__file__).parent.parent / "fixtures" / "homes"
ARMS = {"scratch", "full_finetuning"}


@pytest.fixture(scope="session", params=sorted(path.name for path in FIXTURES.glob("*.tar.xz")))
def unpacked(request, tmp_path_factory) -> Path:
    """One of the homes, for reading."""
    folder = tmp_path_factory.mktemp("earlier")
    with tarfile.open(FIXTURES / request.param) as archive:
        archive.extractall(folder, filter="data")
    return folder


@pytest.fixture
def earlier(unpacked, tmp_path) -> Home:
    """The same home, for changing."""
    return Home(shutil.copytree(unpacked, tmp_path / "home"))


def unfinished(home: Home) -> str:
    (run,) = [run for run in jobs.list_runs(home) if run.status != "finished"]
    return run.run_id


def comparison(home: Home) -> str:
    """Id of the experiment with two arms that is no size of a sweep."""
    (found,) = {
        run.experiment_id
        for run in jobs.list_runs(home)
        if run.sweep_id is None and run.dataset and run.arm != "scratch"
    }
    return found


def test_its_runs_are_listed_with_what_they_reached(earlier):
    runs = jobs.list_runs(earlier)
    assert len(runs) == 9 and [run.status for run in runs].count("finished") == 8
    assert all(
        run.test_accuracy is not None and run.epochs == run.max_epochs for run in runs if run.status == "finished"
    )
    left = jobs.run(earlier, unfinished(earlier))
    assert left.status == "stopped" and 1 <= left.epochs < left.max_epochs and left.best_val_accuracy is not None


def test_settings_that_it_lacks_mean_what_it_did(earlier):
    for row in database.read_runs(earlier):
        config = read_config(earlier.run(row.run_id))
        for name, value in Experiment.EARLIER.items():
            assert getattr(row.experiment, name) == getattr(config, name) == value
        shared = {entry.name for entry in fields(type(config))} & {entry.name for entry in fields(Experiment)}
        for name in shared - {"precision"}:  # the trainer writes down which it chose
            assert getattr(config, name) == getattr(row.experiment, name)


def test_it_is_judged_and_its_sweep_read(earlier):
    found = experiment_result(earlier, comparison(earlier))
    assert set(found.arms) == ARMS and all(len(arm.runs) == 2 for arm in found.arms.values())
    assert found.verdict.text and found.to_json()["verdict"]["text"] == found.verdict.text
    (swept,) = jobs.list_sweeps(earlier)
    result = sweep_result(earlier, swept["sweep_id"])
    assert swept["sizes"] == list(result.sizes) == [16, 24] and result.text


def test_what_it_exported_and_what_is_exported_of_it_is_imported(earlier, tmp_path):
    for bundle in sorted(earlier.path.glob("*.zip")):
        ident = bundle.stem
        assert import_bundle(Home(tmp_path / "old"), bundle)[1] == ident
        again = tmp_path / bundle.name
        again.write_bytes(export_bundle(earlier, ident))
        assert import_bundle(Home(tmp_path / "new"), again)[1] == ident
    assert len(jobs.list_runs(Home(tmp_path / "old"))) == 8
    for kept in ("old", "new"):
        home = Home(tmp_path / kept)
        for row in database.read_runs(home):
            assert row.experiment == database.read_run(earlier, row.run_id).experiment
            assert read_config(home.run(row.run_id)) == read_config(earlier.run(row.run_id))


def test_repair_makes_the_same_queue_of_its_folders(earlier):
    before = {run.run_id: (run.experiment_id, run.arm, run.seed, run.status) for run in jobs.list_runs(earlier)}
    specs = {row.experiment_id: row.experiment for row in database.read_runs(earlier)}
    for path in earlier.path.glob("tl.sqlite*"):
        path.unlink()
    done = repair(earlier)
    assert (done["experiments"], done["runs"], done["left_out"]) == (4, 9, [])
    assert {run.run_id: (run.experiment_id, run.arm, run.seed, run.status) for run in jobs.list_runs(earlier)} == before
    for row in database.read_runs(earlier):
        for name in Experiment.EARLIER:
            assert getattr(row.experiment, name) == getattr(specs[row.experiment_id], name)


def test_its_unfinished_run_goes_on_to_the_end(earlier):
    run_id = unfinished(earlier)
    before = jobs.run(earlier, run_id)
    jobs.resume(earlier, run_id)
    files = earlier.run(run_id)
    trained = subprocess.run(
        [sys.executable, "-m", "tl.train", files.folder], stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    assert trained.returncode == 0, trained.stdout.decode()
    assert database.move(earlier, database.read_run(earlier, run_id), "running")
    assert database.move(earlier, database.read_run(earlier, run_id), "finished")
    after = jobs.run(earlier, run_id)
    assert (after.epochs, after.test_accuracy is not None) == (before.max_epochs, True)
    assert read_metrics(files.metrics)["epoch"].tolist() == list(range(1, before.max_epochs + 1))
