"""Submit, list, stop, resume, delete: as a page or a command does it, mostly without any supervisor."""

import os
import signal
import subprocess
import sys
from dataclasses import replace

import pytest
from lab import until

from tl import datasets, jobs
from tl.config import ArmConfig, Experiment, Refused, RunConfig
from tl.jobs.launchers import processes
from tl.jobs.launchers.local import LocalLauncher, identity_of
from tl.jobs.queue import resolved
from tl.store.files import read_json, write_json
from tl.store.queue import database, removal

PRETRAINED = ArmConfig(name="pretrained", strategy="linear_probe")
SCRATCH = ArmConfig(name="scratch", strategy="scratch")


def test_a_queued_run_has_its_config_in_its_folder(lab, home):
    run_ids = lab.submit("quick", "slow", seeds=(0, 1))
    for run_id in run_ids:
        config = RunConfig.from_json(read_json(home.run(run_id).config))
        row = lab.row(run_id)
        assert (config.run_id, config.experiment_id) == (run_id, row.experiment_id)
        assert (config.arm.name, config.seed) == (row.arm, row.seed)


def test_the_same_key_leaves_one_experiment_and_no_stray_folders(lab, home):
    assert lab.submit("quick", key="k") == lab.submit("quick", key="k")
    assert len(list(home.runs_dir.iterdir())) == 1


def test_a_submission_that_comes_second_by_a_hair_removes_its_folders(lab, home, monkeypatch):
    first = lab.submit("quick", key="k")
    monkeypatch.setattr(database, "experiment_with_key", lambda *_: None)  # as if it had looked just before
    assert lab.submit("quick", key="k") == first
    assert len(list(home.runs_dir.iterdir())) == 1


def test_processes_that_submit_at_once_make_one_run(home):
    code = (
        "import sys; from tl import jobs; from tl.config import *; from tl.store.home import Home\n"
        "e = Experiment(dataset='blossoms', samples=20, arms=(ArmConfig(name='a', strategy='scratch'),))\n"
        "input(); print(jobs.submit(Home(sys.argv[1]), e, 'k'))"
    )
    command = [sys.executable, "-c", code, str(home.path)]
    both = [subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    answers = {process.communicate("go\n")[0] for process in both}
    assert len(answers) == 1
    assert len(list(home.runs_dir.iterdir())) == 1


def test_all_samples_are_spelled_out(home):
    experiment_id = jobs.submit(home, Experiment(dataset="blossoms", arms=(SCRATCH,)))
    assert jobs.experiment(home, experiment_id)["experiment"].samples == 50_000


def test_weights_are_resolved_only_where_an_arm_needs_them(home):
    ids = [jobs.submit(home, Experiment(dataset="blossoms", arms=arms)) for arms in ((SCRATCH,), (SCRATCH, PRETRAINED))]
    weights = [jobs.experiment(home, experiment_id)["experiment"].weights for experiment_id in ids]
    assert weights[0] == "auto"
    assert weights[1] != "auto"


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"dataset": "roses"}, "There is no data set 'roses'"),
        ({"samples": 50_001}, "blossoms has only 50,000 training pictures; choose at most that many, not 50,001"),
        ({"samples": 5}, "blossoms has 12 classes, and each needs a picture; 5 training pictures are too few"),
        ({"weights": "mine"}, "no pretrained weights 'mine'"),
    ],
)
def test_what_can_not_be_trained_is_refused_and_leaves_nothing(home, settings, sentence):
    with pytest.raises(Refused, match=sentence):
        jobs.submit(home, Experiment(**{"dataset": "blossoms", "arms": (PRETRAINED,)} | settings))
    assert not home.path.exists()


def test_a_listed_run_says_what_it_is(lab, home):
    [run_id] = lab.submit("quick")
    [run] = jobs.list_runs(home)
    assert run == jobs.run(home, run_id)
    expected = {"run_id": run_id, "arm": "quick", "seed": 0, "status": "queued", "epochs": 0, "strategy": "scratch"}
    expected |= {"dataset": "blossoms", "samples": 20, "backbone": "mobilenet_v2", "max_epochs": 10, "progress": None}
    assert expected.items() <= run.to_json().items()


def test_a_listed_run_that_ended_has_its_result(lab, home):
    lab.submit("quick")
    lab.run_all()
    [run] = jobs.list_runs(home)
    expected = {"status": "finished", "epochs": 2, "best_val_accuracy": 0.5, "test_accuracy": 0.4, "best_epoch": 1}
    assert expected.items() <= run.to_json().items()
    assert run.created <= run.started <= run.ended


def test_a_killed_run_shows_the_epochs_of_its_metrics(lab, home):
    [run_id] = lab.submit("table")
    lab.supervisor.tick()
    lab.launcher.terminate(run_id, None)
    from tl.store.metrics import write_metrics

    write_metrics(home.run(run_id).metrics, [{"epoch": e, "val_accuracy": e / 10, "seed": 0} for e in (1, 2)])
    lab.run_all()
    run = jobs.run(home, run_id)
    assert (run.status, run.epochs, run.best_val_accuracy) == ("failed", 2, 0.2)
    assert run.memory_peak_bytes is None


def test_stopping_a_queued_run_ends_it_at_once(lab, home):
    [run_id] = lab.submit("slow")
    assert jobs.stop(home, run_id).status == "stopped"
    lab.run_all()
    assert lab.row(run_id).started is None


def test_stopping_a_running_run_keeps_what_it_has(lab, home):
    [run_id] = lab.submit("slow")
    lab.train(run_id)
    run = jobs.stop(home, run_id)
    assert (run.status, run.reason) == ("stopped", None)
    assert run.epochs >= 1
    assert processes.of_run(run_id) == []


def test_stop_kills_a_trainer_that_does_not_listen(lab, home):
    [run_id] = lab.submit("stubborn")
    lab.train(run_id)
    run = jobs.stop(home, run_id, grace_seconds=0.3)
    assert (run.status, run.message) == ("stopped", None)
    assert processes.of_run(run_id) == []


def test_stopping_all_asks_each_also_where_a_trainer_that_has_just_begun_does_not_end(lab, home, monkeypatch):
    run_ids = lab.submit("slow", "slow 2", "slow 3")
    asked, move = [], database.move

    def begin_meanwhile(home, row, status, **values):
        if row.run_id == run_ids[0] and lab.row(run_ids[0]).status == "queued":
            move(home, row, "running")
        return move(home, row, status, **values) if row.run_id != run_ids[0] else False

    def terminate(self, run_id, *_):
        asked.append(run_id)
        raise TimeoutError(f"run {run_id} does not end")

    with monkeypatch.context() as patched:
        patched.setattr(database, "move", begin_meanwhile)
        patched.setattr(LocalLauncher, "terminate", terminate)
        with pytest.raises(TimeoutError, match=run_ids[0]):
            jobs.stop_all(home, run_ids)
    assert asked == [run_ids[0]]
    assert [lab.row(run_id).status for run_id in run_ids] == ["running", "stopped", "stopped"]


def test_stopping_twice_or_after_the_end_changes_nothing(lab, home):
    [run_id] = lab.submit("quick")
    lab.run_all()
    assert jobs.stop(home, run_id) == jobs.stop(home, run_id) == jobs.run(home, run_id)
    assert lab.row(run_id).status == "finished"


def test_a_run_that_finished_before_it_heard_of_the_stop_is_finished(lab, home):
    [run_id] = lab.submit("slow")
    lab.train(run_id)
    os.kill(lab.pid(run_id), signal.SIGKILL)
    write_json(home.run(run_id).result, {"status": "finished", "epochs": 3})
    assert jobs.stop(home, run_id).status == "finished"


@pytest.mark.parametrize("behaviour", ["crash", "refuse"])
def test_a_failed_run_is_queued_again(lab, home, behaviour):
    [run_id] = lab.submit(behaviour)
    lab.run_all()
    run = jobs.resume(home, run_id)
    assert (run.status, run.attempt, run.message, run.ended) == ("queued", 2, None, None)


def test_a_stopped_run_goes_on_after_its_last_epoch(lab, home):
    [run_id] = lab.submit("slow")
    lab.train(run_id)
    reached = jobs.stop(home, run_id).epochs
    jobs.resume(home, run_id)
    lab.train(run_id)
    assert jobs.run(home, run_id).progress.epoch > reached
    jobs.stop(home, run_id)


@pytest.mark.parametrize(("status", "sentence"), [("queued", "is queued already"), ("finished", "nothing left")])
def test_what_can_not_be_resumed_is_refused(lab, home, status, sentence):
    [run_id] = lab.submit("quick")
    if status == "finished":
        lab.run_all()
    with pytest.raises(Refused, match=sentence):
        jobs.resume(home, run_id)
    assert lab.row(run_id).status == status


def test_a_running_run_can_be_neither_resumed_nor_deleted(lab, home):
    [run_id] = lab.submit("slow")
    lab.train(run_id)
    with pytest.raises(Refused, match="is running already"):
        jobs.resume(home, run_id)
    with pytest.raises(Refused, match="is running; stop it first"):
        jobs.delete(home, run_id)
    assert home.run(run_id).config.exists()
    jobs.stop(home, run_id)


def test_a_deleted_run_is_gone_with_its_files(lab, home):
    first, second = lab.submit("quick", "quick 2")
    lab.run_all()
    jobs.delete(home, first)
    assert [run.run_id for run in jobs.list_runs(home)] == [second]
    assert [folder.name for folder in home.runs_dir.iterdir()] == [second]


def test_a_run_whose_row_can_not_be_deleted_keeps_its_files(lab, home, monkeypatch):
    [run_id] = lab.submit("quick")
    jobs.stop(home, run_id)

    def fails(*_):
        raise Refused("The disk is full.")

    with monkeypatch.context() as patch:
        patch.setattr(removal, "delete_runs", fails)
        with pytest.raises(Refused, match="full"):
            jobs.delete(home, run_id)
    assert lab.row(run_id).status == "stopped" and home.run(run_id).config.exists()
    jobs.delete(home, run_id)
    assert not jobs.list_runs(home) and not list(home.runs_dir.iterdir())


def test_a_queued_run_is_not_deleted(lab, home):
    [run_id] = lab.submit("quick")
    with pytest.raises(Refused, match="is queued; stop it first"):
        jobs.delete(home, run_id)


@pytest.mark.parametrize("action", [jobs.stop, jobs.resume, jobs.delete, jobs.run, jobs.experiment])
@pytest.mark.parametrize("unknown", ["01k7vh26s49ektjqc65ubqobvs", "x", "../../etc/passwd", ""])
def test_an_unknown_id_is_refused(home, action, unknown):
    with pytest.raises(Refused, match="There is no"):
        action(home, unknown)


def test_a_dead_trainer_nobody_watches_is_shown_as_interrupted_and_can_be_resumed(lab, home):
    [run_id] = lab.submit("slow")
    trainer = identity_of(lab.train(run_id).handle)
    os.kill(trainer.pid, signal.SIGKILL)
    until(lambda: not processes.alive(trainer))
    assert lab.row(run_id).status == "running"
    run = jobs.run(home, run_id)
    assert run.status == "interrupted"
    assert run.message.endswith("No epoch was done by then; Resume begins with the first.")
    home.run(run_id).checkpoints.mkdir(exist_ok=True)
    home.run(run_id).best.touch()
    assert jobs.run(home, run_id).message.endswith("Resume goes on after its last finished epoch.")
    assert jobs.resume(home, run_id).status == "queued"


@pytest.mark.parametrize(("counts", "judge"), [((30, 10), "accuracy"), ((31, 10), "balanced_accuracy")])
def test_uneven_classes_are_judged_by_balanced_accuracy_unless_told_otherwise(home, monkeypatch, counts, judge):
    info = datasets.describe(home, "blossoms")
    two = dict(zip(info.classes, ({"train": counts[0] - 5, "test": 5}, {"train": counts[1] - 5, "test": 5})))
    monkeypatch.setattr(datasets, "describe_for", lambda *args: replace(info, classes=info.classes[:2], counts=two))
    arms = (ArmConfig(name="scratch", strategy="scratch"),)
    wanted = Experiment(dataset="blossoms", samples=20, arms=arms)
    assert resolved(home, wanted).judge_by == judge
    assert resolved(home, replace(wanted, judge_by="accuracy")).judge_by == "accuracy"
    monkeypatch.setattr(datasets, "describe_for", lambda *args: replace(info, counts={}))
    assert resolved(home, wanted).judge_by == "accuracy", "sizes that nobody knows"
