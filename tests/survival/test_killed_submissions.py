"""Submissions and deletions that are killed between folders and rows: what is left is a whole run, or none."""

import subprocess
import sys

import pytest

from tl import jobs
from tl.config import ArmConfig, Experiment, Refused
from tl.jobs.launchers.launcher import child_environment
from tl.jobs.repair import repair
from tl.store.files import read_json
from tl.store.home import Home
from tl.store.quarantine import announce, quarantine
from tl.store.queue import database
from tl.store.trash import empty_trash, place_for

EXPERIMENT = Experiment(
    dataset="blossoms",
    samples=20,
    arms=(ArmConfig(name="a", strategy="scratch"), ArmConfig(name="b", strategy="scratch")),
)
BEGINS = """
import itertools, os, sys
import tl.jobs.measurements.advice
from tests.survival.test_killed_submissions import EXPERIMENT
from tl import jobs
from tl.store import quarantine
from tl.jobs import queue
from tl.store import trash
from tl.store.queue import database, removal
from tl.store.home import Home

def ends(*_, **__):
    os._exit(9)

home = Home(sys.argv[1])
"""
SUBMITTED = "jobs.submit(home, EXPERIMENT)"
STEPS = {  # when a submission is killed -> how, and how many runs there are then
    "before it is announced": ("quarantine.write_json = ends", 0),
    "before the first folder": ("queue.write_json = ends", 0),
    "between two folders": (
        "write, left = queue.write_json, [1]\nqueue.write_json = lambda *given: write(*given) if left.pop() else ends()\n"
        "left += [0, 1]",
        0,
    ),
    "before the rows": ("database.insert_experiments = ends", 0),
    "with the rows, before they count": ("queue.admission_of = lambda *_: ends", 0),
    "before what was announced is tidied up": ("quarantine._remove = ends", 2),
    "after the rows": ("tl.jobs.measurements.advice.predict = ends", 2),
}


def killed(home: Home, *lines: str) -> None:
    command = [sys.executable, "-c", "\n".join((BEGINS, *lines)), str(home.path)]
    ended = subprocess.run(command, env=child_environment(), capture_output=True, text=True)
    assert ended.returncode == 9, ended.stderr


def folders(home: Home) -> set[str]:
    return {path.name for path in home.runs_dir.glob("*")}


def check(home: Home, runs: int) -> None:
    """So many runs, each with its settings, and nothing besides."""
    rows = database.read_runs(home)
    assert len(rows) == runs
    assert folders(home) == {row.run_id for row in rows}
    assert all(read_json(home.run(row.run_id).config)["arm"]["name"] == row.arm for row in rows)


@pytest.mark.parametrize("step", STEPS)
def test_a_killed_submission_is_whole_or_none_at_the_next_look(home, step):
    how, runs = STEPS[step]
    killed(home, how, SUBMITTED)
    rows = database.read_runs(home)
    assert len(rows) == runs and all(home.run(row.run_id).config.exists() for row in rows)
    assert repair(home)["sound"]
    check(home, runs)
    jobs.submit(home, Experiment(dataset="blossoms", samples=30, arms=EXPERIMENT.arms))
    check(home, runs + 2)


@pytest.mark.parametrize("step", STEPS)
def test_repair_brings_none_to_life_that_never_was(home, step):
    """The queue is damaged before anybody has tidied up; a run that was in it is brought back."""
    how, runs = STEPS[step]
    kept = jobs.submit(home, EXPERIMENT)
    killed(home, how, "jobs.submit(home, EXPERIMENT, key='another')")
    with database.writing(home) as connection:
        connection.execute("UPDATE main.runs SET attempt = 'x'")
    with pytest.raises(Refused, match="damaged"):
        jobs.list_runs(home)
    assert repair(home)["runs"] == 2 + runs
    assert kept in {row.experiment_id for row in database.read_runs(home)}
    check(home, 2 + runs)


def test_the_folders_of_a_submission_that_goes_on_are_left_to_it(home):
    with quarantine(home, home.runs_dir) as incoming:
        announce(incoming, ["0" * 26])
        home.run("0" * 26).folder.mkdir()
        assert repair(home) == {"sound": True, "kept": None, "experiments": 0, "runs": 0, "left_out": []}
        jobs.submit(home, EXPERIMENT)
        assert home.run("0" * 26).folder.exists()
    check(home, 2)


def ended(home: Home) -> str:
    run_id = database.read_runs(home, jobs.submit(home, EXPERIMENT))[0].run_id
    jobs.stop(home, run_id)
    return run_id


DELETED = "jobs.delete(home, {!r})"
DELETIONS = {  # when a deletion is killed -> how, and whether everything is still there
    "before it is announced": ("quarantine.write_json = ends", True),
    "before the rows": ("removal.delete_runs = ends", True),
    "with the rows gone, before that counts": (
        "delete, left = removal._delete_run, [0, 1]\n"
        "removal._delete_run = lambda *given: delete(*given) if left.pop() else ends()",
        True,
    ),
    "after the rows": ("quarantine._remove = ends", False),
    "between two folders": (
        "import pathlib\nrename, left = pathlib.Path.rename, [0, 1]\n"
        "pathlib.Path.rename = lambda *given: rename(*given) if left.pop() else ends()",
        False,
    ),
    "before the folders are removed": ("quarantine.shutil.rmtree = ends", False),
}


@pytest.mark.parametrize("step", DELETIONS)
@pytest.mark.parametrize("damaged", [False, True])
def test_a_killed_deletion_leaves_all_of_an_experiment_or_nothing(home, step, damaged):
    """Also where the queue is damaged before anybody has tidied up."""
    kept = [row.run_id for row in database.read_runs(home, jobs.submit(home, EXPERIMENT, key="another"))]
    how, whole = DELETIONS[step]
    run_id = ended(home)
    experiment_id = database.read_run(home, run_id).experiment_id
    jobs.stop_all(home, [row.run_id for row in database.read_runs(home)])
    killed(home, how, DELETED.format(experiment_id))
    seen = {row.run_id for row in database.read_runs(home)}
    assert len(seen) == (4 if whole else 2) and all(home.run(each).config.exists() for each in seen)
    if damaged:
        with database.writing(home) as connection:
            connection.execute("UPDATE main.runs SET attempt = 'x'")
    assert repair(home)["sound"] == (not damaged)
    check(home, 4 if whole else 2)
    if whole:
        jobs.delete(home, experiment_id)
    check(home, 2)
    assert {row.run_id for row in database.read_runs(home)} == set(kept)


def test_a_deletion_that_an_earlier_version_was_killed_in_has_not_been(home):
    """It moved folders away before the rows were gone."""
    run_id = ended(home)
    place = place_for(home, home.run(run_id).folder)
    place.parent.mkdir()
    home.run(run_id).folder.rename(place.with_suffix(".999999999"))
    empty_trash(home)
    check(home, 2)


def test_a_workspace_whose_end_was_killed_before_its_rows_were_gone_is_back(home):
    visitor = home.of("0" * 26)
    run_id = ended(visitor)
    killed(
        home, "from tl.store.trash import place_for", "own = home.of('0' * 26)", "place = place_for(home, own.path)",
        "place.parent.mkdir()", "own.path.rename(place)", "ends()"
    )  # fmt: skip
    empty_trash(home)
    check(visitor, 2)
    assert visitor.run(run_id).config.exists()
