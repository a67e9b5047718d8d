"""The queue's tables: what may become what, one experiment per key, whoever asks at once."""

import shutil
import sqlite3
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import pytest

from tests.translated import chinese
from tl.config import ArmConfig, Experiment, Refused, new_id
from tl.languages import say, speaking
from tl.store.home import Home
from tl.store.queue import database, everybody, schema
from tl.store.queue.damage import refusal
from tl.store.queue.database import TRANSITIONS
from tl.store.queue.removal import delete_runs
from tl.store.queue.rows import RunRow


def spec(**settings) -> Experiment:
    arms = (ArmConfig(name="a", strategy="scratch"), ArmConfig(name="b", strategy="scratch"))
    return Experiment(dataset="blossoms", arms=arms, **settings)


def insert(home: Home, key: str | None = None, **settings) -> str:
    experiment = spec(**settings)
    return database.insert_experiments(home, [(experiment, experiment.runs(new_id()))], key)


def brought_to(home: Home, status: str) -> RunRow:
    """A run's row, brought to a status the allowed way."""
    experiment_id = insert(home)
    row = database.read_runs(home, experiment_id)[0]
    for step in {"queued": (), "running": ("running",)}.get(status, ("running", status)):
        assert database.move(home, row, step)
    return database.read_run(home, row.run_id)


def test_reading_creates_nothing(home):
    assert database.read_runs(home) == []
    with pytest.raises(Refused, match="no run"):
        database.read_run(home, new_id())
    with pytest.raises(Refused, match="no experiment"):
        database.read_experiment(home, new_id())
    assert not home.path.exists()


def test_an_experiment_comes_back_as_it_was_queued(home):
    experiment_id = insert(home, key="k", seeds=(3, 4), samples=7)
    found = database.read_experiment(home, experiment_id)
    assert (found["experiment"], found["key"]) == (spec(seeds=(3, 4), samples=7), "k")
    rows = database.read_runs(home, experiment_id)
    assert [(row.arm, row.seed, row.position) for row in rows] == [
        ("a", 3, 0),
        ("b", 3, 1),
        ("a", 4, 2),
        ("b", 4, 3),
    ]
    assert {row.status for row in rows} == {"queued"}


def test_the_newest_experiment_comes_first(home):
    older, newer = insert(home), insert(home)
    assert [row.experiment_id for row in database.read_runs(home)] == [newer, newer, older, older]


def test_the_same_key_is_the_same_experiment(home):
    assert insert(home, key="k") == insert(home, key="k")
    assert insert(home) != insert(home)
    assert len(database.read_runs(home)) == 6


def test_threads_that_submit_at_once_make_one_experiment_per_key(home):
    with ThreadPoolExecutor(8) as pool:
        ids = list(pool.map(lambda number: insert(home, key=f"key {number % 5}", samples=2 + number % 5), range(40)))
    assert len(set(ids)) == 5
    assert len(database.read_runs(home)) == 10


def test_two_tabs_that_submit_the_same_within_seconds_make_one_experiment(home, monkeypatch):
    now = [1000.0]
    monkeypatch.setattr(database.time, "time", lambda: now[0])
    first = insert(home, key="one tab", samples=7)
    now[0] += database.TWICE_SECONDS
    assert insert(home, key="another", samples=7) == first
    others = {insert(home, key="changed", samples=8), insert(home, samples=7)}  # without a key: the command line
    others.add(insert(home.of("v" * 26), key="somebody else's", samples=7))
    now[0] += 0.1
    others.add(insert(home, key="later", samples=7))
    assert len(others | {first}) == 5


def test_a_sweep_is_the_same_only_as_the_same_sweep(home):
    def submit(key: str, *samples: int, sweep_id: str | None = None) -> str:
        ids = sorted(new_id() for _ in samples)
        experiments = [(spec(samples=size), ident) for size, ident in zip(samples, ids, strict=True)]
        submitted = [(experiment, experiment.runs(ident)) for experiment, ident in experiments]
        return database.insert_experiments(home, submitted, key, sweep_id)

    first = submit("a", 7, 8, sweep_id=new_id())
    assert submit("b", 7, 8, sweep_id=new_id()) == first
    others = {submit("c", 7, 8, 9, sweep_id=new_id()), submit("d", 7), submit("e", 7, sweep_id=new_id())}
    assert len(others | {first}) == 4


def test_processes_that_submit_at_once_make_one_experiment(home):
    code = (
        "import sys; from tl.config import *; from tl.store.home import Home; from tl.store.queue import database\n"
        "e = Experiment(dataset='blossoms', arms=(ArmConfig(name='a', strategy='scratch'),))\n"
        "input(); print(database.insert_experiments(Home(sys.argv[1]), [(e, e.runs(new_id()))], 'k'))"
    )
    command = [sys.executable, "-c", code, str(home.path)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    processes = [subprocess.Popen(command, **pipes) for _ in range(3)]
    answers = [process.communicate("go\n")[0] for process in processes]
    assert len(set(answers)) == 1
    assert answers[0].strip()
    assert len(database.read_runs(home)) == 1


@pytest.mark.parametrize("new", TRANSITIONS)
@pytest.mark.parametrize("old", TRANSITIONS)
def test_a_run_moves_only_where_the_table_allows(home, old, new):
    row = brought_to(home, old)
    assert database.move(home, row, new, reason="why") == (new in TRANSITIONS[old])
    changed = database.read_run(home, row.run_id)
    assert changed.status == (new if new in TRANSITIONS[old] else old)
    assert changed.attempt == row.attempt + (changed.status == "queued" != old)


def test_of_many_that_label_the_same_end_one_wins(home):
    row = brought_to(home, "running")
    with ThreadPoolExecutor(8) as pool:
        wins = list(pool.map(lambda status: database.move(home, row, status), ["failed", "stopped", "finished"] * 4))
    assert sum(wins) == 1


def test_a_message_is_said_in_the_language_of_who_reads_it(home, tmp_path):
    run = brought_to(home, "running")
    assert database.move(home, run, "failed", message=say("no details"))
    with chinese(tmp_path / "locale", {"no details": "没有详细信息"}), speaking("zh"):
        assert database.read_run(home, run.run_id).message == "没有详细信息"
        assert database.read_runs(home)[0].message == "没有详细信息"
    assert database.read_run(home, run.run_id).message == "no details"


def test_a_label_for_an_earlier_attempt_changes_nothing(home):
    row = brought_to(home, "running")
    database.move(home, row, "failed")
    assert database.move(home, row, "queued")
    database.move(home, database.read_run(home, row.run_id), "running")
    assert not database.move(home, row, "failed")
    assert database.read_run(home, row.run_id).status == "running"


@pytest.mark.parametrize("status", TRANSITIONS)
def test_only_a_run_that_is_not_active_can_be_deleted(home, status):
    row = brought_to(home, status)
    assert delete_runs(home, [row]) == (status not in database.ACTIVE)


def test_an_experiment_goes_with_its_last_run(home):
    experiment_id = insert(home)
    for row in database.read_runs(home, experiment_id):
        assert database.read_experiment(home, experiment_id)
        database.move(home, row, "stopped")
        assert delete_runs(home, [row])
    with pytest.raises(Refused):
        database.read_experiment(home, experiment_id)


def test_idle_is_decided_together_with_what_follows(home):
    done = []
    row = brought_to(home, "running")
    database.move(home, database.read_runs(home)[1], "stopped")
    assert not everybody.when_idle(home, lambda: done.append(1))
    assert not done
    database.move(home, row, "finished")
    assert everybody.when_idle(home, lambda: done.append(1))
    assert done


def test_a_failing_transaction_leaves_nothing(home):
    insert(home)

    def fails() -> None:
        with database.writing(home) as connection:
            connection.execute("DELETE FROM main.runs")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fails()
    assert len(database.read_runs(home)) == 2


@pytest.mark.parametrize(
    ("name", "free", "words"),
    [
        ("SQLITE_FULL", 10**9, "the disk is full"),
        ("SQLITE_IOERR_SHMSIZE", 0, "the disk is full"),
        ("SQLITE_CANTOPEN", 0, "the disk is full"),
        ("SQLITE_IOERR_SHMSIZE", 10**9, "the disk reports an error"),
        ("SQLITE_CANTOPEN", 10**9, "give this user permission"),
        ("SQLITE_BUSY", 0, "is busy"),
    ],
)
def test_trouble_with_the_file_is_called_by_its_cause(tmp_path, monkeypatch, name, free, words):
    problem = sqlite3.OperationalError("disk I/O error")
    problem.sqlite_errorname = name
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: SimpleNamespace(free=free))
    refused = refusal(problem, tmp_path)
    assert type(refused) is Refused and words in str(refused)


def test_a_file_of_a_newer_version_is_refused(home):
    insert(home)
    with schema._connected(home, False) as connection:
        connection.execute("PRAGMA user_version = 99")
    with pytest.raises(Refused, match="newer TL Lab"):
        database.read_runs(home)
