"""Seeds are added to the same experiment at planned looks until it is settled, whoever is killed meanwhile."""

import sys
from dataclasses import replace
from types import SimpleNamespace

import pytest
from lab import until

from tl import jobs
from tl.config import ArmConfig, Experiment, Refused
from tl.jobs import look, settle_plan
from tl.jobs.launchers import processes
from tl.jobs.look_starter import LookStarter
from tl.store.queue import database
from tl.store.queue import settle_plan as plans
from tl.store.queue.settle_plan import SettlePlan

PLAN = SettlePlan(at_most_seeds=5, at_most_minutes=10)
FAILS = (sys.executable, "-c", "raise SystemExit(3)")
HANGS = (sys.executable, "-c", "import time; time.sleep(60)")


def experiment_of(lab, run_ids: list[str]) -> str:
    return lab.row(run_ids[0]).experiment_id


def plan_of(lab, experiment_id: str) -> SettlePlan:
    return database.read_experiment(lab.home, experiment_id)["settling"]


def seeds_of(lab, experiment_id: str) -> tuple[int, ...]:
    return database.read_experiment(lab.home, experiment_id)["experiment"].seeds


def end_all(lab, run_ids: list[str]) -> None:
    """Runs that end without a supervisor, and leave nothing."""
    for run_id in run_ids:
        database.move(lab.home, lab.row(run_id), "running")
        database.move(lab.home, lab.row(run_id), "finished")


def test_an_open_question_gets_more_seeds_until_none_are_left(lab):
    experiment_id = experiment_of(lab, lab.submit("noisy", "quick", seeds=(0, 1, 2), settle=PLAN))
    lab.run_all()
    found = database.read_experiment(lab.home, experiment_id)
    assert (found["experiment"].seeds, found["experiment"].looks) == ((0, 1, 2, 3, 4), (3, 5))
    plan = found["settling"]
    assert (plan.ended, plan.looks) == ("seeds", ((3, "undecided"), (5, "undecided")))
    rows = database.read_runs(lab.home, experiment_id)
    assert [(row.arm, row.seed) for row in rows] == [(arm, s) for s in range(5) for arm in ("noisy", "quick")]
    assert [row.position for row in rows] == list(range(10))
    assert {row.status for row in rows} == {"finished"}


def test_a_settled_question_ends_at_its_first_look(lab):
    experiment_id = experiment_of(lab, lab.submit("quick", "quick 2", seeds=(0, 1, 2), settle=PLAN))
    lab.run_all()
    plan = plan_of(lab, experiment_id)
    assert (plan.ended, plan.looks) == ("decided", ((3, "no_difference"),))
    assert seeds_of(lab, experiment_id) == (0, 1, 2)


def test_a_run_that_fails_ends_the_plan_and_the_other_arm_goes_on(lab):
    run_ids = lab.submit("refuse", "quick", seeds=(0, 1, 2), settle=PLAN)
    lab.run_all()
    plan = plan_of(lab, experiment_of(lab, run_ids))
    assert plan.ended == "failed"
    assert plan.message == "The run of refuse with seed 0 failed: The pictures are gone."
    assert [lab.row(run_id).status for run_id in run_ids[1::2]] == ["finished"] * 3


def test_stopping_a_run_stops_settling(lab):
    run_ids = lab.submit("slow", "slow 2", seeds=(0, 1, 2), settle=PLAN)
    lab.train(run_ids[0])
    jobs.stop_all(lab.home, run_ids)
    assert plan_of(lab, experiment_of(lab, run_ids)).ended == "stopped"
    lab.run_all()
    assert seeds_of(lab, experiment_of(lab, run_ids)) == (0, 1, 2)


def test_who_stops_all_stops_also_the_seeds_that_came_meanwhile(lab):
    run_ids = lab.submit("quick", "quick 2", seeds=(0, 1, 2), settle=PLAN)
    end_all(lab, run_ids)
    added = jobs.add_seeds(lab.home, experiment_of(lab, run_ids), 5, "undecided")
    jobs.stop_all(lab.home, run_ids)  # as the page listed them just before
    assert [lab.row(run_id).status for run_id in added] == ["stopped"] * 4


def test_settling_is_stopped_between_two_looks(lab):
    run_ids = lab.submit("quick", "quick 2", seeds=(0, 1, 2), settle=PLAN)
    end_all(lab, run_ids)
    jobs.stop_settling(lab.home, experiment_of(lab, run_ids))
    assert jobs.add_seeds(lab.home, experiment_of(lab, run_ids), 5, "undecided") == []
    assert seeds_of(lab, experiment_of(lab, run_ids)) == (0, 1, 2) and len(list(lab.home.runs_dir.iterdir())) == 6
    assert not lab.supervisor.tick()


def test_it_goes_from_look_to_look(lab):
    run_ids = lab.submit("noisy", "quick", seeds=(0, 1, 2), settle=replace(PLAN, at_most_seeds=8))
    experiment_id = experiment_of(lab, run_ids)
    end_all(lab, run_ids)
    for seeds in (5, 8):
        look.look(lab.home, experiment_id)
        assert seeds_of(lab, experiment_id) == tuple(range(seeds))
        end_all(lab, [row.run_id for row in database.read_runs(lab.home, experiment_id, ("queued",))])
    look.look(lab.home, experiment_id)
    plan = plan_of(lab, experiment_id)
    assert (plan.ended, [seeds for seeds, _ in plan.looks]) == ("seeds", [3, 5, 8])
    assert database.read_experiment(lab.home, experiment_id)["experiment"].looks == (3, 5, 8)


def test_a_look_done_twice_adds_seeds_once(lab):
    """A supervisor was killed, and what it had started goes on beside what the next one starts."""
    run_ids = lab.submit("noisy", "quick", seeds=(0, 1, 2), settle=PLAN)
    experiment_id = experiment_of(lab, run_ids)
    end_all(lab, run_ids)
    look.look(lab.home, experiment_id)
    look.look(lab.home, experiment_id)
    assert plan_of(lab, experiment_id).looks == ((3, "undecided"),)
    assert len(database.read_runs(lab.home, experiment_id)) == 10


def test_one_that_saw_it_before_it_grew_ends_nothing(lab):
    run_ids = lab.submit("noisy", "quick", seeds=(0, 1, 2), settle=PLAN)
    experiment_id = experiment_of(lab, run_ids)
    before = database.read_experiment(lab.home, experiment_id)["experiment"]
    end_all(lab, run_ids)
    look.look(lab.home, experiment_id)
    assert not plans.end(lab.home, experiment_id, "minutes", outcome="undecided", seen=before)
    assert plan_of(lab, experiment_id).open


def test_a_supervisor_stays_while_a_plan_goes_on_and_another_takes_it_up(lab, home, supervisor_process):
    run_ids = lab.submit("noisy", "quick", seeds=(0, 1, 2), settle=PLAN)
    experiment_id = experiment_of(lab, run_ids)
    first = supervisor_process(idle_seconds=0)
    until(lambda: all(lab.row(run_id).status == "finished" for run_id in run_ids))
    first.kill()  # about to look, looking, or just done
    first.wait()
    second = supervisor_process(idle_seconds=0)
    until(lambda: not plan_of(lab, experiment_id).open, 90)
    second.wait(timeout=60)
    plan = plan_of(lab, experiment_id)
    assert (plan.ended, plan.looks) == ("seeds", ((3, "undecided"), (5, "undecided")))
    rows = database.read_runs(home, experiment_id)
    assert [row.seed for row in rows] == [0, 0, 1, 1, 2, 2, 3, 3, 4, 4]
    assert {row.attempt for row in rows} == {1} and len(list(home.runs_dir.iterdir())) == 10


@pytest.mark.parametrize(("command", "limit", "words"), [(FAILS, 60, "supervisor’s log"), (HANGS, 0.2, "longer than")])
def test_a_look_that_fails_ends_the_plan_with_a_sentence(lab, command, limit, words):
    run_ids = lab.submit("quick", "quick 2", seeds=(0, 1, 2), settle=PLAN)
    end_all(lab, run_ids)
    lab.supervisor.settler = LookStarter(lab.home, command, limit)
    lab.run_all()
    plan = plan_of(lab, experiment_of(lab, run_ids))
    assert plan.ended == "failed" and words in plan.message


def test_one_arm_or_more_seeds_than_allowed_can_not_be_settled(home):
    arms = tuple(ArmConfig(name=name, strategy="scratch") for name in ("a", "b"))
    one = Experiment(dataset="blossoms", samples=20, arms=arms[:1])
    with pytest.raises(Refused, match="at least two"):
        jobs.submit(home, one, settle=PLAN)
    many = replace(one, arms=arms, seeds=tuple(range(6)))
    with pytest.raises(Refused, match="at most seeds is 5, but there are 6 already"):
        jobs.submit(home, many, settle=PLAN)
    assert not home.runs_dir.exists()


def test_what_has_not_finished_must_be_resumed_first(lab):
    run_ids = lab.submit("refuse", "quick")
    lab.run_all()
    with pytest.raises(Refused, match="^1 of its runs has not finished; resume"):
        jobs.begin_settling(lab.home, experiment_of(lab, run_ids), PLAN)
    with pytest.raises(Refused, match="^1 of its runs has not finished; resume"):
        jobs.add_seeds(lab.home, experiment_of(lab, run_ids), 3)
    assert len(list(lab.home.runs_dir.iterdir())) == len(run_ids), "nothing was queued"


def test_an_experiment_that_is_there_is_settled_and_begun_once(lab):
    experiment_id = experiment_of(lab, lab.submit("quick", "quick 2"))
    lab.run_all()
    assert jobs.begin_settling(lab.home, experiment_id, PLAN)
    assert not jobs.begin_settling(lab.home, experiment_id, replace(PLAN, at_most_seeds=20)), "a second click"
    lab.run_all()
    found = database.read_experiment(lab.home, experiment_id)
    assert (found["experiment"].looks, found["settling"].ended) == ((1, 3), "decided")


def test_minutes_count_by_a_clock_that_nobody_sets(monkeypatch):
    clocks = {"wall": 1000.0, "up": 50.0}
    monkeypatch.setattr(settle_plan.time, "time", lambda: clocks["wall"])
    monkeypatch.setattr(settle_plan, "_up", lambda: clocks["up"])
    experiment = Experiment(
        dataset="blossoms", arms=tuple(ArmConfig(name=name, strategy="scratch") for name in ("a", "b"))
    )
    plan = settle_plan.begun_plan(PLAN, experiment)
    clocks |= {"wall": 9e9, "up": 80.0}  # set forward by centuries
    assert settle_plan.spent_seconds(plan, []) == 30.0
    clocks |= {"wall": 1600.0, "up": 5.0}
    monkeypatch.setattr(processes, "boot_id", lambda: "another")
    assert settle_plan.spent_seconds(plan, []) == 600.0, "the machine was restarted"


def test_minutes_count_from_when_the_first_run_trains(monkeypatch):
    clocks = {"wall": 1000.0, "up": 50.0}
    monkeypatch.setattr(settle_plan.time, "time", lambda: clocks["wall"])
    monkeypatch.setattr(settle_plan, "_up", lambda: clocks["up"])
    arms = tuple(ArmConfig(name=name, strategy="scratch") for name in ("a", "b"))
    plan = settle_plan.begun_plan(PLAN, Experiment(dataset="blossoms", arms=arms))
    clocks |= {"wall": 1900.0, "up": 950.0}  # a quarter of an hour later

    def spent(*runs):
        return settle_plan.spent_seconds(
            plan, [SimpleNamespace(status=status, started=since) for status, since in runs]
        )

    assert spent(("queued", None), ("queued", None)) == 0, "everything waits behind others"
    assert spent(("running", 1600.0), ("queued", None)) == 300
    assert spent(("finished", 400.0), ("finished", 1600.0), ("running", 1800.0)) == 300
    assert spent(("finished", 400.0), ("queued", None)) == 0
    assert spent(("running", 990.0), ("queued", None)) == 900, "it trained already"
    assert spent(("finished", 400.0)) == 900


def test_hosted_the_limit_that_ends_it_is_named(lab, monkeypatch):
    monkeypatch.setenv("TL_HOSTED", "1")
    monkeypatch.setenv("TL_LIMIT_RUNS_TOGETHER", "8")
    run_ids = lab.submit("noisy", "quick", seeds=(0, 1, 2), settle=PLAN)
    end_all(lab, run_ids)
    look.look(lab.home, experiment_of(lab, run_ids))
    plan = plan_of(lab, experiment_of(lab, run_ids))
    assert (plan.ended, plan.message) == ("seeds", "This demo takes at most 8 runs (arms x seeds), not 10.")
    assert plan.looks == ((3, "undecided"),) and len(database.read_runs(lab.home)) == 6
