"""Trainers forked from one process: each its own, known by its run's id, and none lost when that process dies."""

import os
import signal
import subprocess
import sys

import pytest
from lab import until

from tests.benchmarks import runs
from tl.config import Training
from tl.failures import EXIT_STATUS
from tl.jobs.launchers import fork_launcher, processes
from tl.jobs.launchers.fork_launcher import ForkLauncher, can_fork
from tl.jobs.launchers.local import LocalLauncher, identity_of
from tl.store.device_lock import DeviceLock
from tl.store.files import read_json
from tl.store.home import Home

pytestmark = pytest.mark.skipif(not can_fork(), reason="trainers are forked without a GPU only")
# Without importing torch: what waits for its turn needs none.
QUICK = (
    sys.executable,
    "-c",
    "import sys; from tl.train import fork_server as server; server.imports = lambda: None; sys.exit(server.serve())",
)


@pytest.fixture
def launcher():
    launcher = ForkLauncher(QUICK)
    yield launcher
    launcher.close()


@pytest.fixture
def home(tmp_path):
    home = Home(tmp_path)
    yield home
    for folder in home.runs_dir.glob("*"):
        LocalLauncher().terminate(folder.name, None)


def new_run(home, whole=True):
    run = runs.new_run(home, "scratch", Training(dataset="blossoms"))
    if not whole:
        run.config.unlink()
    return run


@pytest.fixture
def waiting(home):
    """Whoever wants the turn waits."""
    device_lock = DeviceLock(home.locks_dir)
    device_lock.take()
    yield
    device_lock.close()


def phase(run) -> str:
    return (read_json(run.progress) or {}).get("phase", "")


def test_the_exit_status_and_what_was_printed_are_known(launcher, home):
    ended = [new_run(home, whole=False), new_run(home, whole=False)]
    trainers = [launcher.start(run) for run in ended]
    until(lambda: not any(map(launcher.alive, trainers)))
    codes = [until(lambda: launcher.ended(trainer).exit_code) for trainer in trainers]  # noqa: B023 - asked at once
    assert codes == [EXIT_STATUS["bad_config"]] * 2
    for run in ended:
        assert run.log.read_text().startswith(f"{run.config} is missing")


def test_a_trainer_is_its_own_process_in_its_own_session_under_its_own_name(launcher, home, waiting):
    first, second = new_run(home), new_run(home)
    trainers = [launcher.start(run) for run in (first, second)]
    until(lambda: phase(first) == phase(second) == "waiting")
    for run, trainer in zip((first, second), trainers, strict=True):
        pid = identity_of(trainer).pid
        assert processes.of_run(run.folder.name) == [pid]
        assert os.getsid(pid) == pid
        assert launcher.alive(trainer) and launcher.adopt(run) == trainer
        assert launcher.ended(trainer).exit_code is None
        assert {os.readlink(f"/proc/{pid}/fd/{number}") for number in (1, 2)} == {str(run.log)}
    launcher.terminate(first.folder.name, trainers[0])
    assert read_json(first.result)["status"] == "stopped"
    assert not launcher.alive(trainers[0]) and launcher.alive(trainers[1])


def test_one_that_is_killed_takes_no_other_with_it(launcher, home, waiting):
    trainers = [launcher.start(new_run(home)) for _ in range(2)]
    os.kill(identity_of(trainers[0]).pid, signal.SIGKILL)
    until(lambda: not launcher.alive(trainers[0]))
    assert until(lambda: launcher.ended(trainers[0]).exit_code) == -signal.SIGKILL
    assert launcher.alive(trainers[1])


def test_when_the_server_dies_trainers_go_on_and_the_next_has_a_new_one(launcher, home, waiting):
    before = new_run(home)
    trainer = launcher.start(before)
    server = launcher._server.process
    server.kill()
    server.wait()
    after = launcher.start(new_run(home))
    assert launcher._server.process.pid != server.pid
    assert launcher.alive(trainer) and launcher.alive(after)
    assert launcher.ended(trainer).exit_code is None, "how it ends nobody will know"
    launcher.terminate(before.folder.name, trainer)
    assert not launcher.alive(trainer)


def test_when_the_launcher_goes_the_server_ends_and_trainers_go_on(launcher, home, waiting):
    run = new_run(home)
    trainer, server = launcher.start(run), launcher._server.process
    until(lambda: phase(run) == "waiting")
    launcher.close()
    assert server.returncode is not None
    assert processes.alive(identity_of(trainer))


@pytest.mark.parametrize(
    "program", ["raise SystemExit(1)", "print('{}', flush=True); input()", "print('no', flush=True)"]
)
def test_where_forking_does_not_work_each_trainer_starts_by_itself(home, monkeypatch, program):
    monkeypatch.setattr(fork_launcher, "ANSWER_SECONDS", 0.2)
    launcher = ForkLauncher((sys.executable, "-c", program))
    run = new_run(home, whole=False)
    trainer = launcher.start(run)
    until(lambda: not launcher.alive(trainer))
    assert until(lambda: launcher.ended(trainer).exit_code) == EXIT_STATUS["bad_config"]
    assert launcher._server.process is None
    launcher.close()


def test_a_server_with_more_than_one_thread_refuses():
    program = (
        "import sys, threading, time; from tl.train import fork_server as server\n"
        "server.imports = lambda: threading.Thread(target=time.sleep, args=(9,), daemon=True).start()\n"
        "sys.exit(server.serve())"
    )
    ended = subprocess.run([sys.executable, "-c", program], stdin=subprocess.DEVNULL, capture_output=True, text=True)
    assert (ended.returncode, ended.stdout) == (1, "")
    assert "forking is not safe" in ended.stderr
