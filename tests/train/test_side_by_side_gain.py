"""How fast this machine is, measured for real: alone, and as two runs that compute side by side."""

import pytest

from tl import machine
from tl.store.home import Home
from tl.train import speed
from tl.train.hardware import threads

SPEEDS = ("train_images_per_second", "eval_images_per_second", "head_only_images_per_second")


@pytest.fixture
def two_cores(monkeypatch):
    """As if there were two, with one thread only: two that spin beside other tests take minutes."""
    monkeypatch.setattr(threads, "govern", lambda device: threads.Threads(most=2, apply=lambda number: None))
    monkeypatch.setattr(speed, "SECONDS", 0.05)


def measured(home: Home) -> dict:
    return speed.measure(home, "resnet18_narrow", 32, 8)


@pytest.mark.usefixtures("two_cores")
def test_two_processes_measure_at_once_and_a_lack_of_memory_keeps_the_second_away(tmp_path, monkeypatch):
    found = measured(Home(tmp_path))
    assert all(found[name] > 0 for name in SPEEDS) and found["cores"] == 2
    assert 0.05 < found["side_by_side_gain"] < 20
    monkeypatch.setattr(machine, "free_memory", lambda: 1e6)
    assert measured(Home(tmp_path))["side_by_side_gain"] is None


@pytest.mark.usefixtures("two_cores")
def test_a_second_process_that_ends_early_takes_no_estimate_away(tmp_path, monkeypatch):
    monkeypatch.setattr(speed, "__name__", "tl.train.no_such_module")
    found = measured(Home(tmp_path))
    assert found["side_by_side_gain"] is None and all(found[name] > 0 for name in SPEEDS)
