"""Where commands run, and a supervisor for those that train."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.commands import ROOT, begin
from tl.jobs.launchers.local import LocalLauncher


@pytest.fixture
def home(tmp_path) -> Path:
    """Where there is no home yet."""
    return tmp_path / "home"


@pytest.fixture
def supervisor(home):
    """A supervisor whose trainers are stand-ins: the arm's name says how one behaves."""
    command = [sys.executable, str(ROOT / "tests/jobs/stand_in_supervisor.py"), str(home), "60"]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment)
    assert process.stdout.readline() == b"ready\n"
    yield process
    process.kill()
    process.communicate()
    for folder in home.glob("runs/*"):
        LocalLauncher().terminate(folder.name, None)


@pytest.fixture
def start(home):
    """Starts a command; it is killed at the end of the test where it still runs."""
    started = []

    def start(*arguments: str, **environment: str) -> subprocess.Popen:
        started.append(begin(home, *arguments, **environment))
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.communicate()
