"""Seeds added to an experiment that is there: the same settings, once, whole or not at all."""

import subprocess
import sys
from dataclasses import replace

import pytest

from tests import page_lab
from tests.datasets.crafted import ingest, two_classes, zipped
from tl import jobs
from tl.config import Experiment, Refused
from tl.jobs.repair import repair
from tl.report.command import command
from tl.store.documents import read_config
from tl.store.files import read_json, write_json
from tl.store.home import Home
from tl.store.queue import database
from tl.store.queue.settle_plan import SettlePlan


@pytest.fixture
def ended(lab) -> str:
    """An experiment of two arms and two seeds that has ended; the trainers chose a precision."""
    run_ids = lab.submit("quick", "quick 2", seeds=(4, 1))
    lab.run_all()
    for run_id in run_ids:
        path = lab.home.run(run_id).config
        write_json(path, read_json(path) | {"precision": "bf16"})
    return lab.row(run_ids[0]).experiment_id


def experiment(home, experiment_id: str) -> Experiment:
    return database.read_experiment(home, experiment_id)["experiment"]


def folders(home) -> int:
    return len(list(home.runs_dir.iterdir()))


def test_they_get_the_settings_of_the_earlier_ones_and_are_trained(lab, home, ended):
    before = experiment(home, ended)
    added = jobs.add_seeds(home, ended, 4)
    after = experiment(home, ended)
    assert after == replace(before, seeds=(4, 1, 0, 2), looks=(2, 4))
    rows = database.read_runs(home, ended)
    assert [row.run_id for row in rows[4:]] == added
    assert [(row.arm, row.seed) for row in rows[4:]] == [(a, s) for s in (0, 2) for a in ("quick", "quick 2")]
    assert [row.position for row in rows] == list(range(8))
    old, new = (read_config(home.run(row.run_id)) for row in (rows[0], rows[4]))
    assert new == replace(old, run_id=new.run_id, seed=0), "down to the precision that a trainer chose"
    lab.run_all()
    assert {row.status for row in database.read_runs(home, ended)} == {"finished"}
    jobs.add_seeds(home, ended, 5)
    assert experiment(home, ended).looks == (2, 4, 5)
    assert "--seeds 4,1,0,2,3 " in command(experiment(home, ended)) + " "


def test_the_same_twice_adds_once(home, ended):
    added = jobs.add_seeds(home, ended, 3)
    assert jobs.add_seeds(home, ended, 3) == added
    assert folders(home) == len(database.read_runs(home)) == 6


def test_processes_that_add_at_once_add_once(home, ended):
    code = "import sys; from tl import jobs; from tl.store.home import Home\ninput(); " + (
        "print(jobs.add_seeds(Home(sys.argv[1]), sys.argv[2], 4))"
    )
    command = [sys.executable, "-c", code, str(home.path), ended]
    both = [subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    for process in both:
        process.stdin.write("go\n")
        process.stdin.flush()
    answers = {process.communicate()[0] for process in both}
    assert len(answers) == 1 and "[" in answers.pop()
    assert folders(home) == len(database.read_runs(home)) == 8


@pytest.mark.parametrize(
    ("up_to", "words"), [(2, "up to is 2; it must be more than the 2 seeds"), (101, "up to is 101; .* at most 100")]
)
def test_a_number_that_can_not_be_is_refused(home, ended, up_to, words):
    with pytest.raises(Refused, match=words):
        jobs.add_seeds(home, ended, up_to)
    assert folders(home) == 4


def test_it_is_refused_while_runs_train_or_wait(lab, home):
    run_ids = lab.submit("slow", "quick")
    with pytest.raises(Refused, match="are still training or waiting"):
        jobs.add_seeds(home, lab.row(run_ids[0]).experiment_id, 3)
    assert folders(home) == 2


def test_it_is_refused_for_one_size_of_a_sweep_and_for_what_was_imported(lab, home, ended):
    write_json(home.run(database.read_runs(home, ended)[0].run_id).imported, {})
    with pytest.raises(Refused, match="was imported"):
        jobs.add_seeds(home, ended, 3)
    sweep_id = jobs.submit_sweep(home, replace(experiment(home, ended), samples=None), (20, 40))
    lab.run_all()
    with pytest.raises(Refused, match="one size of a sweep"):
        jobs.add_seeds(home, next(iter(database.read_sweep(home, sweep_id)["experiments"])), 3)


def test_hosted_the_whole_experiment_must_stay_within_the_limits(home, ended, monkeypatch):
    monkeypatch.setenv("TL_HOSTED", "1")
    monkeypatch.setenv("TL_LIMIT_RUNS_TOGETHER", "6")
    with pytest.raises(Refused, match=r"This demo takes at most 6 runs \(arms x seeds\), not 8"):
        jobs.add_seeds(Home(home.path), ended, 4)
    monkeypatch.setenv("TL_LIMIT_RUNS_KEPT", "5")
    with pytest.raises(Refused, match="6 runs in all; this demo allows 5"):
        jobs.add_seeds(Home(home.path), ended, 3)
    assert folders(home) == len(database.read_runs(home)) == 4 and experiment(home, ended).seeds == (4, 1)


def test_a_queue_made_anew_knows_at_how_many_seeds_it_was_judged(lab, home, ended, monkeypatch):
    monkeypatch.setattr("tl.jobs.repair.TOGETHER_SECONDS", 0.05)  # the stand-ins train in no time
    jobs.add_seeds(home, ended, 3)
    lab.run_all()
    home.database_path.unlink()
    repair(home)
    after = experiment(home, ended)
    assert (after.seeds, after.looks) == ((0, 1, 4), (2, 3))
    assert {row.status for row in database.read_runs(home, ended)} == {"finished"}


def test_what_lost_its_pictures_is_not_run_until_settled(lab, home, tmp_path):
    """Refused at once, not at the first look."""
    ingest(home, zipped(tmp_path / "mine.zip", two_classes("", 12)), "mine")
    experiment_id = page_lab.submit(home, 3, dataset="mine", samples=8)
    for row in page_lab.rows(home, experiment_id):
        page_lab.end(home, row, "finished")
    jobs.delete_dataset(home, "mine")
    for begins in (
        lambda: jobs.begin_settling(home, experiment_id, SettlePlan()),
        lambda: jobs.add_seeds(home, experiment_id, 5),
    ):
        with pytest.raises(Refused, match="There is no data set 'mine'"):
            begins()
    assert database.read_experiment(home, experiment_id)["settling"] is None and folders(home) == 6
