"""A hosted TL Lab with a home of its own: its server, visitors' experiments in it, and what its processes take."""

import os
import secrets
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import psutil

from tests.benchmarks.paint import serve
from tests.benchmarks.pictures import ROOT
from tl import jobs
from tl.config import ArmConfig, Experiment
from tl.jobs.start import holder
from tl.store.home import Home, owner_of
from tl.store.metrics import read_metrics
from tl.store.queue.database import ACTIVE

HOSTED = {  # as it is put on the net
    "TL_HOSTED": "1",
    "STREAMLIT_SERVER_MAX_UPLOAD_SIZE": "50",
    "STREAMLIT_SERVER_ALLOWED_HOSTS": "127.0.0.1",
    "STREAMLIT_SERVER_FILE_WATCHER_TYPE": "none",
    "STREAMLIT_SERVER_DISCONNECTED_SESSION_TTL": "60",
}
TTL_SECONDS = int(HOSTED["STREAMLIT_SERVER_DISCONNECTED_SESSION_TTL"])
ARMS = (ArmConfig(name="scratch", strategy="scratch"), ArmConfig(name="full_finetuning", strategy="full_finetuning"))
WAIT_SECONDS = 300.0


@dataclass(frozen=True)
class Use:
    """What a process has at a moment: resident memory in MB (10^6 bytes), threads, open files and sockets."""

    memory: float
    threads: int
    handles: int

    @classmethod
    def of(cls, process: psutil.Process) -> "Use":
        """That of `process` now."""
        with process.oneshot():
            return cls(process.memory_info().rss / 1e6, process.num_threads(), process.num_fds())


class Demo:
    """The server at `url` with its home; `page` is its process."""

    def __init__(self, home: Home, url: str, page: psutil.Process):
        self.home, self.url, self.page = home, url, page

    def use(self) -> Use:
        """What the page process takes now."""
        return Use.of(self.page)

    def supervisor(self) -> psutil.Process | None:
        """That of all visitors; None while there is none."""
        found = holder(self.home)
        try:
            return psutil.Process(found.pid) if found else None
        except psutil.NoSuchProcess:
            return None

    def workspace(self, secret: str) -> Home:
        """That of the visitor with this secret."""
        return self.home.of(owner_of(secret))

    def submit(self, secret: str, experiment: Experiment) -> str:
        """Queue an experiment of a visitor and see that it is trained; its id."""
        experiment_id = jobs.submit(self.workspace(secret), experiment)
        jobs.ensure_supervisor(self.home)
        return experiment_id

    def wait(self, secret: str, experiment_id: str) -> None:
        """Until all its runs have finished. Raises RuntimeError where one has not."""
        limit = time.monotonic() + WAIT_SECONDS
        while time.monotonic() < limit:
            runs = jobs.experiment(self.workspace(secret), experiment_id)["runs"]
            if all(run.status == "finished" for run in runs):
                return
            if ended := [run for run in runs if run.status not in (*ACTIVE, "finished")]:
                raise RuntimeError(f"a run ended as {ended[0]['status']}: {ended[0]['message']}")
            time.sleep(0.5)
        raise RuntimeError(f"an experiment took longer than {WAIT_SECONDS:.0f} s")

    def wait_for_epoch(self, secret: str, experiment_id: str, number: int = 1) -> None:
        """Until each of its runs has trained for so many epochs."""
        home, limit = self.workspace(secret), time.monotonic() + WAIT_SECONDS
        runs = jobs.experiment(home, experiment_id)["runs"]
        while any(len(read_metrics(home.run(run.run_id).metrics)) < number for run in runs):
            if time.monotonic() > limit:
                raise RuntimeError(f"not {number} epochs in {WAIT_SECONDS:.0f} s")
            time.sleep(0.5)

    def epochs(self, secret: str, experiment_id: str) -> dict[str, pd.DataFrame]:
        """The metrics so far of each of its runs, by its id."""
        home = self.workspace(secret)
        runs = jobs.experiment(home, experiment_id)["runs"]
        return {run.run_id: read_metrics(home.run(run.run_id).metrics) for run in runs}

    def disk(self) -> float:
        """MB of all files of the home."""
        total = 0
        for folder, _, names in os.walk(self.home.path):
            for name in names:
                with suppress(FileNotFoundError):  # removed meanwhile
                    total += Path(folder, name).lstat().st_size
        return total / 1e6


@contextmanager
def demo() -> Iterator[Demo]:
    """A hosted server with an empty home; it, its supervisor and its trainers are gone afterwards."""
    before = {name: os.environ.get(name) for name in HOSTED}
    os.environ |= HOSTED  # for the supervisor and the jobs that are started from here, too
    with tempfile.TemporaryDirectory() as folder:
        home = Home(Path(folder) / "hosted")
        process, url = serve(ROOT / "app.py", str(home.path))
        here = Demo(home, url, psutil.Process(process.pid))
        try:
            yield here
        finally:
            process.kill()
            process.wait()
            _end_training(here)
            for name, value in before.items():
                os.environ.pop(name) if value is None else os.environ.update({name: value})


def _end_training(here: Demo) -> None:
    for workspace in here.home.visitors():
        for run in jobs.list_runs(workspace):
            if run.status in ACTIVE:
                jobs.stop(workspace, run.run_id, grace_seconds=1)
    if supervisor := here.supervisor():
        supervisor.terminate()
        psutil.wait_procs([supervisor], timeout=20)


def new_visitor() -> str:
    """The secret of somebody who was never here."""
    return secrets.token_urlsafe(16)


def tiny() -> Experiment:
    """A comparison of seconds."""
    return Experiment(dataset="blossoms", samples=40, epochs=2, resolution=32, arms=ARMS)


def long() -> Experiment:
    """A comparison of many minutes, as long as a visitor may have one."""
    return Experiment(dataset="blossoms", samples=1000, epochs=30, patience=0, arms=ARMS)
