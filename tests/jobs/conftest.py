"""A home of its own for each test, and a supervisor in this process or in one of its own."""

import subprocess
import sys

import pytest
from lab import FOLDER, Lab

from tl.jobs.launchers.launcher import child_environment


@pytest.fixture
def lab(home):
    lab = Lab(home)
    yield lab
    lab.close()


@pytest.fixture
def supervisor_process(home):
    """Starts a supervisor with stand-in trainers as a process; it is killed at the end."""
    started = []

    def start(idle_seconds: float = 60) -> subprocess.Popen:
        command = [sys.executable, str(FOLDER / "stand_in_supervisor.py"), str(home.path), str(idle_seconds)]
        environment = child_environment()  # in which tl can be imported
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment)
        started.append(process)
        assert process.stdout.readline() == b"ready\n"
        return process

    yield start
    for process in started:
        process.kill()
        process.wait()
        process.stdout.close()
