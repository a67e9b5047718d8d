"""One supervisor per home, whoever asks for it at once."""

import os
import signal
import subprocess
import sys

import pytest
from lab import until

from tl import jobs
from tl.jobs.launchers import processes
from tl.jobs.start import log_path, supervisor_lives, take_lock, write_holder
from tl.store.files import read_json


def holder(home) -> dict:
    return read_json(home.locks_dir / "supervisor.lock")


@pytest.fixture
def kill_supervisor(home):
    yield
    if supervisor_lives(home):
        os.kill(holder(home)["pid"], signal.SIGKILL)


@pytest.mark.usefixtures("kill_supervisor")
def test_of_many_that_ask_at_once_one_starts_the_supervisor(home):
    code = "import sys; from tl import jobs; from tl.store.home import Home\n"
    code += "input(); print(jobs.ensure_supervisor(Home(sys.argv[1])))"
    command = [sys.executable, "-c", code, str(home.path)]
    askers = [subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(4)]
    answers = [asker.communicate("go\n")[0].strip() for asker in askers]
    assert sorted(answers) == ["False", "False", "False", "True"]
    assert supervisor_lives(home)  # although who started it has ended
    assert os.getsid(holder(home)["pid"]) == holder(home)["pid"]
    until(lambda: "starts for" in log_path(home).read_text())
    assert not jobs.ensure_supervisor(home)


@pytest.mark.usefixtures("kill_supervisor")
def test_a_killed_supervisor_is_started_again(home):
    assert jobs.ensure_supervisor(home)
    first = holder(home)
    assert not jobs.ensure_supervisor(home)
    os.kill(first["pid"], signal.SIGKILL)
    until(lambda: not supervisor_lives(home))
    assert until(lambda: jobs.ensure_supervisor(home))
    assert holder(home) != first


def test_a_second_supervisor_started_by_hand_leaves_at_once(home):
    lock = take_lock(home)
    environment = os.environ | {"TL_HOME": str(home.path)}
    second = subprocess.run([sys.executable, "-m", "tl.jobs"], env=environment, capture_output=True, text=True)
    os.close(lock)
    assert second.returncode == 0
    assert "works for" in second.stderr


def test_without_a_lock_file_or_with_a_spoilt_one_no_supervisor_lives(home):
    assert not supervisor_lives(home)
    lock = take_lock(home)
    os.pwrite(lock, b"{broken", 0)
    assert not supervisor_lives(home)
    write_holder(lock, os.getpid())
    assert supervisor_lives(home)
    write_holder(lock, 2**22 + 1)  # a process that can't be
    assert not supervisor_lives(home)
    os.close(lock)


def test_a_process_is_known_by_more_than_its_number():
    me = processes.identify(os.getpid())
    assert processes.alive(me)
    assert not processes.alive(processes.Identity(me.pid, me.start_ticks + 1, me.boot_id))
    assert not processes.alive(processes.Identity(me.pid, me.start_ticks, "an earlier boot"))
    assert not processes.alive(processes.Identity(1, 0, me.boot_id))
    assert not processes.alive(None)


def test_a_zombie_does_not_live():
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    identity = processes.identify(child.pid)
    assert processes.alive(identity)
    child.kill()
    until(lambda: not processes.alive(identity))
    child.communicate()
