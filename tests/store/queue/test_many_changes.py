"""Many changes of the queue at once: in one transaction, through one connection, read without what is not needed yet."""

import sqlite3
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.store.queue.test_database import brought_to, insert
from tl.config import Refused, new_id
from tl.store.home import Home
from tl.store.queue import database, everybody, schema


def test_of_many_changes_in_one_transaction_each_is_checked_by_itself(home):
    moves = everybody.Move
    goes, stale, ended = (brought_to(home, status) for status in ("running", "running", "finished"))
    database.move(home, stale, "failed")
    database.move(home, stale, "queued")
    database.move(home, database.read_run(home, stale.run_id), "running")  # another attempt by now
    asked = [moves(row, "interrupted", {"reason": "why"}) for row in (stale, goes, ended, goes)]
    assert everybody.move_all(home, asked) == [False, True, False, False]
    now = [database.read_run(home, row.run_id).status for row in (goes, stale, ended)]
    assert now == ["interrupted", "running", "finished"]
    assert everybody.move_all(home, []) == []


def test_many_changes_are_all_there_or_none(home):
    first, second = (brought_to(home, "running") for _ in range(2))
    with pytest.raises(AssertionError):
        everybody.move_all(home, [everybody.Move(first, "failed", {}), everybody.Move(second, "failed", {"id": 1})])
    assert {database.read_run(home, row.run_id).status for row in (first, second)} == {"running"}


def test_through_a_connection_that_is_kept_every_change_is_seen_at_once_by_everybody(home):
    first, second = (brought_to(home, "running") for _ in range(2))
    with ThreadPoolExecutor(1) as other, schema.kept_open():
        assert database.move(home, first, "failed")
        assert other.submit(database.read_run, home, first.run_id).result().status == "failed"
        assert other.submit(database.move, home, second, "failed").result()
        assert database.read_run(home, second.run_id).status == "failed"
        assert not database.move(home, second, "stopped")


def test_a_connection_that_is_kept_goes_on_after_a_transaction_that_failed(home):
    row = brought_to(home, "running")

    def fails(when_committed: bool) -> None:
        with schema.writing(home) as connection:
            connection.execute("PRAGMA defer_foreign_keys = ON")  # then what is wrong is found at the end
            connection.execute("UPDATE main.runs SET experiment_id = 'nobody'")
            if not when_committed:
                raise ZeroDivisionError

    with schema.kept_open():
        with pytest.raises(sqlite3.IntegrityError):
            fails(when_committed=True)
        with pytest.raises(ZeroDivisionError):
            fails(when_committed=False)
        assert database.read_run(home, row.run_id) == row
        assert database.move(home, row, "failed")


def test_a_file_in_another_s_place_is_seen_once_the_connection_is_no_longer_kept(home, tmp_path):
    insert(home)
    other = Home(tmp_path / "other")
    insert(other, seeds=(1, 2))
    with schema.kept_open():
        assert [len(database.read_runs(each)) for each in (other, home)] == [4, 2]
    with schema.kept_open():
        assert len(database.read_runs(home)) == 2
    other.database_path.replace(home.database_path)
    with schema.kept_open():
        assert len(database.read_runs(home)) == 4


def test_to_keep_a_connection_creates_nothing(home):
    with schema.kept_open():
        assert database.read_runs(home) == []
    assert not home.path.exists()


def test_what_waits_is_damaged_where_its_place_can_not_be_told(home):
    insert(home)
    with database.writing(home) as connection:
        connection.execute("UPDATE main.runs SET queued = 'soon'")
    with pytest.raises(Refused, match="is damaged: a run in it has an invalid value"):
        everybody.waiting(home)


def test_rows_come_in_the_order_they_are_asked_for_without_those_that_are_gone(home):
    insert(home)
    one, other = (row.run_id for row in database.read_runs(home))
    assert [row.run_id for row in everybody.rows_of(home, [other, new_id(), one])] == [other, one]
