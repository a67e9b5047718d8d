"""The queue of many visitors: each sees and changes only their own, and another's id is no id."""

import inspect
import json
import re
import sqlite3
from pathlib import Path

import pytest

from tl.config import ArmConfig, Experiment, Refused, new_id
from tl.store.home import Home, owner_of
from tl.store.queue import database, everybody, schema
from tl.store.queue.removal import delete_runs

ROOT = Path(__file__).parents[3]
ARMS = (ArmConfig(name="a", strategy="scratch"), ArmConfig(name="b", strategy="scratch"))
SPEC = Experiment(dataset="blossoms", arms=ARMS, samples=7)


@pytest.fixture
def ours(tmp_path) -> Home:
    return Home(tmp_path / "home").of(owner_of("ours"))


@pytest.fixture
def theirs(ours) -> Home:
    return ours.of(owner_of("theirs"))


def insert(home: Home, key: str | None = None, sweep_id: str | None = None) -> str:
    return database.insert_experiments(home, [(SPEC, SPEC.runs(new_id()))], key, sweep_id)


def said(ask, *arguments):
    """What is answered: a value, or a refusal's text."""
    try:
        return ask(*arguments)
    except Refused as refusal:
        return str(refusal)


def test_lists_hold_only_what_is_ones_own(ours, theirs):
    mine, foreign = insert(ours, sweep_id=new_id()), insert(theirs, sweep_id=new_id())
    assert {row.experiment_id for row in database.read_runs(ours)} == {mine}
    assert {row.experiment_id for row in database.read_runs(theirs, statuses=("queued",))} == {foreign}
    assert [list(sweep["experiments"]) for sweep in database.read_sweeps(ours)] == [[mine]]
    assert database.read_runs(ours.of(None)) == [], "the root is nobody's, not everybody's"
    everybody = database.read_runs(ours.of(None), everyone=True)
    assert {row.owner for row in everybody} == {ours.owner, theirs.owner}


READING = {  # function -> what of the other visitor's it is asked for
    database.has_experiment: "experiment",
    database.read_experiment: "experiment",
    database.read_runs: "experiment",
    database.read_run: "run",
    database.read_sweep: "sweep",
    database.experiment_with_key: "key",
}


@pytest.mark.parametrize("ask", READING, ids=lambda ask: ask.__name__)
def test_a_foreign_id_is_answered_as_an_unknown_one(ours, theirs, ask):
    sweep_id = new_id()
    experiment_id = insert(theirs, key="key", sweep_id=sweep_id)
    insert(ours, key="ours")
    run_id = database.read_runs(theirs)[0].run_id
    foreign = {"experiment": experiment_id, "run": run_id, "sweep": sweep_id, "key": "key"}[READING[ask]]
    unknown = new_id()
    assert said(ask, theirs, foreign) != said(ask, theirs, unknown), "else nothing is tried here"
    foreign_answer, unknown_answer = said(ask, ours, foreign), said(ask, ours, unknown)
    assert str(foreign_answer).replace(foreign, unknown) == str(unknown_answer)


def test_every_function_that_takes_an_id_is_tried():
    taking = {
        function
        for name, function in inspect.getmembers(database, inspect.isfunction)
        if not name.startswith("_")
        and function.__module__ == database.__name__
        and {"experiment_id", "run_id", "sweep_id", "key"} & {*inspect.signature(function).parameters}
    }
    assert taking - {database.insert_experiments, database.insert_ended} <= {*READING}


def test_a_row_of_somebody_else_changes_nothing(ours, theirs):
    insert(theirs)
    row = database.read_runs(theirs)[0]
    assert not database.move(ours, row, "stopped")
    assert not database.note(ours, row, stop_requested=1)
    assert not database.move(ours.of(None), row, "stopped")
    assert database.read_run(theirs, row.run_id) == row
    for each in database.read_runs(theirs):
        assert database.move(theirs, each, "stopped")
    stopped = database.read_runs(theirs)
    with pytest.raises(Refused, match="has already been deleted"):
        database.requeue(ours, stopped, lambda connection: None)
    assert not delete_runs(ours, [stopped[0]])
    assert database.read_runs(theirs) == stopped
    assert all(delete_runs(theirs, [each]) for each in stopped)
    assert database.read_runs(ours, everyone=True) == []


def test_a_connection_shows_and_changes_its_own_home_s_rows_whatever_a_query_leaves_out(ours, theirs):
    mine, foreign = insert(ours), insert(theirs)
    before = database.read_experiment(theirs, foreign), database.read_runs(theirs)
    with schema.writing(ours) as connection:
        assert [row["id"] for row in connection.execute("SELECT id FROM experiments")] == [mine]
        assert [row["experiment_id"] for row in connection.execute("SELECT experiment_id FROM runs")] == [mine] * 2
        for change in ("UPDATE main.runs SET attempt = 9", "DELETE FROM main.runs"):
            assert connection.execute(change).rowcount == 2
        for change in ("UPDATE main.experiments SET name = 'x'", "DELETE FROM main.experiments"):
            assert connection.execute(change).rowcount == 1
    assert (database.read_experiment(theirs, foreign), database.read_runs(theirs)) == before
    assert not everybody.has_rows(ours) and everybody.has_rows(theirs)


def test_few_ask_for_everybody_s_rows():
    def naming(pattern: str) -> set[str]:
        files = (ROOT / "tl").rglob("*.py")
        return {path.stem for path in files if re.search(pattern, path.read_text(encoding="utf-8"))}

    assert naming(r"(?<!DELETE )FROM main\.|JOIN main\.") == {"schema", "everybody"}
    assert naming(r"\bowner IS ") == {"schema"} and naming(r"\bsqlite3\.connect\(") == {"schema", "repair"}
    keepers = {"background", "repair", "supervisor"}  # of the queue: what it holds in all, who is next
    assert naming("everyone=True") == {"everybody", "settle_plan"} | keepers


def test_two_visitors_may_use_the_same_key(ours, theirs):
    mine, foreign = insert(ours, key="k"), insert(theirs, key="k")
    assert mine != foreign
    assert (insert(ours, key="k"), insert(theirs, key="k")) == (mine, foreign)


def test_the_supervisor_is_not_idle_while_any_visitor_waits(ours, theirs):
    insert(theirs)
    done = []
    assert not everybody.when_idle(ours.of(None), lambda: done.append(1))
    assert not done


def test_a_file_of_an_earlier_version_keeps_its_runs_as_nobodys(tmp_path, monkeypatch):
    home = Home(tmp_path / "home")
    with monkeypatch.context() as patch:
        patch.setattr(schema, "MIGRATIONS", schema.MIGRATIONS[:2])
        home.path.mkdir()
        with sqlite3.connect(home.database_path) as connection:
            for statement in (statement for step in schema.MIGRATIONS for statement in step):
                connection.execute(statement)
            connection.execute("PRAGMA user_version = 2")
            spec = "INSERT INTO experiments (id, created, spec) VALUES (?, 1, ?)"
            connection.execute(spec, ("0" * 26, json.dumps(SPEC.to_json())))
            run = "INSERT INTO runs (id, experiment_id, arm, seed, position, created) VALUES (?, ?, 'a', 0, 0, 1)"
            connection.execute(run, ("1" * 26, "0" * 26))
    [row] = database.read_runs(home)
    assert (row.run_id, row.queued, row.spent) == ("1" * 26, 1, 0)
    assert database.read_runs(home.of(owner_of("x"))) == []
