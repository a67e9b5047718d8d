"""Supervisor and trainers are killed at random moments, again and again, while runs go through the real queue.

`KILLS=200` kills as often; `REAL_KILLS=20` does it with real trainers, too, and compares with runs nobody killed.
"""

import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing

import psutil
import pytest

from tests.jobs.lab import FOLDER, until
from tl import jobs
from tl.config import ArmConfig, Experiment
from tl.jobs.launchers import processes
from tl.jobs.launchers.launcher import child_environment
from tl.jobs.launchers.local import identity_of
from tl.store.files import read_json
from tl.store.home import Home
from tl.store.metrics import read_metrics
from tl.store.queue import database

KILLS = int(os.environ.get("KILLS", "10"))
REAL_KILLS = int(os.environ.get("REAL_KILLS", "0"))
ENDED_BADLY = ("failed", "interrupted")
SETTLE_SECONDS = 10.0  # in which nothing may be left
COMMIT_EPOCHS = 12  # of the stand-in trainer


class Killer:
    """Keeps runs going and kills what trains them; whatever ended badly is resumed, as a user would."""

    def __init__(self, home: Home, supervisor: list[str], experiment: Experiment, pause_seconds: float):
        self.home, self.command, self.experiment = home, supervisor, experiment
        self.pause_seconds = pause_seconds
        self.random = random.Random(5)
        self.supervisor: subprocess.Popen | None = None
        self.hits = {"supervisor": 0, "trainer": 0}

    def kill(self, times: int) -> None:
        """Kill until that many kills have really hit."""
        while sum(self.hits.values()) < times:
            self._keep_going()
            time.sleep(self.random.uniform(0, self.pause_seconds))
            if self.hits["supervisor"] < self.hits["trainer"] or self.random.random() < 0.1:
                self._kill_supervisor()
            else:
                self._kill_trainer()

    def finish(self, seconds: float) -> None:
        """Let everything come to its end."""
        until(lambda: not self._keep_going(new=False), seconds)
        self.stop_supervisor()

    def stop_supervisor(self) -> None:
        if self.supervisor:
            self.supervisor.kill()
            self.supervisor.wait()

    def _keep_going(self, new: bool = True) -> bool:
        """Whether anything is left to do."""
        if self.supervisor is None or self.supervisor.poll() is not None:
            self.supervisor = subprocess.Popen(
                self.command,
                env=child_environment() | {"TL_HOME": str(self.home.path)},
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                stdin=subprocess.DEVNULL,
            )
        runs = database.read_runs(self.home)
        for row in runs:
            if row.status in ENDED_BADLY:
                assert row.reason in ("killed", "interrupted"), row
                self.hits["trainer"] += 1
                jobs.resume(self.home, row.run_id)
        left = [row for row in runs if row.status != "finished"]
        if new and len(left) < 2:
            jobs.submit(self.home, self.experiment)
        return bool(left)

    def _kill_supervisor(self) -> None:
        self.supervisor.kill()
        if self.supervisor.wait() == -signal.SIGKILL:  # else it had ended by itself
            self.hits["supervisor"] += 1

    def _kill_trainer(self) -> None:
        """It counts when the queue says that it was killed (see _keep_going)."""
        trainers = [identity_of(row.handle) for row in database.read_runs(self.home, statuses=("running",))]
        living = [trainer for trainer in trainers if processes.alive(trainer)]
        if living:
            os.kill(self.random.choice(living).pid, signal.SIGKILL)


def of_runs(home: Home) -> list[int]:
    """Processes that belong to any run of the home."""
    run_ids = {row.run_id for row in database.read_runs(home)}
    found = []
    for process in psutil.process_iter():
        try:
            if process.environ().get(processes.RUN_VARIABLE) in run_ids and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process.pid)
        except psutil.Error:
            continue
    return found


def unreadable(home: Home) -> list[str]:
    """Files that are not whole, and files that killed writers left behind."""
    nothing = object()
    found = [str(path) for path in home.path.rglob("*.json") if read_json(path, nothing) is nothing]
    found += [str(path) for path in home.runs_dir.rglob(".*.*")]
    with closing(sqlite3.connect(home.database_path)) as connection:
        answer = connection.execute("PRAGMA integrity_check").fetchone()[0]
    return found + ([] if answer == "ok" else [answer])


@pytest.fixture
def killer(home):
    made = []

    def make(*arguments) -> Killer:
        made.append(Killer(home, *arguments))
        return made[0]

    yield make
    for each in made:
        each.stop_supervisor()


def check_nothing_is_left(home: Home) -> None:
    until(lambda: not of_runs(home), SETTLE_SECONDS)
    assert unreadable(home) == []
    assert {row.status for row in database.read_runs(home)} == {"finished"}


def test_kills_lose_no_epoch_double_none_and_leave_nothing(home, killer, capsys):
    arms = tuple(ArmConfig(name=f"commit {number}", strategy="scratch") for number in range(4))
    experiment = Experiment(dataset="blossoms", samples=20, arms=arms)
    supervisor = [sys.executable, str(FOLDER / "stand_in_supervisor.py"), str(home.path), "60"]
    slayer = killer(supervisor, experiment, 0.2)
    slayer.kill(KILLS)
    slayer.finish(60)
    check_nothing_is_left(home)
    lost, doubled, runs = 0, 0, database.read_runs(home)
    for row in runs:
        folder = home.run(row.run_id).folder
        written = [int(line) for line in (folder / "epochs.log").read_text().split()]
        lost += read_json(folder / "epochs.json") != COMMIT_EPOCHS
        doubled += len(written) - len(set(written))
        assert written == sorted(written)
        assert COMMIT_EPOCHS - len(written) <= row.attempt - 1  # killed between the commit and the line about it
    with capsys.disabled():
        print(f"\n{slayer.hits} killed, {len(runs)} runs, {lost} with lost epochs, {doubled} epochs doubled")
    assert (lost, doubled) == (0, 0)
    assert all(slayer.hits.values()), slayer.hits


@pytest.mark.skipif(not REAL_KILLS, reason="REAL_KILLS=20 kills real trainers: a minute or more")
def test_real_trainers_go_on_from_kills_with_the_numbers_of_runs_nobody_killed(home, killer, capsys):
    arms = (
        ArmConfig(name="scratch", strategy="scratch"),
        ArmConfig(name="transfer", strategy="freeze_then_unfreeze"),
    )
    experiment = Experiment(
        dataset="blossoms", samples=60, resolution=32, epochs=4, batch_size=16, patience=0, precision="fp32", arms=arms
    )
    slayer = killer([sys.executable, "-m", "tl.jobs"], experiment, 4.0)
    unharmed = jobs.submit(home, experiment)
    slayer.finish(120)
    expected = {run.arm: run for run in jobs.list_runs(home, unharmed)}
    slayer.kill(REAL_KILLS)
    slayer.finish(120)
    check_nothing_is_left(home)
    columns = ["epoch", "train_loss", "train_accuracy", "val_loss", "val_accuracy"]
    for run in jobs.list_runs(home):
        before = expected[run.arm]
        numbers, wanted = (read_metrics(home.run(each.run_id).metrics)[columns] for each in (run, before))
        assert numbers.equals(wanted), (run.run_id, numbers, wanted)
        assert run.test_accuracy == before.test_accuracy
    with capsys.disabled():
        print(f"\n{slayer.hits} killed, {len(jobs.list_runs(home))} runs, all with the numbers of one nobody killed")
    assert slayer.hits["trainer"]
