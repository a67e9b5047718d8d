"""What starts when, how ends are labelled, and that nothing is lost when the supervisor or a trainer is killed."""

import os
import re
import signal

import pytest
from lab import until

from tl import jobs
from tl.config import ArmConfig, Experiment
from tl.jobs.launchers import processes
from tl.jobs.launchers.launcher import GRACE_SECONDS
from tl.jobs.launchers.local import LocalLauncher, identity_of
from tl.jobs.start import supervisor_lives, take_lock
from tl.store.files import write_json
from tl.store.queue import database, schema


def statuses(lab, run_ids: list[str]) -> list[str]:
    return [lab.row(run_id).status for run_id in run_ids]


def test_the_arms_of_a_seed_start_together_and_the_next_seed_waits(lab):
    run_ids = lab.submit("slow", "slow 2", seeds=(0, 1))
    lab.supervisor.tick()
    assert statuses(lab, run_ids) == ["running", "running", "queued", "queued"]


def test_where_memory_is_short_the_arms_follow_each_other(lab):
    run_ids = lab.submit("slow", "slow 2", seeds=(0, 1))
    lab.new_supervisor(fits=0)
    lab.train(run_ids[0])
    assert statuses(lab, run_ids) == ["running", "queued", "queued", "queued"]
    jobs.stop(lab.home, run_ids[0])
    lab.supervisor.tick()
    assert statuses(lab, run_ids) == ["stopped", "running", "queued", "queued"]


def test_the_oldest_experiment_comes_first_and_alone(lab):
    first, second = lab.submit("slow"), lab.submit("slow")
    lab.train(first[0])
    assert statuses(lab, first + second) == ["running", "queued"]
    jobs.stop(lab.home, first[0])
    lab.supervisor.tick()
    assert statuses(lab, first + second) == ["stopped", "running"]


def test_the_queue_is_worked_through_seed_by_seed(lab):
    run_ids = lab.submit("quick", "quick 2", seeds=(7, 3))
    lab.run_all()
    assert statuses(lab, run_ids) == ["finished"] * 4
    started = [lab.row(run_id).started for run_id in run_ids]
    ended = [lab.row(run_id).ended for run_id in run_ids]
    assert max(ended[:2]) <= min(started[2:])


@pytest.mark.parametrize(
    ("behaviour", "status", "reason", "words"),
    [
        ("quick", "finished", None, None),
        ("refuse", "failed", "bad_data", "The pictures are gone."),
        ("crash", "failed", "internal_error", "exit status 3 .* the stand-in broke"),
    ],
)
def test_an_end_is_labelled_by_what_the_trainer_left(lab, behaviour, status, reason, words):
    [run_id] = lab.submit(behaviour)
    lab.run_all()
    row = lab.row(run_id)
    assert (row.status, row.reason) == (status, reason)
    if words:
        assert re.search(words, row.message)
    else:
        assert row.message is None


def test_a_killed_trainer_is_labelled_and_can_be_resumed(lab):
    [run_id] = lab.submit("slow")
    reached = jobs.run(lab.home, run_id).epochs
    lab.train(run_id)
    os.kill(lab.pid(run_id), signal.SIGKILL)
    lab.run_all()
    row = lab.row(run_id)
    assert (row.status, row.reason) == ("failed", "killed")
    assert "SIGKILL" in row.message
    assert jobs.resume(lab.home, run_id).attempt == 2
    lab.train(run_id)
    assert jobs.run(lab.home, run_id).progress.epoch > reached
    jobs.stop(lab.home, run_id)


def test_a_stop_is_carried_out_where_whoever_asked_for_it_has_died(lab):
    seconds = [0.0]
    lab.new_supervisor(clock=lambda: seconds[0])
    [run_id] = lab.submit("slow")
    row = lab.train(run_id)
    database.note(lab.home, row, stop_requested=1)
    lab.supervisor.tick()
    seconds[0] = GRACE_SECONDS
    lab.supervisor.tick()
    assert (lab.row(run_id).status, processes.of_run(run_id)) == ("running", [lab.pid(run_id)]), "that is its asker's"
    seconds[0] += 0.1
    lab.supervisor.tick()
    assert (lab.row(run_id).status, processes.of_run(run_id)) == ("stopped", [])


def test_one_failing_arm_leaves_the_other_alone(lab):
    run_ids = lab.submit("crash", "quick")
    lab.run_all()
    assert statuses(lab, run_ids) == ["failed", "finished"]


def test_a_stale_result_of_an_earlier_attempt_does_not_count(lab):
    [run_id] = lab.submit("crash")
    write_json(lab.home.run(run_id).result, {"status": "finished", "epochs": 9})
    lab.run_all()
    assert lab.row(run_id).status == "failed"


def test_a_run_whose_folder_is_gone_fails_with_a_sentence(lab):
    [run_id] = lab.submit("quick")
    lab.home.run(run_id).folder.rename(lab.home.path / "elsewhere")
    lab.run_all()
    row = lab.row(run_id)
    assert (row.status, row.reason) == ("failed", "internal_error")
    assert "could not be started" in row.message


def test_a_new_supervisor_takes_over_living_trainers(lab):
    [run_id] = lab.submit("slow")
    before = lab.train(run_id)
    lab.new_supervisor()
    lab.supervisor.launcher = LocalLauncher()  # which has not started it and can't wait for it
    lab.supervisor.tick()
    assert lab.row(run_id) == before
    lab.launcher.terminate(run_id, None)  # the earlier one reaps it
    until(lambda: lab.launcher.ended(before.handle).exit_code is not None)
    lab.supervisor.tick()
    row = lab.row(run_id)
    assert (row.status, row.reason) == ("failed", "killed")
    assert row.message.startswith("The trainer ended without saying why. No epoch was done by then; Resume begins")
    assert row.message.endswith("The last line of its log: ready") and "SIG" not in row.message


def test_a_trainer_that_an_earlier_version_started_is_taken_over(lab, monkeypatch):
    """It wrote down a process, in three columns."""
    with monkeypatch.context() as patch:
        patch.setattr(schema, "MIGRATIONS", schema.MIGRATIONS[:7])
        arms = (ArmConfig(name="slow", strategy="scratch"),)
        jobs.submit(lab.home, Experiment(dataset="blossoms", samples=20, arms=arms))
        (folder,) = lab.home.runs_dir.iterdir()
        handle = lab.launcher.start(lab.home.run(folder.name))
        trainer = identity_of(handle)
        with schema.writing(lab.home) as connection:
            change = "UPDATE main.runs SET status = 'running', started = 1, pid = ?, start_ticks = ?, boot_id = ?"
            connection.execute(change, (trainer.pid, trainer.start_ticks, trainer.boot_id))
    assert lab.supervisor.tick()
    assert lab.row(folder.name).handle == handle
    assert processes.of_run(folder.name) == [trainer.pid]
    assert jobs.stop(lab.home, folder.name).status == "stopped"


@pytest.mark.parametrize(
    ("boot_id", "reason"), [(processes.boot_id(), "interrupted"), ("an-earlier-boot", "machine_restarted")]
)
def test_a_trainer_found_dead_was_interrupted(lab, boot_id, reason):
    [run_id] = lab.submit("slow")
    row = lab.row(run_id)
    database.move(lab.home, row, "running", handle=f"local {os.getpid()} 1 {boot_id}")  # the id is in use again
    lab.supervisor.tick()
    row = lab.row(run_id)
    assert (row.status, row.reason) == ("interrupted", reason)
    assert jobs.resume(lab.home, run_id).status == "queued"


def test_a_trainer_that_finished_unwatched_is_finished(lab):
    [run_id] = lab.submit("slow")
    handle = f"local {os.getpid()} 1 {processes.boot_id()}"
    database.move(lab.home, lab.row(run_id), "running", handle=handle)
    write_json(lab.home.run(run_id).result, {"status": "finished", "epochs": 3})
    lab.supervisor.tick()
    assert lab.row(run_id).status == "finished"


@pytest.mark.parametrize("handle", [None, ""])  # "": as a damaged queue may have it
def test_a_claimed_run_without_a_trainer_is_started(lab, handle):
    [run_id] = lab.submit("quick")
    database.move(
        lab.home, lab.row(run_id), "running", started=1.0, handle=handle
    )  # the supervisor was killed right here
    lab.run_all()
    assert lab.row(run_id).status == "finished"


def test_a_process_that_was_not_written_down_is_found_again(lab):
    [run_id] = lab.submit("slow")
    database.move(lab.home, lab.row(run_id), "running", started=1.0)
    handle = lab.launcher.start(lab.home.run(run_id))  # and killed here, before it told
    until(lambda: processes.of_run(run_id))
    lab.supervisor.tick()
    assert lab.row(run_id).handle == handle
    assert processes.of_run(run_id) == [lab.pid(run_id)]
    jobs.stop(lab.home, run_id)


def test_a_run_resumes_only_when_nothing_of_the_earlier_attempt_lives(lab):
    [run_id] = lab.submit("slow")
    stray = lab.launcher.start(lab.home.run(run_id))
    until(lambda: processes.of_run(run_id))
    lab.supervisor.tick()
    assert not lab.launcher.alive(stray)
    jobs.stop(lab.home, run_id)


def test_a_killed_supervisor_is_replaced_and_nothing_is_lost(lab, home, supervisor_process):
    run_ids = lab.submit("slow", "quick", seeds=(0, 1))
    supervisor = supervisor_process()
    until(lambda: getattr(jobs.run(home, run_ids[0]).progress, "epoch", 0) > 1)
    until(lambda: lab.row(run_ids[1]).status == "finished")
    supervisor.kill()
    supervisor.wait()
    assert not supervisor_lives(home)
    handle = lab.row(run_ids[0]).handle
    assert jobs.run(home, run_ids[0]).status == "running"  # it goes on without
    supervisor_process()
    assert supervisor_lives(home)
    assert jobs.stop(home, run_ids[0]).status == "stopped"
    assert lab.row(run_ids[0]).handle == handle
    assert lab.row(run_ids[0]).attempt == 1
    until(lambda: lab.row(run_ids[2]).status == "running")  # the queue goes on
    jobs.stop(home, run_ids[2])


def test_stop_works_while_no_supervisor_lives(lab, home, supervisor_process):
    [run_id] = lab.submit("slow")
    supervisor = supervisor_process()
    until(lambda: getattr(jobs.run(home, run_id).progress, "epoch", 0) > 1)
    supervisor.kill()
    supervisor.wait()
    assert jobs.stop(home, run_id).status == "stopped"
    assert processes.of_run(run_id) == []


def test_what_only_resuming_needs_is_removed_of_runs_that_finished_before(lab):
    """By an earlier version, or killed right after they had."""
    finished, stopped = lab.submit("quick", "slow")
    lab.train(stopped)
    jobs.stop(lab.home, stopped)
    lab.run_all()
    for run in map(lab.home.run, (finished, stopped)):
        run.checkpoints.mkdir()
        for name in ("best", "last", "previous"):
            (run.checkpoints / f"{name}.safetensors").touch()
    lab.supervisor.serve(take_lock(lab.home), idle_seconds=0)
    left = [sorted(path.stem for path in lab.home.run(run_id).checkpoints.iterdir()) for run_id in (finished, stopped)]
    assert left == [["best"], ["best", "last", "previous"]]


def test_a_supervisor_with_nothing_to_do_ends_and_leaves_the_lock_free(lab, home, supervisor_process):
    [run_id] = lab.submit("quick")
    supervisor = supervisor_process(idle_seconds=0.5)
    assert take_lock(home) is None
    supervisor.wait(timeout=30)
    assert lab.row(run_id).status == "finished"
    lock = take_lock(home)
    assert lock is not None
    os.close(lock)


def test_errors_that_pass_do_not_end_the_supervisor(lab, monkeypatch):
    [run_id] = lab.submit("quick")
    ticks = []
    tick = lab.supervisor.tick

    def fails_first() -> bool:
        ticks.append(1)
        if len(ticks) == 1:
            raise OSError(28, "No space left on device")
        return tick()

    monkeypatch.setattr(lab.supervisor, "tick", fails_first)
    lab.supervisor.serve(take_lock(lab.home), idle_seconds=0)
    assert lab.row(run_id).status == "finished"
