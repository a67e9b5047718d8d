"""The record of advice: predictions are written down before training and held against the verdict after it."""

from dataclasses import replace

import pytest

from tl import jobs
from tl.analysis.forecasts import advice_record
from tl.analysis.statistics import HELPS, NO_DIFFERENCE
from tl.config import ArmConfig, Experiment
from tl.jobs.measurements.advice import advise
from tl.store.files import read_json, write_json
from tl.store.home import Home
from tl.store.queue import database
from tl.store.queue.removal import delete_runs

SCRATCH = ArmConfig(name="scratch", strategy="scratch")
TUNED = ArmConfig(name="full_finetuning", strategy="full_finetuning")
PROBED = ArmConfig(name="probe", strategy="linear_probe")


@pytest.fixture
def home(tmp_path):
    """An empty home."""
    return Home(tmp_path)


def submit(home, arms=(SCRATCH, TUNED), seeds: int = 1) -> str:
    """A queued experiment on 100 blossoms."""
    return jobs.submit(home, Experiment(dataset="blossoms", samples=100, arms=arms, seeds=tuple(range(seeds))))


def run(home, gain: float, seeds: int = 3, arms=(SCRATCH, TUNED), finished: bool = True) -> str:
    """An experiment through the real queue in which the second arm is so much better, within a thousandth."""
    experiment_id = submit(home, arms, seeds)
    for row in database.read_runs(home, experiment_id) if finished else []:
        accuracy = 0.5 + (gain + 0.001 * row.seed if row.arm != "scratch" else 0.0)
        result = {"status": "finished", "test_accuracy": accuracy, "best_val_accuracy": accuracy}
        write_json(home.run(row.run_id).result, result)
        assert database.move(home, row, "running")
        assert database.move(home, row, "finished")
    return experiment_id


def test_right_wrong_undecided_and_unfinished_are_told_apart(home):
    run(home, 0.2)
    run(home, -0.2)
    run(home, 0.0, seeds=1)
    run(home, 0.2, finished=False)
    found = advice_record.record(home)
    assert found == {"right": 1, "decided": 2, "undecided": 1, "waiting": 1}
    words = advice_record.in_words(found)
    assert "right in 1 of 2 comparisons here" in words
    assert "1 undecided" in words and "1 not finished" in words


def test_no_difference_is_wrong_where_help_was_predicted(home):
    run(home, 0.0)
    assert advice_record.record(home) == {"right": 0, "decided": 1, "undecided": 0, "waiting": 0}


def test_without_outcomes_there_is_no_record(home):
    assert advice_record.in_words(advice_record.record(home)).startswith("No record yet")
    run(home, 0.2, seeds=1)
    assert advice_record.in_words(advice_record.record(home)).startswith("No record yet")


def test_an_outcome_once_read_outlives_its_runs(home):
    experiment_id = run(home, 0.2)
    before = advice_record.record(home)
    for row in database.read_runs(home, experiment_id):
        assert delete_runs(home, [row])
    assert advice_record.record(home) == before == {"right": 1, "decided": 1, "undecided": 0, "waiting": 0}


def test_an_experiment_deleted_before_it_told_anything_is_not_waited_for(home):
    for row in database.read_runs(home, run(home, 0.2, finished=False)):
        database.move(home, row, "stopped")
        delete_runs(home, [row])
    assert advice_record.record(home)["waiting"] == 0


@pytest.mark.parametrize("arms", [(SCRATCH,), (TUNED, PROBED)])
def test_what_compares_nothing_predicts_nothing(home, arms):
    submit(home, arms=arms)
    assert not home.advice_dir.exists()


def test_the_epochs_from_scratch_decide_whether_many_pictures_are_enough(home):
    longer = replace(SCRATCH, epochs=60)
    found = advise(home, Experiment(dataset="blossoms", samples=20_000, epochs=10, arms=(longer, TUNED)))
    assert (found["facts"]["epochs"], found["predicted"]) == (60, NO_DIFFERENCE)


def test_the_prediction_is_about_the_advised_arm_and_written_before_training(home):
    experiment_id = submit(home, arms=(SCRATCH, TUNED, PROBED))
    stored = read_json(home.advice_dir / f"{experiment_id}.json")
    assert (stored["arm"], stored["predicted"], stored["outcome"]) == ("probe", HELPS, None)
    assert stored["rules"] == ["drawn", "few_hundred", "under_10000"]


def test_a_damaged_file_is_passed_over(home):
    run(home, 0.2)
    (home.advice_dir / "x.json").write_text("{")
    assert advice_record.record(home)["decided"] == 1


def test_an_experiment_that_can_not_be_advised_on_still_starts(home, monkeypatch):
    def full(*_):
        raise OSError("disk full")

    monkeypatch.setattr(advice_record, "remember", full)
    assert database.read_experiment(home, run(home, 0.2, finished=False))


def test_a_sample_count_of_its_own_is_advised_on(home):
    experiment = Experiment(dataset="blossoms", samples=20_000, epochs=10, arms=(SCRATCH, TUNED))
    found = advise(home, experiment)
    assert (found["facts"]["samples"], found["facts"]["epochs"], found["predicted"]) == (20_000, 10, HELPS)
    assert found["facts"]["source_data"].startswith("Tiny ImageNet")
