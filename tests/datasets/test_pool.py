"""Processes that answer, die, fail to start, or are told to stop."""

import errno
import time

import pytest

from tl.datasets import pool

ECHO = """
import sys, json, os, time
print("ready", flush=True)
for line in sys.stdin:
    task = json.loads(line)
    if task == "die":
        os._exit(3)
    if task == "full":
        task = {"errno": 28, "message": "full"}
    if task == "sleep":
        time.sleep(60)
    print(json.dumps(task), flush=True)
"""


def test_answers_come_in_the_order_of_the_tasks():
    with pool.answers(["-c", ECHO]) as answers:
        assert list(answers(iter(range(100)))) == list(range(100))


def test_tasks_are_taken_only_a_little_ahead_of_the_answers():
    taken = []
    with pool.answers(["-c", ECHO]) as answers:
        next(answers(taken.append(number) or number for number in range(10_000)))
    assert len(taken) < 200


def test_a_process_that_dies_is_replaced():
    with pool.answers(["-c", ECHO]) as answers:
        with pytest.raises(pool.Died, match="ended with 3"):
            list(answers(["die"]))
        assert list(answers([1, 2, 3, 4])) == [1, 2, 3, 4]


def test_a_full_disk_in_a_process_is_raised_here():
    with pool.answers(["-c", ECHO]) as answers, pytest.raises(OSError, match="full") as problem:
        list(answers(["full"]))
    assert problem.value.errno == errno.ENOSPC


def test_a_process_that_does_not_start_is_an_error():
    with pool.answers(["-c", "raise SystemExit(4)"]) as answers, pytest.raises(RuntimeError, match="does not start: 4"):
        list(answers([1] * 20))


def test_whoever_asks_once_it_is_closed_is_told_so_however_many_they_are():
    closed = pool.Pool(["-c", ECHO])
    assert closed.ask(1) == 1
    closed.close()
    for _ in range(10 * closed.size):
        with pytest.raises(pool.Closed):
            closed.ask(2)
    for process in list(closed.started):
        closed._end(process)


def test_leaving_ends_the_processes_at_once():
    start = time.monotonic()
    with pool.answers(["-c", ECHO]) as answers:
        assert next(answers([1] + ["sleep"] * 20)) == 1
    assert time.monotonic() - start < 50  # the tasks sleep for 60 s
