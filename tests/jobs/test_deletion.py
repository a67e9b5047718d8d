"""Deleting a run, an experiment, a sweep: what goes along, what stays, when it is refused."""

import pytest

from tests.page_lab import swept
from tl import jobs
from tl.analysis.forecasts import advice_record
from tl.config import Refused
from tl.store.home import Home
from tl.store.queue import database, removal
from tl.store.queue import settle_plan as plans
from tl.store.queue.settle_plan import SettlePlan


def ids(home: Home) -> list[str]:
    return [row.run_id for row in database.read_runs(home)]


def folders(home: Home) -> set[str]:
    return {path.name for path in home.runs_dir.iterdir()}


@pytest.fixture
def two(lab):
    """Run ids of two experiments that have ended, of two seeds each."""
    found = [lab.submit("quick", "quick 2", seeds=(0, 1)) for _ in range(2)]
    lab.run_all()
    return found


def test_an_experiment_goes_with_all_its_runs_and_nothing_else(lab, home, two):
    experiment_id = lab.row(two[0][0]).experiment_id
    whole = jobs.find(home, experiment_id)
    assert len(whole.rows) == 4 and whole.num_bytes() > 0
    assert jobs.delete(home, experiment_id) == whole
    assert set(ids(home)) == folders(home) == set(two[1])
    with pytest.raises(Refused, match="There is no run, experiment or sweep"):
        jobs.delete(home, experiment_id)


def test_a_sweep_goes_with_all_its_sizes_and_one_size_leaves_the_others(home):
    sweep_id = swept(home, sizes=(100, 300, 1000), seeds=1)
    middle = list(jobs.sweep(home, sweep_id)["experiments"])[1]
    jobs.delete(home, middle)
    assert jobs.list_sweeps(home)[0]["sizes"] == [100, 1000] and len(folders(home)) == 4
    jobs.delete(home, sweep_id)
    assert not jobs.list_sweeps(home) and not ids(home) and not folders(home)


@pytest.mark.parametrize("status", ["queued", "running"])
def test_what_trains_or_waits_is_not_deleted_unless_it_is_stopped_first(lab, home, status):
    run_ids = lab.submit("slow", "slow 2")
    if status == "running":
        lab.train(run_ids[0])
    experiment_id = lab.row(run_ids[0]).experiment_id
    with pytest.raises(
        Refused,
        match="can't be deleted now: 2 of its runs are training or waiting; `python -m tl delete .* --stop` stops them",
    ):
        jobs.delete(home, experiment_id)
    assert {row.status for row in database.read_runs(home)} == {status} and folders(home) == set(run_ids)
    jobs.delete(home, experiment_id, stop_first=True)
    assert not ids(home) and not folders(home)


def test_an_experiment_that_seeds_are_being_added_to_is_not_deleted_unless_that_is_stopped(lab, home, two):
    """Between two looks nothing trains, and more may come at any moment."""
    experiment_id = lab.row(two[0][0]).experiment_id
    assert plans.begin(home, experiment_id, SettlePlan())
    with pytest.raises(Refused, match="seeds are being added to it; .* --stop` stops that first"):
        jobs.delete(home, experiment_id)
    assert len(folders(home)) == 8
    jobs.delete(home, experiment_id, stop_first=True)
    assert set(ids(home)) == folders(home) == set(two[1])


def test_seeds_that_came_while_it_was_being_deleted_keep_all_of_it(lab, home, two, monkeypatch):
    experiment_id = lab.row(two[0][0]).experiment_id
    delete_runs = removal.delete_runs

    def later(*given):
        jobs.add_seeds(home, experiment_id, 3)
        return delete_runs(*given)

    monkeypatch.setattr(removal, "delete_runs", later)
    with pytest.raises(Refused, match="2 of its runs are training or waiting"):
        jobs.delete(home, experiment_id)
    assert len(ids(home)) == 10 and folders(home) == set(ids(home))


def test_a_run_that_was_resumed_while_it_was_being_deleted_stays(lab, home, monkeypatch):
    [run_id] = lab.submit("slow")
    jobs.stop(home, run_id)
    delete_runs = removal.delete_runs
    monkeypatch.setattr(removal, "delete_runs", lambda *given: jobs.resume(home, run_id) and delete_runs(*given))
    with pytest.raises(Refused, match="is queued; stop it first"):
        jobs.delete(home, run_id)
    assert folders(home) == {run_id}


def test_what_is_brought_in_meanwhile_is_left_alone(lab, home, two, monkeypatch):
    """Deleting tidies up after killed submissions, not after those that go on."""
    delete_runs = removal.delete_runs
    monkeypatch.setattr(removal, "delete_runs", lambda *given: bool(lab.submit("quick")) and delete_runs(*given))
    jobs.delete(home, lab.row(two[0][0]).experiment_id)
    assert len(ids(home)) == 5 and folders(home) == set(ids(home))


def test_another_visitors_experiment_is_an_unknown_one(home):
    mine, theirs = home.of("0" * 26), home.of("1" * 26)
    sweep_id = swept(theirs, sizes=(100, 300), seeds=1)
    for ident in (sweep_id, *jobs.sweep(theirs, sweep_id)["experiments"], ids(theirs)[0]):
        with pytest.raises(Refused, match="There is no run, experiment or sweep"):
            jobs.delete(mine, ident, stop_first=True)
    assert len(folders(theirs)) == 4
    jobs.delete(theirs, sweep_id)
    assert not folders(theirs)


def test_what_was_predicted_of_it_stays_counted(home):
    sweep_id = swept(home, sizes=(100, 300), seeds=1)
    before = advice_record.record(home)
    jobs.delete(home, sweep_id)
    after = advice_record.record(home)
    assert (after["right"], after["decided"], after["undecided"]) == (
        before["right"],
        before["decided"],
        before["undecided"],
    )
