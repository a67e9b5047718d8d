"""Giving back a data set: gone with its files, never under a run that needs it, and what has ended keeps its results."""

from dataclasses import replace

import pytest

from tl import datasets, jobs
from tl.config import ArmConfig, Experiment, Refused, new_id
from tl.datasets import DatasetInfo
from tl.jobs import dead_trainers, queue
from tl.jobs.launchers import processes
from tl.store.files import locked, write_json
from tl.store.home import Home
from tl.store.queue import database

INFO = DatasetInfo(
    name="mine",
    title="mine",
    origin="upload",
    classes=("rose", "tulip"),
    train=40,
    validation=10,
    test=10,
    native_resolution=64,
)
LEARNT = Experiment(
    dataset="mine", samples=20, epochs=2, resolution=32, arms=(ArmConfig(name="a", strategy="scratch"),)
)


def bring(home: Home, name: str = "mine") -> None:
    """What is there of a data set before anybody looks at its pictures."""
    write_json(home.dataset_dir(name) / "dataset.json", replace(INFO, name=name, title=name).to_json())


@pytest.fixture
def mine(home):
    bring(home)
    return home


def waiting(home: Home) -> dict:
    """The row of a run that waits for its turn to learn these pictures."""
    return database.read_runs(home, jobs.submit(home, LEARNT))[0]


def test_a_data_set_is_gone_with_its_files_and_its_name_is_free(mine):
    bring(mine, "other")
    jobs.delete_dataset(mine, "mine")
    assert [info.name for info in datasets.list_datasets(mine) if info.origin == "upload"] == ["other"]
    assert not datasets.has(mine, "mine") and not list(mine.trash_dir.iterdir())
    with pytest.raises(Refused, match="There is no data set 'mine'"):
        jobs.delete_dataset(mine, "mine")


def test_a_damaged_one_says_how_to_delete_it_and_can_be_deleted(mine):
    write_json(mine.dataset_dir("mine") / "dataset.json", [])
    _, damaged = datasets.survey(mine)
    assert "`python -m tl datasets --delete mine`) and bring the pictures again." in damaged["mine"]
    jobs.delete_dataset(mine, "mine")
    assert datasets.survey(mine)[1] == {} and not mine.dataset_dir("mine").exists()


@pytest.mark.parametrize("name", ["blossoms", "cifar10", "flowers102"])
def test_what_comes_with_tl_lab_stays(home, name):
    with pytest.raises(Refused, match=f"'{name}' comes with TL Lab"):
        jobs.delete_dataset(home, name)


@pytest.mark.parametrize("name", ["../runs", "", ".incoming-1"])
def test_what_is_no_name_deletes_nothing(mine, name):
    with pytest.raises(Refused, match="can't be a data set's name"):
        jobs.delete_dataset(mine, name)
    assert datasets.has(mine, "mine")


def test_of_two_visitors_sets_with_one_name_only_the_own_goes_and_only_own_runs_hold_it(home):
    ann, eve = home.of(new_id()), home.of(new_id())
    bring(ann), bring(eve), waiting(eve)
    jobs.delete_dataset(ann, "mine")
    assert not datasets.has(ann, "mine") and datasets.has(eve, "mine")
    with pytest.raises(Refused, match="is queued; stop it first"):
        jobs.delete_dataset(eve, "mine")


def test_a_run_that_waits_or_trains_keeps_its_pictures(mine, monkeypatch):
    row = waiting(mine)
    with pytest.raises(Refused, match=f"Run {row.run_id} uses the data set 'mine' and is queued; stop it first"):
        jobs.delete_dataset(mine, "mine")
    database.move(mine, row, "running")
    monkeypatch.setattr(dead_trainers, "is_dead", lambda home, row: False)
    with pytest.raises(Refused, match="is running; stop it first"):
        jobs.delete_dataset(mine, "mine")
    assert datasets.has(mine, "mine")


def test_a_trainer_that_is_dead_does_not_keep_them(mine):
    row = waiting(mine)
    database.move(mine, row, "running")
    database.note(mine, row, handle=f"local {2**22 + 1} 1 {processes.boot_id()}")
    jobs.delete_dataset(mine, "mine")
    assert jobs.run(mine, row.run_id).status == "interrupted" and not datasets.has(mine, "mine")


def test_an_ended_run_stays_and_says_that_its_pictures_are_gone(mine):
    row = waiting(mine)
    jobs.stop(mine, row.run_id)
    jobs.delete_dataset(mine, "mine")
    assert jobs.run(mine, row.run_id).status == "stopped" and mine.run(row.run_id).config.exists()
    with pytest.raises(Refused, match=r"can't go on: its pictures, the data set 'mine', were deleted\.$"):
        jobs.resume(mine, row.run_id)
    assert database.read_run(mine, row.run_id).status == "stopped"


def test_a_run_submitted_while_its_pictures_go_is_refused_whole(mine, monkeypatch):
    def resolved(home, experiment, original=queue.resolved):
        found = original(home, experiment)
        jobs.delete_dataset(home, "mine")
        return found

    monkeypatch.setattr(queue, "resolved", resolved)
    with pytest.raises(Refused, match="There is no data set 'mine'"):
        jobs.submit(mine, LEARNT)
    assert not database.read_runs(mine) and not list(mine.runs_dir.glob("*"))


def test_pictures_that_are_being_decoded_stay_whole(mine):
    with locked(mine.dataset_dir("mine") / "pictures-32.lock"):
        with pytest.raises(Refused, match="being decoded; try again in a moment"):
            jobs.delete_dataset(mine, "mine")
        assert datasets.has(mine, "mine")
    jobs.delete_dataset(mine, "mine")


def test_its_name_is_free_again_once_no_run_has_learned_it(mine):
    row = waiting(mine)
    jobs.stop(mine, row.run_id)
    jobs.delete_dataset(mine, "mine")
    with pytest.raises(
        Refused, match="Runs here were trained on another data set 'mine' that was deleted; choose another name"
    ):
        datasets.check_name(mine, "mine")
    write_json(mine.run(row.run_id).imported, {})  # had it been trained elsewhere, it would know its own pictures
    datasets.check_name(mine, "mine")
    mine.run(row.run_id).imported.unlink()
    for run in jobs.list_runs(mine):
        jobs.delete(mine, run.run_id)
    datasets.check_name(mine, "mine")
