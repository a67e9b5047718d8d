"""How fast this machine is, measured for real: alone, and as two runs that compute side by side."""

import subprocess
import sys
import time
from contextlib import suppress

import pytest

from tl import machine
from tl.store.home import Home
from tl.train import speed
from tl.train.hardware import threads

GAINS = ("train_gain_of_two", "eval_gain_of_two")
SPEEDS = ("train_images_per_second", "eval_images_per_second", "head_only_images_per_second")


@pytest.fixture
def two_cores(monkeypatch):
    """As if there were two, with one thread only: two that spin beside other tests take minutes."""
    monkeypatch.setattr(threads, "govern", lambda device: threads.Threads(most=2, apply=lambda number: None))
    monkeypatch.setattr(machine, "cores", lambda: 2)
    monkeypatch.setattr(speed, "SECONDS", 0.05)


def measured(home: Home, module: str = "tl.train.speed") -> dict:
    """Its answer, with a second process that is this module."""
    pipe, command = subprocess.PIPE, [sys.executable, "-m", module]
    with suppress(BrokenPipeError), subprocess.Popen(command, stdin=pipe, stdout=pipe, encoding="utf-8") as beside:
        found = speed.measure(home, "resnet18_narrow", 32, 8, beside)
        assert all(found[name] > 0 for name in SPEEDS)
    return found


@pytest.mark.usefixtures("two_cores")
def test_two_processes_measure_at_once_and_a_lack_of_memory_keeps_the_second_away(tmp_path, monkeypatch):
    found = measured(Home(tmp_path))
    assert found["cores"] == 2
    assert all(0.05 < found[name] < 20 for name in GAINS)
    monkeypatch.setattr(machine, "free_memory", lambda: 1e6)
    assert [measured(Home(tmp_path))[name] for name in GAINS] == [None, None]


@pytest.mark.usefixtures("two_cores")
def test_a_second_process_that_ends_early_takes_no_estimate_away(tmp_path):
    assert [measured(Home(tmp_path), "tl.no_such_module")[name] for name in GAINS] == [None, None]


def test_the_second_process_ends_with_the_first_in_the_middle_of_measuring():
    """A run that has just been started would else compute beside it, and whoever waits for the first one wait for both."""
    command, pipe = [sys.executable, "-m", "tl.train.speed"], subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, encoding="utf-8") as beside:
        print("resnet18_narrow", 32, 8, "fp32", 1, file=beside.stdin, flush=True)
        assert beside.stdout.readline() == "ready\n"
        print("train", 600, file=beside.stdin, flush=True)
        time.sleep(0.5)
        assert beside.poll() is None
        beside.stdin.close()
        assert beside.wait(30) == 0


@pytest.mark.usefixtures("two_cores")
def test_where_a_step_takes_long_nobody_waits_for_two_at_once(tmp_path, monkeypatch):
    monkeypatch.setattr(speed, "SHORT_STEPS_SECONDS", 0.0)
    monkeypatch.setattr(machine, "cores", lambda: 4)
    found = measured(Home(tmp_path))
    assert [found[name] for name in GAINS] == [None, None]
    assert found["cores"] is None, "two are left over, on which a page is drawn"
