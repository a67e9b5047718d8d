"""Who stands still is ended and labelled; who is frozen, waits or works slowly is not; whatever the clocks say."""

import os
import signal
import time

import pytest
from lab import until

from tl import jobs
from tl.jobs.launchers import processes
from tl.jobs.launchers.local import identity_of
from tl.jobs.liveness import MAX_GAP_SECONDS, STALL_SECONDS, Stillness
from tl.store.files import write_json
from tl.store.home import Run

LIMIT = 120  # seconds without movement, by the clock of the tests


class Clock:
    """A monotonic clock that is moved by hand."""

    seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def watched(lab, clock):
    """The lab with a supervisor that goes by the clock; `watch(seconds)` lets it look once a second."""
    lab.new_supervisor(clock=clock, stall_seconds=LIMIT)
    terminate = lab.launcher.terminate
    lab.launcher.terminate = lambda run_id, trainer: terminate(run_id, trainer, grace_seconds=0.2)

    def watch(seconds: float) -> None:
        for _ in range(int(seconds)):
            clock.seconds += 1
            lab.supervisor.tick()

    lab.watch = watch
    return lab


def progress(run: Run, counter: int, phase: str = "training") -> None:
    write_json(run.progress, {"phase": phase, "counter": counter}, durable=False)


def still(watch: Stillness, clock: Clock, run: Run, seconds: float, step: float = 1.0) -> float:
    """What it says after `seconds`, when asked every `step`."""
    for _ in range(int(seconds / step)):
        clock.seconds += step
        found = watch.seconds(run, 1)
    return found


def test_only_the_counter_counts_as_movement(tmp_path, clock):
    run, watch = Run(tmp_path), Stillness(clock)
    assert watch.seconds(run, 1) == 0
    assert still(watch, clock, run, 50) == 50  # no progress.json at all
    progress(run, 1)
    assert watch.seconds(run, 1) == 0
    assert still(watch, clock, run, 50) == 50
    progress(run, 1, phase="validating")  # a file that is rewritten is no work
    assert still(watch, clock, run, 50) == 100
    progress(run, 2)
    assert watch.seconds(run, 1) == 0


def test_waiting_for_the_turn_is_no_standing_still(tmp_path, clock):
    run, watch = Run(tmp_path), Stillness(clock)
    progress(run, 1, phase="waiting")
    assert still(watch, clock, run, 3 * STALL_SECONDS, step=3) == 0
    progress(run, 2)
    assert watch.seconds(run, 1) == 0
    assert still(watch, clock, run, STALL_SECONDS, step=3) >= STALL_SECONDS - 3


def test_time_in_which_the_watcher_did_not_run_either_does_not_count(tmp_path, clock):
    run, watch = Run(tmp_path), Stillness(clock)
    progress(run, 1)
    watch.seconds(run, 1)
    clock.seconds += 100 * STALL_SECONDS  # the whole machine slept
    assert watch.seconds(run, 1) <= MAX_GAP_SECONDS


def test_a_new_attempt_begins_anew(tmp_path, clock):
    run, watch = Run(tmp_path), Stillness(clock)
    progress(run, 1)
    assert still(watch, clock, run, 50) == 49
    assert watch.seconds(run, 2) == 0
    watch.forget(others_than=set())
    assert watch.seconds(run, 1) == 0


@pytest.mark.parametrize("damage", [b"", b"[1, 2]", b"null", b"\xff\xfe", b'{"counter": {"a": []}}'])
def test_a_damaged_progress_is_one_that_does_not_move(tmp_path, clock, damage):
    run, watch = Run(tmp_path), Stillness(clock)
    run.progress.write_bytes(damage)
    watch.seconds(run, 1)
    assert still(watch, clock, run, 50) == 50


def test_a_trainer_that_stands_still_is_ended_and_labelled(watched, home):
    [run_id] = watched.submit("hang")
    trainer = identity_of(watched.train(run_id).handle)
    watched.watch(2 * LIMIT)
    row = watched.row(run_id)
    assert (row.status, row.reason) == ("failed", "stalled")
    assert "did nothing for 2 minutes" in row.message and "Resume" in row.message
    assert not processes.alive(trainer) and processes.of_run(run_id) == []
    assert jobs.resume(home, run_id).reason is None


def test_a_supervisor_killed_between_verdict_and_end_changes_nothing(watched, home, monkeypatch):
    [run_id] = watched.submit("hang")
    trainer = identity_of(watched.train(run_id).handle)

    def killed_here(*_):
        raise SystemExit

    monkeypatch.setattr(watched.launcher, "terminate", killed_here)
    with pytest.raises(SystemExit):
        watched.watch(2 * LIMIT)
    monkeypatch.undo()
    os.kill(trainer.pid, signal.SIGKILL)
    until(lambda: not processes.alive(trainer))
    watched.new_supervisor()
    watched.supervisor.tick()
    assert (watched.row(run_id).status, watched.row(run_id).reason) == ("failed", "stalled")


def test_a_trainer_that_is_frozen_for_20_seconds_lives_on(watched, home):
    [run_id] = watched.submit("slow")
    trainer = identity_of(watched.train(run_id).handle)
    os.kill(trainer.pid, signal.SIGSTOP)
    watched.watch(20)
    frozen_at = jobs.run(home, run_id).progress.counter
    assert jobs.run(home, run_id).status == "running"
    os.kill(trainer.pid, signal.SIGCONT)
    until(lambda: jobs.run(home, run_id).progress.counter > frozen_at + 2)
    watched.watch(2)
    assert identity_of(watched.row(run_id).handle) == trainer
    jobs.stop(home, run_id)


def test_a_trainer_that_stays_frozen_is_stalled(watched):
    [run_id] = watched.submit("slow")
    trainer = identity_of(watched.train(run_id).handle)
    os.kill(trainer.pid, signal.SIGSTOP)
    watched.watch(2 * LIMIT)
    assert watched.row(run_id).reason == "stalled"
    assert not processes.alive(trainer)


@pytest.mark.parametrize("days", [-1, 1])
def test_a_clock_that_jumps_by_a_day_kills_nobody(watched, home, monkeypatch, days):
    [run_id] = watched.submit("slow")
    trainer = identity_of(watched.train(run_id).handle)
    real = time.time
    monkeypatch.setattr(time, "time", lambda: real() + days * 86_400)
    watched.watch(3)
    assert identity_of(watched.row(run_id).handle) == trainer and jobs.run(home, run_id).status == "running"
    jobs.stop(home, run_id)


def test_who_waits_for_a_turn_is_never_stalled(watched, home):
    [run_id] = watched.submit("wait")
    until(lambda: watched.supervisor.tick() and getattr(jobs.run(home, run_id).progress, "phase", None) == "waiting")
    watched.watch(2 * LIMIT)
    assert jobs.run(home, run_id).status == "running"
    jobs.stop(home, run_id)


@pytest.mark.parametrize("supervised", [True, False])
def test_a_death_is_shown_within_seconds_whether_or_not_a_supervisor_lives(lab, home, supervisor_process, supervised):
    [run_id] = lab.submit("slow")
    supervisor = supervisor_process()
    until(lambda: getattr(jobs.run(home, run_id).progress, "epoch", 0) > 1)
    if not supervised:
        supervisor.kill()
        supervisor.wait()
    os.kill(lab.pid(run_id), signal.SIGKILL)
    until(lambda: jobs.run(home, run_id).status != "running", seconds=5)
    assert jobs.run(home, run_id).reason == ("killed" if supervised else "interrupted")
