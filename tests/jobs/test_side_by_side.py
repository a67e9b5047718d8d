"""How many runs of an experiment compute at once, each with its share of the processors."""

import pytest

from tests.jobs.lab import until
from tl import jobs, machine
from tl.config import ArmConfig, Experiment
from tl.jobs import side_by_side
from tl.jobs.side_by_side import computing_at_once, lanes_of
from tl.store.device_lock import places


@pytest.fixture(autouse=True)
def four_cores(monkeypatch):
    monkeypatch.setattr(machine, "cores", lambda: 4)
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    monkeypatch.setattr(side_by_side, "gpus", lambda: 0)


def experiment(arms: int = 2, seeds: int = 1, **settings) -> Experiment:
    names = [ArmConfig(name=f"arm {number}", strategy="scratch") for number in range(arms)]
    return Experiment(dataset="blossoms", samples=20, arms=tuple(names), seeds=tuple(range(seeds)), **settings)


@pytest.mark.parametrize(("arms", "seeds", "lanes"), [(2, 1, 1), (2, 2, 2), (2, 3, 3), (3, 5, 4), (1, 1, 1)])
def test_as_many_as_there_are_processors_and_two_runs_for_each(arms, seeds, lanes):
    assert lanes_of(experiment(arms, seeds)) == lanes


def test_a_fixed_number_of_threads_is_kept_to():
    assert lanes_of(experiment(3, 5, threads=2)) == 2
    assert lanes_of(experiment(3, 5, threads=4)) == lanes_of(experiment(3, 5, threads=9)) == 1


def test_what_the_user_allows_counts(monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "2,1")
    assert lanes_of(experiment(3, 5)) == 2
    for other in ("1", "0", "many"):
        monkeypatch.setenv("OMP_NUM_THREADS", other)
        assert lanes_of(experiment(3, 5)) == (1 if other == "1" else 4)


def test_one_run_fills_a_gpu_and_several_devices(monkeypatch):
    assert lanes_of(experiment(3, 5, devices=2)) == 1
    monkeypatch.setattr(side_by_side, "gpus", lambda: 1)
    assert lanes_of(experiment(3, 5)) == 1


@pytest.mark.parametrize(("fit", "at_once"), [(0, 1), (1, 1), (2, 2), (9, 4)])
def test_the_estimate_counts_as_many_as_fit_into_memory_and_one_at_least(monkeypatch, fit, at_once):
    monkeypatch.setattr(side_by_side, "main_memory_holds", lambda need: fit)
    assert computing_at_once(experiment(3, 5)) == at_once


def test_runs_of_two_seeds_train_side_by_side_and_the_last_one_has_the_machine_for_itself(lab):
    run_ids = lab.submit("slow", seeds=(0, 1, 2, 3))

    def statuses() -> list[str]:
        lab.supervisor.tick()
        return [lab.row(run_id).status for run_id in run_ids]

    assert statuses() == ["running", "running", "queued", "queued"]
    assert places(lab.home.locks_dir) == 2
    jobs.stop(lab.home, run_ids[1])
    assert until(lambda: statuses() == ["running", "stopped", "running", "queued"])
    for run_id in run_ids[1:]:
        jobs.stop(lab.home, run_id)
    assert until(lambda: statuses() == ["running", "stopped", "stopped", "stopped"])
    assert places(lab.home.locks_dir) == 1


def test_where_memory_is_short_one_computes_at_a_time(lab):
    run_ids = lab.submit("slow", "slow 2", seeds=(0, 1))
    lab.new_supervisor(fits=0)
    lab.supervisor.tick()
    assert [lab.row(run_id).status for run_id in run_ids] == ["running", "queued", "queued", "queued"]
    assert places(lab.home.locks_dir) == 1
