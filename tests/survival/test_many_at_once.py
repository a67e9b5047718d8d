"""A supervisor whose launcher carries many runs at once is killed at every single point between two of its steps."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tl.config import ArmConfig, Experiment, new_id
from tl.jobs import supervisor
from tl.jobs.launchers.launcher import Ended
from tl.jobs.supervisor import Supervisor
from tl.store.files import write_json
from tl.store.home import Home, Run
from tl.store.queue import database, everybody
from tl.store.queue.schema import writing

ROOM = 3
EXPERIMENT = Experiment(
    dataset="blossoms", samples=20, arms=(ArmConfig(name="a", strategy="scratch"),), seeds=tuple(range(4))
)


class Killed(BaseException):
    """What nothing in the supervisor may catch."""


class Death:
    """Kills at one point; whoever is dead does nothing any more, not even to tidy up."""

    def __init__(self, at: int):
        self.left = at

    def point(self) -> None:
        self.left -= 1
        if self.left < 0:
            raise Killed


class Nodes:
    """Trainers that have ended when they have begun: files in a folder, which outlive their supervisor."""

    name, near, one_device, library = "simulated", False, False, None

    def __init__(self, folder: Path, death: Death):
        self.folder, self.point = folder, death.point
        folder.mkdir(exist_ok=True)

    def start(self, run: Run, need_bytes: float) -> str:
        self.point()
        os.close(os.open(self.folder / run.folder.name, os.O_CREAT | os.O_EXCL))  # a second one fails the run
        write_json(run.result, {"status": "finished", "epochs": 1})
        self.point()
        return f"{self.name} {run.folder.name}"

    def adopt(self, run: Run) -> str | None:
        self.point()
        return f"{self.name} {run.folder.name}" if (self.folder / run.folder.name).exists() else None

    def alive(self, handle: str) -> bool:
        self.point()
        return False

    def ended(self, handle: str) -> Ended:
        self.point()
        return Ended(exit_code=0)

    def terminate(self, run_id: str, handle: str | None, grace_seconds: float = 0) -> None:
        self.point()
        assert handle or not (self.folder / run_id).exists(), "started before the claim was there to stay"

    def fits(self, need_bytes: float) -> int:
        return ROOM

    def machines(self, handles) -> tuple:
        return ()


@pytest.fixture
def tick(monkeypatch):
    """Lets a new supervisor of a home work until nothing is left, dying where it is told to; whether it survived."""

    def tick(home: Home, at: int) -> bool:
        death = Death(at)

        @contextmanager
        def dying(home: Home, **rows: bool) -> Iterator:
            death.point()
            with writing(home, **rows) as connection:
                yield connection
                death.point()  # before it is there to stay
            death.point()

        for module in (database, everybody):
            monkeypatch.setattr(module, "writing", dying)
        ours = Supervisor(home, Nodes(home.path / "nodes", death))
        try:
            while ours.tick():
                pass
        except Killed:
            return False
        return True

    return tick


@pytest.mark.parametrize("claimed", [2, 50])
def test_wherever_it_is_killed_each_run_is_started_once_and_ends(tmp_path, tick, monkeypatch, claimed):
    monkeypatch.setattr(supervisor, "CLAIMED", claimed)
    monkeypatch.setattr("tl.jobs.memory.trainer_bytes", lambda *_: 1.0)
    at, survived = 0, False
    while not survived:
        home = Home(tmp_path / str(at))
        runs = EXPERIMENT.runs(new_id())
        for run in runs:
            write_json(home.run(run.run_id).config, run.to_json(), durable=False)
        database.insert_experiments(home, [(EXPERIMENT, runs)], None)
        survived = tick(home, at)
        assert survived or tick(home, 10_000)
        found = [(row.status, row.attempt) for row in database.read_runs(home)]
        assert found == [("finished", 1)] * len(runs), at
        assert len(list((home.path / "nodes").iterdir())) == len(runs)
        at += 1
    assert at > 40  # it died at so many points
