"""The one supervisor of all visitors: they take turns, and a run ends at its time limit with what it has learned."""

import os
import time

import pytest
from lab import Lab, until

from tl import jobs
from tl.config import ArmConfig, Experiment, Refused, new_id
from tl.jobs.launchers import processes
from tl.jobs.queue import waiting_runs
from tl.store.home import Home
from tl.store.queue import database


@pytest.fixture
def visitors(home, monkeypatch):
    """Two laboratories on one root with one supervisor: whoever ticks, ticks for both."""
    monkeypatch.setenv("TL_HOSTED", "1")
    labs = [Lab(home.of(new_id())) for _ in range(2)]
    yield labs
    for lab in labs:
        lab.close()
        for row in database.read_runs(lab.home):
            lab.launcher.terminate(row.run_id, None)


def test_a_sweep_of_one_visitor_does_not_keep_another_waiting(visitors):
    ann, bob = visitors
    runs = {name: lab.submit("quick", seeds=seeds) for name, lab, seeds in (("a", ann, (0, 1, 2)), ("b", bob, (0, 1)))}
    assert [jobs.run(bob.home, run_id).place for run_id in runs["b"]] == [2, 4]
    ann.run_all()
    started = {
        database.read_run(lab.home, run_id).started: name
        for lab, name in ((ann, "a"), (bob, "b"))
        for run_id in runs[name]
    }
    assert "".join(name for _, name in sorted(started.items())) == "ababa"


def test_who_resumes_stands_behind_those_who_have_had_no_turn(visitors):
    ann, bob = visitors
    [first], [second], [other] = ann.submit("quick"), ann.submit("quick"), bob.submit("quick")
    database.move(ann.home, ann.row(first), "running", started=time.time())
    database.move(ann.home, ann.row(first), "stopped")
    jobs.resume(ann.home, first)
    assert [row.run_id for row in waiting_runs(ann.home)] == [other, second, first]


def test_the_time_limit_is_of_all_attempts_together(visitors, monkeypatch):
    ann, _ = visitors
    [run_id] = ann.submit("slow")
    row = ann.train(run_id)
    database.note(ann.home, row, started=row.started - 60 * 19)
    jobs.stop(ann.home, run_id)
    assert 60 * 19 < ann.row(run_id).spent < 60 * 20
    jobs.resume(ann.home, run_id)
    ann.train(run_id)
    monkeypatch.setattr(processes, "age_seconds", lambda trainer: 61)
    database.note(ann.home, ann.row(run_id), started=time.time() - 61)
    until(lambda: not ann.supervisor.tick())
    assert ann.row(run_id).reason == "time_limit"
    with pytest.raises(Refused, match="has trained for the 20 min that a run may take here"):
        jobs.resume(ann.home, run_id)
    assert ann.row(run_id).status == "stopped"


def test_time_in_which_nobody_watched_is_not_counted(visitors):
    ann, _ = visitors
    [run_id] = ann.submit("slow")
    database.move(ann.home, ann.row(run_id), "running", started=1.0, handle=f"local {os.getpid()} 1 earlier")
    ann.supervisor.tick()
    assert (ann.row(run_id).status, ann.row(run_id).spent) == ("interrupted", 0)


def test_a_sweep_goes_on_without_the_runs_that_have_had_their_time(visitors):
    ann, _ = visitors
    arms = tuple(ArmConfig(name=name, strategy="scratch") for name in ("quick", "quick 2"))
    sweep_id = jobs.submit_sweep(ann.home, Experiment(dataset="blossoms", epochs=2, arms=arms), [20, 30])
    run_ids = [run.run_id for run in jobs.sweep(ann.home, sweep_id)["runs"]]
    jobs.stop_all(ann.home, run_ids)

    def use_up(*run_ids: str) -> None:
        with database.writing(ann.home) as connection:
            connection.executemany("UPDATE main.runs SET spent = 1201 WHERE id = ?", [(run_id,) for run_id in run_ids])

    use_up(run_ids[0])
    assert [run.run_id for run in jobs.resume_sweep(ann.home, sweep_id)] == run_ids[1:]
    jobs.stop_all(ann.home, run_ids)
    use_up(*run_ids)
    with pytest.raises(Refused, match="all have had their time, or are finished"):
        jobs.resume_sweep(ann.home, sweep_id)


@pytest.mark.parametrize(
    ("epochs", "words"),
    [(1, "the best epoch so far is kept, the test set"), (0, "no epoch was done by then, the test set")],
)
def test_a_run_ends_at_its_time_limit_and_keeps_its_best(visitors, monkeypatch, epochs, words):
    ann, _ = visitors
    [run_id] = ann.submit("slow")
    ann.train(run_id)
    if epochs:
        ann.home.run(run_id).checkpoints.mkdir()
        ann.home.run(run_id).best.touch()
    monkeypatch.setattr(processes, "age_seconds", lambda trainer: 60 * 20 - 1)
    ann.supervisor.tick()
    assert ann.row(run_id).status == "running"
    monkeypatch.setattr(processes, "age_seconds", lambda trainer: 60 * 20 + 1)
    until(lambda: not ann.supervisor.tick())
    row = jobs.run(ann.home, run_id)
    assert (row.status, row.reason, row.best_val_accuracy) == ("stopped", "time_limit", 0.5)
    assert row.message.startswith(f"The time limit of 20 min was reached; {words}")
    assert jobs.resume(ann.home, run_id).message is None


def test_a_verdict_that_was_written_down_holds_when_the_supervisor_dies_over_it(visitors):
    ann, _ = visitors
    [run_id] = ann.submit("slow")
    row = ann.train(run_id)
    database.note(ann.home, row, reason="time_limit", message="The time limit.", stop_requested=1)
    ann.launcher.terminate(run_id, None)
    supervisor = ann.new_supervisor()
    until(lambda: not supervisor.tick())  # a process that is just ending still counts as alive
    assert (ann.row(run_id).status, ann.row(run_id).message) == ("stopped", "The time limit.")


def test_the_age_of_a_process_is_its_own(visitors):
    me = processes.identify(os.getpid())
    assert 0 < processes.age_seconds(me) < 24 * 3600


def test_locally_a_run_may_take_as_long_as_it_likes(lab, monkeypatch):
    monkeypatch.setattr(processes, "age_seconds", lambda trainer: 10**9)
    [run_id] = lab.submit("slow")
    lab.train(run_id)
    lab.supervisor.tick()
    assert lab.row(run_id).status == "running" and isinstance(lab.home, Home)
