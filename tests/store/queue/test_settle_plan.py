"""Plans to settle an experiment in the queue's file: kept as they are, one's own, and no supervisor leaves before them."""

import pytest

from tests.translated import chinese
from tl.config import ArmConfig, Experiment, new_id
from tl.languages import say, speaking
from tl.store.home import Home, owner_of
from tl.store.queue import database, everybody, schema, settle_plan
from tl.store.queue.growth import grow
from tl.store.queue.settle_plan import SettlePlan, plan_of

PLAN = SettlePlan(at_most_seeds=5, at_most_minutes=7, margin=0.02, began=3.5, looks=((3, "undecided"),))
ARMS = (ArmConfig(name="a", strategy="scratch"), ArmConfig(name="b", strategy="scratch"))
SPEC = Experiment(dataset="blossoms", arms=ARMS, samples=7)
MORE = Experiment(dataset="blossoms", arms=ARMS, samples=7, seeds=(0, 1), looks=(1, 2))


def insert(home: Home, plan: SettlePlan | None = None, key: str | None = None, ended: bool = True) -> str:
    experiment_id = database.insert_experiments(home, [(SPEC, SPEC.runs(new_id()))], key, settling=plan)
    for row in database.read_runs(home, experiment_id, ("queued",)) if ended else ():
        database.move(home, row, "stopped")
    return experiment_id


def read(home: Home, experiment_id: str) -> SettlePlan | None:
    return database.read_experiment(home, experiment_id)["settling"]


def test_a_plan_comes_back_as_it_was_stored(home):
    assert read(home, insert(home, PLAN)) == PLAN
    assert read(home, insert(home)) is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "null",
        '{"looks": []',
        '{"looks": 3}',
        '{"looks": [], "x": 1}',
        '{"looks": [], "message": 3}',
        "[" * 99_999,
    ],
)
def test_a_plan_that_can_not_be_read_is_none(home, text):
    experiment_id = insert(home, PLAN)
    with schema.writing(home) as connection:
        connection.execute("UPDATE main.experiments SET settling = ?", (text,))
    assert read(home, experiment_id) is None and settle_plan.open_plans(home) == []
    assert plan_of(text) is None


def test_what_was_in_the_way_is_said_in_the_language_of_who_reads_it(home, tmp_path):
    experiment_id = insert(home, SettlePlan())
    assert settle_plan.end(home, experiment_id, "failed", say("no details"))
    with chinese(tmp_path / "locale", {"no details": "没有详细信息"}), speaking("zh"):
        plan = read(home, experiment_id)
        assert plan.message == "没有详细信息"
        assert plan_of(plan.to_json()) == plan
    assert read(home, experiment_id).message == "no details"


def test_a_plan_ends_once(home):
    experiment_id = insert(home, PLAN)
    assert settle_plan.end(home, experiment_id, "seeds", "Full.", outcome="undecided", seen=SPEC)
    assert not settle_plan.end(home, experiment_id, "stopped")
    plan = read(home, experiment_id)
    assert (plan.ended, plan.message, plan.looks) == ("seeds", "Full.", ((3, "undecided"), (1, "undecided")))
    assert not settle_plan.end(home, insert(home), "stopped"), "without a plan there is nothing to end"


def test_nobody_is_idle_while_a_plan_goes_on(home):
    done = []
    experiment_id = insert(home, PLAN)
    assert settle_plan.open_plans(home) == [{"experiment_id": experiment_id, "owner": None, "active": False}]
    assert not everybody.when_idle(home, lambda: done.append(1))
    settle_plan.end(home, experiment_id, "stopped")
    assert settle_plan.open_plans(home) == []
    assert everybody.when_idle(home, lambda: done.append(1)) and done == [1]


def test_a_foreign_plan_is_out_of_reach(tmp_path):
    ours, theirs = (Home(tmp_path / "home").of(owner_of(name)) for name in ("ours", "theirs"))
    experiment_id = insert(ours, PLAN)
    assert not settle_plan.end(theirs, experiment_id, "stopped")
    assert not grow(theirs, experiment_id, SPEC, MORE, MORE.runs(experiment_id)[2:], lambda _: None, outcome="x")
    assert read(ours, experiment_id) == PLAN
    plain = insert(ours)
    settle_plan.begin(theirs, plain, PLAN)
    assert read(ours, plain) is None
    assert [plan["owner"] for plan in settle_plan.open_plans(ours.of(None))] == [ours.owner]


def test_a_refusal_leaves_the_experiment_as_it_was(home):
    experiment_id = insert(home)

    def full(connection) -> None:
        raise OSError("full")

    with pytest.raises(OSError, match="full"):
        grow(home, experiment_id, SPEC, MORE, MORE.runs(experiment_id)[2:], full)
    assert database.read_experiment(home, experiment_id)["experiment"] == SPEC
    assert len(database.read_runs(home, experiment_id)) == 2


def test_the_same_with_and_without_a_plan_are_two_submissions(home):
    first = insert(home, PLAN, "k", ended=False)
    assert insert(home, PLAN, "other", ended=False) == first, "a second tab"
    assert insert(home, None, "third", ended=False) != first
