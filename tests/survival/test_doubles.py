"""Everything sent twice happens once: submissions under one key, and runs that many processes want at once.

`DOUBLES=1000` submits as many pairs and lets 16 processes claim as many runs.
"""

import os
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from tl import jobs
from tl.config import ArmConfig, Experiment
from tl.jobs.launchers.launcher import child_environment
from tl.store.queue import database

DOUBLES = int(os.environ.get("DOUBLES", "20"))
CLAIMERS = 16 if DOUBLES >= 1000 else 4
EXPERIMENT = Experiment(dataset="blossoms", samples=20, arms=(ArmConfig(name="a", strategy="scratch"),))
CLAIM = """
import random, sys
from tl.store.queue import database
from tl.store.queue.everybody import Move, move_all
from tl.store.home import Home
home, together = Home(sys.argv[1]), int(sys.argv[3])
rows = database.read_runs(home, statuses=("queued",))
random.Random(int(sys.argv[2])).shuffle(rows)
print("ready", flush=True)
input()
claims = []
for place in range(0, len(rows), together):
    claims += move_all(home, [Move(row, "running", {}) for row in rows[place : place + together]])
for row, is_ours in zip(rows, claims, strict=True):
    if is_ours:
        print(row.run_id)
print(claims.count(False), file=sys.stderr)
"""


@pytest.mark.parametrize(
    "keys",
    [lambda number: [f"key {number}"] * 2, lambda number: [f"one tab's {number}", f"another's {number}"]],
    ids=["double click", "two tabs"],
)
def test_doubled_submissions_make_one_experiment_each(home, monkeypatch, capsys, keys):
    attempts = []  # one of every submission that found no earlier one and so tried to be the first
    insert = database.insert_experiments
    monkeypatch.setattr(
        database, "insert_experiments", lambda *given, **more: attempts.append(1) or insert(*given, **more)
    )
    together = threading.Barrier(2)

    def submit(number: int, key: str) -> str:
        together.wait()
        return jobs.submit(home, replace(EXPERIMENT, samples=20 + number), key)

    with ThreadPoolExecutor(2) as pool:
        pairs = [tuple(pool.map(submit, [number] * 2, keys(number))) for number in range(DOUBLES)]
    raced = len(attempts) - DOUBLES
    with capsys.disabled():
        print(f"\n{DOUBLES} pairs, {raced} of them neck and neck: {len(set(pairs))} experiments")
    assert all(one == other for one, other in pairs)
    assert len(set(pairs)) == DOUBLES
    assert {row.experiment_id for row in database.read_runs(home)} == {one for one, _ in pairs}
    assert len(list(home.runs_dir.iterdir())) == len(database.read_runs(home)) == DOUBLES
    assert raced > 0, "no pair came at the same time"


@pytest.mark.parametrize("together", [1, 7])
def test_runs_that_many_processes_claim_go_to_one_each(home, capsys, together):
    new = [(EXPERIMENT, EXPERIMENT.runs(f"{number:026d}")) for number in range(DOUBLES)]
    database.insert_experiments(home, new, None)
    claimers = [
        subprocess.Popen(
            [sys.executable, "-c", CLAIM, str(home.path), str(number), str(together)],
            env=child_environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for number in range(CLAIMERS)
    ]
    assert [process.stdout.readline() for process in claimers] == ["ready\n"] * CLAIMERS  # each has seen all runs
    with ThreadPoolExecutor(CLAIMERS) as pool:
        answers = list(pool.map(lambda process: process.communicate("go\n"), claimers))
    assert [process.returncode for process in claimers] == [0] * CLAIMERS, answers
    claimed = [line for out, _ in answers for line in out.split()]
    lost = sum(int(errors) for _, errors in answers)
    with capsys.disabled():
        print(f"\n{CLAIMERS} processes: {len(claimed)} claims of {DOUBLES} runs, {lost} came too late")
    assert sorted(claimed) == sorted(row.run_id for row in database.read_runs(home))
    assert lost > 0
