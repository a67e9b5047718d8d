"""Runs of ours, as the supervisor would start them but one at a time and watched from here."""

import os
import signal
import subprocess
import sys
import time
from dataclasses import asdict
from pathlib import Path

import pandas as pd

from tests.benchmarks.pictures import ROOT
from tl.config import ArmConfig, RunConfig, Training, new_id
from tl.jobs.launchers.launcher import child_environment
from tl.store.files import read_json, write_json
from tl.store.home import Home, Run
from tl.store.metrics import read_metrics

WAIT_SECONDS = 600  # for a phase of a run that never comes


def new_run(home: Home, strategy: str, settings: Training, *, seed: int = 0, arm: dict | None = None) -> Run:
    """A run's folder with its config.json; never stopped early, so that every contestant does all its epochs."""
    config = RunConfig(
        **asdict(settings) | {"patience": 0},
        arm=ArmConfig(name=strategy, strategy=strategy, **arm or {}),
        run_id=new_id(),
        experiment_id=new_id(),
        arm_position=0,
        seed=seed,
    )
    run = home.run(config.run_id)
    run.folder.mkdir(parents=True)
    write_json(run.config, config.to_json())
    return run


def command(run: Run) -> list[str]:
    """What trains it."""
    return [sys.executable, "-m", "tl.train", str(run.folder)]


def start(run: Run) -> subprocess.Popen:
    """Its trainer, in the environment that the launcher gives."""
    with open(run.log, "ab") as log:
        return subprocess.Popen(command(run), cwd=ROOT, env=child_environment(), stdout=log, stderr=log)


def metrics(run: Run) -> pd.DataFrame:
    """One row per epoch of a finished run. Raises RuntimeError with the end of its log where it did not finish."""
    result = read_json(run.result) or {}
    if result.get("status") != "finished":
        raise RuntimeError(f"{run.folder.name} did not finish: {result.get('message')}\n{tail(run.log)}")
    return read_metrics(run.metrics)


def tail(path: Path) -> str:
    """The last lines of a log."""
    return (
        "\n".join(path.read_text(encoding="utf-8", errors="replace").splitlines()[-15:]) if path.exists() else "no log"
    )


def wait_for_first_step(run: Run, process: subprocess.Popen) -> float:
    """`time.monotonic()` when progress.json first shows a finished training step. Raises RuntimeError if it ends."""
    limit = time.monotonic() + WAIT_SECONDS
    while time.monotonic() < limit:
        state = read_json(run.progress) or {}
        if state.get("phase") == "training" and state.get("step", 0) >= 1:
            return time.monotonic()
        if process.poll() is not None:
            raise RuntimeError(f"the run ended before its first step\n{tail(run.log)}")
        time.sleep(0.005)
    raise RuntimeError(f"no training step in {WAIT_SECONDS} s\n{tail(run.log)}")


def stop(process: subprocess.Popen) -> None:
    """End a process that we started, as Ctrl-C or the page's Stop does, and wait until it has."""
    if process.poll() is None:
        os.kill(process.pid, signal.SIGINT)
    process.wait(timeout=60)
