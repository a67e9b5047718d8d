"""How a trainer is started: where, with what in its environment, and that all it starts ends with it."""

import json
import os
import platform
import sys
from pathlib import Path

import psutil
import pytest
from lab import until

from tl import machine
from tl.config import new_id
from tl.jobs import background, memory
from tl.jobs.launchers import local, processes
from tl.jobs.launchers.launcher import NICE, PROJECT_ROOT, child_environment, detached
from tl.jobs.launchers.local import LocalLauncher, identity_of
from tl.store.home import Home

TELL = (
    "import json, os, sys; import tl\n"
    "print(json.dumps([os.getcwd(), os.getsid(0) == os.getpid(), sys.argv[1], dict(os.environ)]))"
)
SPAWN = "import subprocess, sys, time\nsubprocess.Popen([sys.executable, '-c', 'import time; time.sleep(99)'])\n"


@pytest.fixture
def run(tmp_path):
    run = Home(tmp_path).run(new_id())
    run.folder.mkdir(parents=True)
    yield run
    LocalLauncher().terminate(run.folder.name, None)


def ended(launcher: LocalLauncher, handle: str) -> int:
    until(lambda: not launcher.alive(handle))
    return launcher.ended(handle).exit_code


def test_a_trainer_starts_in_the_project_in_a_session_of_its_own(run, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    launcher = LocalLauncher([sys.executable, "-c", TELL])
    assert ended(launcher, launcher.start(run)) == 0
    folder, leads, argument, environment = json.loads(run.log.read_text())
    assert (folder, leads, argument) == (str(PROJECT_ROOT), True, str(run.folder))
    assert environment[processes.RUN_VARIABLE] == run.folder.name


def test_what_a_trainer_prints_is_appended_to_its_log(run):
    launcher = LocalLauncher([sys.executable, "-c", "import sys; print('out'); print('err', file=sys.stderr)"])
    for _ in range(2):
        ended(launcher, launcher.start(run))
    assert run.log.read_text() == "out\nerr\n" * 2


def test_the_exit_status_is_known(run):
    launcher = LocalLauncher([sys.executable, "-c", "raise SystemExit(7)"])
    assert ended(launcher, launcher.start(run)) == 7


def test_the_environment_sets_the_allocator_unless_the_user_has(monkeypatch):
    monkeypatch.setenv("MALLOC_TOP_PAD_", "1")
    monkeypatch.delenv("MALLOC_TRIM_THRESHOLD_", raising=False)
    monkeypatch.setattr(machine, "total_memory", lambda: 8e9)
    environment = child_environment()
    assert environment["MALLOC_TOP_PAD_"] == "1"
    assert environment["PYTHONUNBUFFERED"] == "1"
    assert environment["PYTHONPATH"].split(os.pathsep)[0] == str(PROJECT_ROOT)
    if platform.libc_ver()[0] == "glibc":
        assert environment["MALLOC_TRIM_THRESHOLD_"] == "8589934592"


@pytest.mark.parametrize("ends_itself", [True, False])
def test_what_a_trainer_has_started_ends_with_it(run, ends_itself):
    launcher = LocalLauncher([sys.executable, "-c", SPAWN + ("" if ends_itself else "time.sleep(99)")])
    trainer = launcher.start(run)
    until(lambda: len(processes.of_run(run.folder.name)) == (1 if ends_itself else 2))
    launcher.terminate(run.folder.name, trainer, grace_seconds=5)
    assert processes.of_run(run.folder.name) == []
    assert not launcher.alive(trainer)


def test_ending_waits_until_the_gpus_memory_is_back(run, monkeypatch):
    launcher = LocalLauncher([sys.executable, "-c", "import time; time.sleep(99)"])
    trainer = launcher.start(run)
    until(lambda: processes.of_run(run.folder.name))
    pid = identity_of(trainer).pid
    answers = [{pid}, {pid}, set()]
    monkeypatch.setattr(memory, "gpu_processes", lambda: answers.pop(0))
    launcher.terminate(run.folder.name, trainer)
    assert answers == []


def test_memory_that_does_not_come_back_is_told(run, monkeypatch):
    launcher = LocalLauncher([sys.executable, "-c", "import time; time.sleep(99)"])
    trainer = launcher.start(run)
    until(lambda: processes.of_run(run.folder.name))
    monkeypatch.setattr(memory, "gpu_processes", lambda: {identity_of(trainer).pid})
    monkeypatch.setattr(local, "KILL_SECONDS", 0.2)
    with pytest.raises(TimeoutError, match="the GPU still holds its memory"):
        launcher.terminate(run.folder.name, trainer)
    assert processes.of_run(run.folder.name) == []


def test_where_memory_is_short_the_allocator_gives_it_back(monkeypatch):
    monkeypatch.setattr(machine, "total_memory", lambda: 2e9)
    for name in ("MALLOC_MMAP_THRESHOLD_", "MALLOC_TRIM_THRESHOLD_", "MALLOC_TOP_PAD_"):
        monkeypatch.delenv(name, raising=False)
    assert not [name for name in child_environment() if name.startswith("MALLOC_")]


@pytest.mark.skipif(not Path("/proc/self/oom_score_adj").exists(), reason="Linux only: needs /proc")
@pytest.mark.parametrize("hosted", ["1", "0"])
def test_a_trainer_goes_first_when_memory_ends_and_hosted_comes_after_the_page_in_computing(run, monkeypatch, hosted):
    monkeypatch.setenv("TL_HOSTED", hosted)
    launcher = LocalLauncher([sys.executable, "-c", "import time; time.sleep(60)"])
    trainer = launcher.start(run)
    pid = identity_of(trainer).pid
    assert Path(f"/proc/{pid}/oom_score_adj").read_text(encoding="utf-8") == "800\n"
    usual = os.getpriority(os.PRIO_PROCESS, 0)
    assert os.getpriority(os.PRIO_PROCESS, pid) == (NICE if hosted == "1" else usual)
    launcher.terminate(run.folder.name, trainer)


@pytest.mark.skipif(not Path("/proc/self/oom_score_adj").exists(), reason="Linux only: needs /proc")
def test_hosted_a_background_job_gives_way_like_a_trainer(run, monkeypatch):
    monkeypatch.setenv("TL_HOSTED", "1")
    before = set(psutil.Process().children())
    sleeping = [sys.executable, "-c", "import time; time.sleep(60)"]
    monkeypatch.setattr(background, "detached", lambda _, more, **how: detached(sleeping, more, **how))
    assert background.begin(run.home, "test.lock", "tl.jobs.look", [])
    [child] = set(psutil.Process().children()) - before
    try:
        assert child.nice() == NICE
        assert Path(f"/proc/{child.pid}/oom_score_adj").read_text(encoding="utf-8") == "500\n"
    finally:
        child.kill()
