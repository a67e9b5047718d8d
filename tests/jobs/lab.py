"""A home with a supervisor in this process whose trainers are stand-ins, told by their arm's name how to behave."""

import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

from tl import jobs
from tl.config import ArmConfig, Experiment
from tl.jobs.launchers import processes
from tl.jobs.launchers.launcher import PROJECT_ROOT
from tl.jobs.launchers.local import LocalLauncher, identity_of
from tl.jobs.launchers.processes import Identity
from tl.jobs.supervisor import Supervisor
from tl.store.documents import of_type
from tl.store.files import read_json
from tl.store.home import Home
from tl.store.queue import database
from tl.store.queue.settle_plan import SettlePlan

FOLDER = Path(__file__).parent
LIMIT_SECONDS = 30.0


def until(holds: Callable, seconds: float = LIMIT_SECONDS):
    """The first true value of `holds()`; fails after `seconds`."""
    end = time.monotonic() + seconds
    while not (value := holds()):
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.05)
    return value


def end_tensorboard(home: Home) -> None:
    """End the home's TensorBoard, if there is one: else it lives as long as this process, which asked for it."""
    server = of_type(read_json(home.path / "tensorboard/state.json"), Identity)
    if processes.alive(server):
        os.kill(server.pid, signal.SIGKILL)


def carried_by_stand_ins(folder: Path) -> str:
    """What PYTHONPATH has to be so that on the nodes of a cluster, which are processes here, the stand-in trains."""
    (folder / "sitecustomize.py").write_text(
        "import functools, sys\n"
        "import tl.jobs.launchers.guard as guard\n"
        f"trainer = [sys.executable, {str(FOLDER / 'stand_in_trainer.py')!r}]\n"
        "guard.LocalLauncher = functools.partial(guard.LocalLauncher, trainer)\n"
    )
    return f"{folder}{os.pathsep}{PROJECT_ROOT}"


class Lab:
    """What the tests of jobs do again and again."""

    def __init__(self, home: Home):
        self.home = home
        self.launcher = LocalLauncher([sys.executable, str(FOLDER / "stand_in_trainer.py")])
        self.supervisor = self.new_supervisor()

    def new_supervisor(self, fits: int = 8, **options) -> Supervisor:
        """Another supervisor, as after a restart; `fits`: trainers that memory holds besides the running ones."""
        self.launcher.fits = lambda need: fits
        self.supervisor = Supervisor(self.home, self.launcher, **options)
        return self.supervisor

    def submit(
        self,
        *behaviours: str,
        seeds: tuple[int, ...] = (0,),
        key: str | None = None,
        settle: SettlePlan | None = None,
        **settings,
    ) -> list[str]:
        """Ids of the runs of a new experiment, one arm per behaviour of the stand-in."""
        arms = tuple(ArmConfig(name=name, strategy="scratch") for name in behaviours)
        experiment = Experiment(dataset="blossoms", samples=20, arms=arms, seeds=seeds, **settings)
        experiment_id = jobs.submit(self.home, experiment, key, settle)
        return [row.run_id for row in database.read_runs(self.home, experiment_id)]

    def row(self, run_id: str) -> dict:
        """A run as the database has it."""
        return database.read_run(self.home, run_id)

    def pid(self, run_id: str) -> int:
        """Number of the process that trains a run."""
        return identity_of(self.row(run_id).handle).pid

    def run_all(self) -> None:
        """Tick until nothing is queued or running."""
        until(lambda: not self.supervisor.tick())

    def train(self, run_id: str) -> dict:
        """Tick until the run trains (its second epoch has begun); its row."""

        def trains() -> bool:
            self.supervisor.tick()
            return getattr(jobs.run(self.home, run_id).progress, "epoch", 0) > 1

        until(trains)
        return self.row(run_id)

    def close(self) -> None:
        """Leave no process behind."""
        self.supervisor.settler.close()
        for child in self.launcher._children.values():
            child.kill()
            child.wait()
