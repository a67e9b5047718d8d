"""Runs as jobs of Slurm: through submitit itself, with stand-ins for Slurm's commands and for the trainer."""

import os
import shlex
import signal
import sys
from pathlib import Path

import psutil
import pytest
from lab import FOLDER, Lab, carried_by_stand_ins, until

from tl import jobs
from tl.jobs import stopping
from tl.jobs.launchers import catalogue, guard, processes
from tl.jobs.launchers.slurm import SlurmLauncher, _parameters, _seconds
from tl.jobs.supervisor import Supervisor
from tl.store.home import Run
from tl.store.machines import Machine, read_machines
from tl.store.queue import database

pytest.importorskip("submitit", reason="submitit is not installed")


@pytest.fixture
def slurm(tmp_path, monkeypatch) -> Path:
    """Where the stand-in keeps its jobs; its commands come first on PATH."""
    folder, programs = tmp_path / "slurm", tmp_path / "bin"
    for made in (folder, programs):
        made.mkdir()
    for name in ("sbatch", "squeue", "scancel", "scontrol", "srun"):
        words = shlex.join([sys.executable, "-I", str(FOLDER / "stand_in_slurm.py"), str(folder), name])
        (programs / name).write_text(f'#!/bin/sh\nexec {words} "$@"\n')
        (programs / name).chmod(0o700)
    monkeypatch.setenv("PATH", f"{programs}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("PYTHONPATH", carried_by_stand_ins(programs))
    monkeypatch.setenv("TMPDIR", str(tmp_path))  # where guards that are killed here leave their locks
    monkeypatch.setenv("TL_LAUNCHER", "slurm")
    yield folder
    for process in psutil.process_iter():
        try:
            if process.environ().get("PATH", "").startswith(str(programs)) and process.pid != os.getpid():
                process.kill()
        except psutil.Error:
            continue


class SlurmLab(Lab):
    """Whose supervisor has Slurm carry out what is queued."""

    def new_supervisor(self, **options) -> Supervisor:
        self.launcher = SlurmLauncher(fresh_seconds=0.1)
        self.supervisor = Supervisor(self.home, self.launcher, **options)
        return self.supervisor

    def close(self) -> None:
        self.supervisor.settler.close()


@pytest.fixture
def lab(home, slurm):
    lab = SlurmLab(home)
    yield lab
    lab.close()


def stop(lab, run_id: str) -> None:
    """As a page does, which waits for the supervisor."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(stopping, "ensure_supervisor", lambda home: lab.supervisor.tick())
        assert jobs.stop(lab.home, run_id).status == "stopped"


def test_runs_of_several_seeds_train_at_once_and_end_as_their_trainers_say(lab):
    run_ids = [*lab.submit("quick", seeds=(0, 1)), *lab.submit("crash")]
    lab.supervisor.tick()
    assert [lab.row(run_id).status for run_id in run_ids] == ["running"] * 3
    lab.run_all()
    assert [lab.row(run_id).status for run_id in run_ids] == ["finished", "finished", "failed"]
    assert "exit status 3" in lab.row(run_ids[2]).message


def test_a_job_that_waits_is_neither_stalled_nor_counted_and_can_be_stopped(lab, slurm):
    (slurm / "hold").touch()
    seconds = [0.0]
    lab.new_supervisor(clock=lambda: seconds[0], stall_seconds=60)
    first, second = lab.submit("quick", "quick 2")
    lab.supervisor.tick()
    claimed = lab.row(first).started
    for _ in range(30):
        seconds[0] += 5
        lab.supervisor.tick()
    assert lab.row(first).status == lab.row(second).status == "running"
    database.note(lab.home, lab.row(second), stop_requested=1)
    until(lambda: lab.supervisor.tick() and lab.row(second).status == "stopped")
    (slurm / "hold").unlink()
    lab.run_all()
    assert lab.row(first).status == "finished" and lab.row(first).started > claimed


def test_another_supervisor_goes_on_with_a_job_also_one_that_was_not_written_down(lab, slurm):
    [run_id] = lab.submit("slow")
    handle = lab.train(run_id).handle
    lab.new_supervisor()
    until(lambda: lab.supervisor.tick() and read_machines(lab.home))
    assert read_machines(lab.home) == (Machine(name="node-1", trains=(run_id,)),)
    lab.supervisor.tick()
    assert lab.row(run_id).handle == handle
    database.note(lab.home, lab.row(run_id), handle=None)  # the supervisor was killed right before
    lab.new_supervisor()
    lab.supervisor.tick()
    assert lab.row(run_id).handle == handle and len(list(slurm.glob("[0-9]*"))) == 1
    stop(lab, run_id)
    assert (lab.row(run_id).status, processes.of_run(run_id)) == ("stopped", [])


def test_a_job_that_is_taken_away_and_put_back_goes_on_after_its_last_epoch(lab, slurm):
    [run_id] = lab.submit("commit")
    until(lambda: lab.supervisor.tick() and (lab.home.run(run_id).folder / "epochs.log").exists())
    os.kill(int((slurm / "1" / "task").read_text()), signal.SIGUSR2)  # as Slurm announces it
    lab.run_all()
    epochs = (lab.home.run(run_id).folder / "epochs.log").read_text().split()
    assert lab.row(run_id).status == "finished" and lab.row(run_id).attempt == 1
    assert len(set(epochs)) == len(epochs) >= 11, "the stand-in may be killed between counting an epoch and telling it"
    assert lab.home.run(run_id).log.read_text().count("ready") == 2 and not (slurm / "2").exists()


def test_a_machine_that_goes_away_interrupts_its_run_which_can_be_resumed(lab, slurm):
    [run_id] = lab.submit("slow")
    lab.train(run_id)
    until(lambda: jobs.run(lab.home, run_id).progress.epoch > 3)
    reached = jobs.run(lab.home, run_id).progress.epoch
    (slurm / "1" / "state").unlink()
    assert processes.of_run(run_id)
    os.kill(int((slurm / "1" / "task").read_text()), signal.SIGKILL)
    until(lambda: not processes.of_run(run_id))  # the guard ends the trainer with who started it, and all it started
    until(lambda: lab.supervisor.tick() is False)
    row = lab.row(run_id)
    assert (row.status, row.reason) == ("interrupted", "node_lost") and "Resume" in row.message
    jobs.resume(lab.home, run_id)
    assert lab.train(run_id).attempt == 2 and jobs.run(lab.home, run_id).progress.epoch >= reached
    stop(lab, run_id)


def test_a_job_is_ended_when_its_run_has_had_its_time(lab, monkeypatch):
    monkeypatch.setenv("TL_HOSTED", "1")
    monkeypatch.setenv("TL_LIMIT_RUN_MINUTES", "1")
    [run_id] = lab.submit("slow")
    lab.train(run_id)
    database.note(lab.home, lab.row(run_id), spent=54.0)  # and squeue says 7 s
    until(lambda: lab.supervisor.tick() is False)
    assert (lab.row(run_id).status, lab.row(run_id).reason) == ("stopped", "time_limit")
    assert processes.of_run(run_id) == []


def test_while_slurm_does_not_answer_nothing_is_said_to_be_dead(lab, slurm):
    [run_id] = lab.submit("slow")
    handle = lab.train(run_id).handle
    (slurm / "down").touch()
    lab.submit("quick")
    for _ in range(3):
        lab.launcher._asked_at = float("-inf")
        assert lab.supervisor.tick()
    assert lab.row(run_id).status == "running"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(stopping, "ensure_supervisor", lambda home: None)
        patch.setattr(stopping, "_NOTICE_SECONDS", -stopping.KILL_SECONDS)
        with pytest.raises(TimeoutError, match="stops as soon as the machine"):
            jobs.stop(lab.home, run_id, grace_seconds=0)
    (slurm / "down").unlink()
    until(lambda: lab.supervisor.tick() is False)
    assert len(database.read_runs(lab.home, statuses=("finished",))) == 1
    assert (lab.row(run_id).handle, lab.row(run_id).status) == (handle, "stopped"), "as it was asked to meanwhile"


def test_what_a_job_asks_for_is_what_the_operator_says(home, monkeypatch):
    run = Run(home.path / "r")
    assert "gpus_per_node" not in _parameters(run, 1e9) and _parameters(run, 1e9)["mem_gb"] == 2
    monkeypatch.setenv("TL_SLURM_PARTITION", "long")
    monkeypatch.setenv("TL_SLURM_GPUS", "2")
    monkeypatch.setenv("TL_SLURM_MINUTES", "90")
    monkeypatch.setenv("TL_SLURM_OPTIONS", "--qos=high exclusive")
    asked = _parameters(run, 1e9)
    expected = {"slurm_partition": "long", "gpus_per_node": 2, "timeout_min": 90, "name": "tl-r", "mem_gb": 4}
    assert asked | expected == asked
    assert asked["slurm_additional_parameters"] == {"requeue": True, "qos": "high", "exclusive": True}


@pytest.mark.parametrize(("text", "seconds"), [("0:07", 7), ("1:02:03", 3723), ("2-00:00:01", 172_801), ("INVALID", 0)])
def test_times_are_read_as_squeue_writes_them(text, seconds):
    assert _seconds(text) == seconds


def test_it_is_listed_in_the_catalogue(slurm):
    assert isinstance(catalogue.supervised(), SlurmLauncher) and isinstance(catalogue.of("slurm 1 x"), SlurmLauncher)
    assert guard.LocalLauncher is catalogue.LAUNCHERS["local"]
