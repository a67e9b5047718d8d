"""The document of `compare --json`, from a home with runs in every state."""

import json
from dataclasses import replace

import pytest

from tl.analysis.experiment import _pictures, experiment_result
from tl.config import ArmConfig, Experiment, Refused
from tl.datasets import describe
from tl.store.files import write_json
from tl.store.home import Home
from tl.store.metrics import write_metrics
from tl.store.queue.database import insert_experiments, move, read_run


@pytest.fixture
def home(tmp_path):
    """An empty home."""
    return Home(tmp_path)


def submitted(home: Home, **settings):
    """An experiment of two arms in the queue; returns (its id, its RunConfigs)."""
    arms = (ArmConfig(name="scratch", strategy="scratch"), ArmConfig(name="linear_probe", strategy="linear_probe"))
    experiment = Experiment(**{"dataset": "blossoms", "samples": 500, "arms": arms} | settings)
    runs = experiment.runs("e" * 26)
    insert_experiments(home, [(experiment, runs)], None)
    return runs[0].experiment_id, runs


def end(home: Home, run_id: str, status: str, accuracies, **result) -> None:
    """Let a run have measured `accuracies` and end as `status`."""
    rows = [{"epoch": n, "val_accuracy": a, "elapsed_seconds": 2.0 * n} for n, a in enumerate(accuracies, 1)]
    files = home.run(run_id)
    write_metrics(files.metrics, rows)
    write_json(files.result, {"status": status, "best_val_accuracy": max(accuracies)} | result)
    move(home, read_run(home, run_id), "running")
    move(home, read_run(home, run_id), status)


def test_a_finished_experiment_is_told_in_full(home):
    experiment_id, (scratch, probe) = submitted(home)
    end(home, scratch.run_id, "finished", [0.2, 0.4], test_accuracy=0.38, best_epoch=2, memory_peak_bytes=10)
    end(home, probe.run_id, "finished", [0.6, 0.5], test_accuracy=0.58, best_epoch=1, stopped_early=True)
    found = experiment_result(home, experiment_id).to_json()
    assert json.loads(json.dumps(found, allow_nan=False)) == found
    assert found["experiment_id"] == experiment_id
    assert (found["dataset"], found["samples"], found["home"]) == ("blossoms", 500, str(home.path))
    assert len(found["classes"]) >= 10
    (entry,) = found["arms"]["linear_probe"]["runs"]
    wanted = {"run_id", "seed", "status", "epochs", "best_epoch", "stopped_early", "best_val_accuracy", "test_accuracy"}
    assert wanted | {"elapsed_seconds", "memory_peak_bytes"} <= entry.keys()
    assert (entry["epochs"], entry["best_epoch"], entry["stopped_early"]) == (2, 1, True)
    assert (entry["test_accuracy"], entry["elapsed_seconds"]) == (0.58, 4.0)
    assert found["arms"]["scratch"]["runs"][0]["memory_peak_bytes"] == 10
    assert found["verdict"]["arms"]["linear_probe"]["test_accuracy_gain"]["mean"] == pytest.approx(0.2)
    assert "a hint, not a proof" in found["verdict"]["text"]


def test_a_queued_experiment_has_a_document_too(home):
    experiment_id, _ = submitted(home)
    found = experiment_result(home, experiment_id)
    (entry,) = found.arms["scratch"].runs
    assert (entry.status, entry.epochs, entry.test_accuracy) == ("queued", 0, None)
    assert found.verdict.text.startswith("No epoch is finished yet.")


def test_a_run_killed_before_it_could_speak_is_listed(home):
    experiment_id, (scratch, probe) = submitted(home)
    end(home, probe.run_id, "finished", [0.6], test_accuracy=0.5)
    move(home, read_run(home, scratch.run_id), "running")
    move(home, read_run(home, scratch.run_id), "failed", reason="killed", message="The trainer was killed.")
    (entry,) = experiment_result(home, experiment_id).arms["scratch"].runs
    assert (entry.status, entry.reason, entry.message) == ("failed", "killed", "The trainer was killed.")


def test_an_old_result_of_a_run_that_goes_on_does_not_count(home):
    experiment_id, (scratch, _) = submitted(home)
    end(home, scratch.run_id, "stopped", [0.2, 0.4], best_epoch=2)
    move(home, read_run(home, scratch.run_id), "queued")
    (entry,) = experiment_result(home, experiment_id).arms["scratch"].runs
    assert (entry.status, entry.epochs) == ("queued", 2)


def test_a_data_set_that_is_gone_leaves_the_rest(home):
    experiment_id, _ = submitted(home, dataset="deleted-since", samples=40)
    found = experiment_result(home, experiment_id)
    assert (found.setting.classes, found.samples) == (None, 40)


def test_an_unknown_experiment_is_refused(home):
    with pytest.raises(Refused, match="There is no experiment"):
        experiment_result(home, "x" * 26)


@pytest.mark.parametrize(("split", "number"), [("test", 10_000), ("validation", 5_000)])
def test_where_a_set_doesnt_count_its_classes_they_are_even(home, split, number):
    info = replace(describe(home, "cifar10"), counts={}, test=10_000, validation=5_000)
    found = _pictures(info, split)
    assert found is not None and found.of_class == (number / 10,) * 10
    assert _pictures(replace(info, test=0), "test") is None and _pictures(None, split) is None
