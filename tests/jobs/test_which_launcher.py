"""Which launcher carries runs out, who says so, and what is said where that is impossible."""

import os
import sys

import pytest

from tl import jobs
from tl.__main__ import main
from tl.config import ArmConfig, Experiment, Refused
from tl.jobs.launchers import catalogue
from tl.jobs.launchers.launcher import Unreachable
from tl.jobs.launchers.ray import RayLauncher
from tl.jobs.start import launcher_now, take_lock, write_holder
from tl.jobs.supervisor import Supervisor

EXPERIMENT = Experiment(dataset="blossoms", samples=20, arms=(ArmConfig(name="a", strategy="scratch"),))


@pytest.mark.parametrize("name", catalogue.LAUNCHERS)
def test_each_goes_by_its_name(name, monkeypatch):
    monkeypatch.setenv("TL_LAUNCHER", name)
    launcher = catalogue.of(None)
    assert launcher.name == name == catalogue.of(f"{name} whatever").name
    assert launcher.near == launcher.one_device == (name == "local")


def test_a_handle_that_is_none_is_nobodys():
    launcher = catalogue.of("of another version")
    assert not launcher.alive("of another version") and launcher.ended("of another version").exit_code is None


def test_a_launcher_that_is_not_there_is_refused_before_anything_is_queued(home, monkeypatch):
    monkeypatch.setenv("TL_LAUNCHER", "moon")
    with pytest.raises(Refused, match="TL_LAUNCHER is 'moon'; it must be one of local, slurm, ray"):
        jobs.submit(home, EXPERIMENT)
    assert not home.path.exists()


@pytest.mark.parametrize("name", ["slurm", "ray"])
def test_a_library_that_is_missing_is_named(home, monkeypatch, name):
    monkeypatch.setenv("TL_LAUNCHER", name)
    monkeypatch.setattr(catalogue, "find_spec", lambda library: None)
    with pytest.raises(Refused, match=f"{name}.*not installed; pip install '.*=="):
        jobs.submit(home, EXPERIMENT)


@pytest.mark.parametrize(("name", "variable"), [("slurm", "TL_SLURM_GPUS"), ("ray", "TL_RAY_CPUS")])
def test_a_share_that_can_not_be_is_refused_before_anything_is_queued(home, monkeypatch, name, variable):
    monkeypatch.setenv("TL_LAUNCHER", name)
    monkeypatch.setenv(variable, "many")
    monkeypatch.setattr(catalogue, "find_spec", lambda library: library)
    with pytest.raises(Refused, match=f"{variable} is 'many'; it must be a number"):
        jobs.submit(home, EXPERIMENT)


def test_how_nodes_come_by_their_files_is_one_of_three(home, monkeypatch):
    monkeypatch.setenv("TL_LAUNCHER", "ray")
    monkeypatch.setenv("TL_RAY_HOME", "somewhere")
    monkeypatch.setattr(catalogue, "find_spec", lambda library: library)
    with pytest.raises(Refused, match="TL_RAY_HOME is 'somewhere'; it must be one of auto, shared, fetch"):
        jobs.submit(home, EXPERIMENT)


def test_a_command_is_refused_where_a_supervisor_goes_by_another_launcher(home, capsys, monkeypatch):
    monkeypatch.setenv("TL_LAUNCHER", "local")  # the command sets it for its process
    assert launcher_now(home) is None
    lock = take_lock(home)
    write_holder(lock, os.getpid())
    assert launcher_now(home) == "local"
    assert main(["compare", "--home", str(home.path), "--launcher", "slurm"]) == 2
    assert "runs of this home are being carried out by local; wait" in capsys.readouterr().err
    os.close(lock)


def test_a_cluster_that_can_not_be_reached_keeps_what_waits_waiting(home, monkeypatch):
    monkeypatch.setattr(catalogue, "check", lambda: None)
    monkeypatch.setenv("TL_LAUNCHER", "ray")
    monkeypatch.setenv("TL_RAY_ADDRESS", "192.0.2.99:1")
    jobs.submit(home, EXPERIMENT)
    launcher = RayLauncher((sys.executable, "-c", "raise SystemExit(1)"))
    supervisor = Supervisor(home, launcher)
    for _ in range(2):
        assert supervisor.tick()
        with pytest.raises(Unreachable, match=r"Ray \(192.0.2.99:1\) does not answer"):
            launcher.fits(0.0)
    assert [run.status for run in jobs.list_runs(home)] == ["queued"]
    supervisor.settler.close()
