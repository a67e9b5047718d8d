"""What a killed trainer died of: the system's own counters of kills for lack of memory, wherever it keeps them."""

import os
import signal

import pytest

from tests.jobs.lab import until
from tests.machine_lab import made_up
from tl.jobs import memory_kills as kills
from tl.jobs.launchers import local, processes
from tl.store.documents import read_memory_kills
from tl.store.queue import database

V2 = "low 0\nhigh 0\nmax 3\noom 2\noom_kill {}\noom_group_kill 0\n"
V1 = "oom_kill_disable 0\nunder_oom 0\noom_kill {}\n"


@pytest.fixture
def system(tmp_path, monkeypatch):
    monkeypatch.setattr(kills, "_PROC", tmp_path / "proc")
    return made_up(tmp_path, monkeypatch)


@pytest.mark.parametrize(
    ("files", "count"),
    [
        ({}, None),
        ({"proc/vmstat": "nr_free_pages 7\noom_kill 4\n"}, 4),
        ({"proc/vmstat": "nr_free_pages 7\n"}, None),  # Linux before 4.13
        ({"proc/self/cgroup": "0::/a/b\n", "cgroup/a/b/memory.events": V2.format(5), "proc/vmstat": "oom_kill 9\n"}, 5),
        ({"proc/self/cgroup": "0::/../x\n", "cgroup/memory.events": V2.format(6)}, 6),  # seen from in a container
        ({"proc/self/cgroup": "4:cpu,memory:/j\n0::/\n", "cgroup/memory/j/memory.oom_control": V1.format(7)}, 7),
        ({"proc/self/cgroup": "4:memory:/j\n", "cgroup/memory/memory.oom_control": V1.format(8)}, 8),
    ],
)
def test_the_narrowest_counter_that_is_there_counts(system, files, count):
    system(files)
    assert kills.memory_kills() == count


def test_this_machine_can_be_asked():
    count = kills.memory_kills()
    assert count is None or count >= 0


@pytest.mark.parametrize(
    ("counts", "number", "reason"),
    [
        ([3, 3], signal.SIGKILL, "killed"),  # by somebody
        ([None, None], signal.SIGKILL, "killed"),  # the system doesn't tell
        ([3, 4], signal.SIGSEGV, "killed"),  # lack of memory kills by SIGKILL only
    ],
)
def test_a_kill_that_is_none_for_lack_of_memory_ends_the_run(lab, monkeypatch, counts, number, reason):
    now = counts[:1]
    monkeypatch.setattr(local, "memory_kills", lambda: now[0])
    [run_id] = lab.submit("slow")
    lab.train(run_id)
    pid = lab.pid(run_id)
    now[0] = counts[1]
    os.kill(pid, number)
    lab.run_all()
    row = lab.row(run_id)
    assert (row.status, row.reason) == ("failed", reason)
    assert "Resume" in row.message


def kill_for_memory(lab, run_id: str, now: list[int]) -> int:
    """Let the run's trainer die as the kernel ends it for lack of memory; its number."""
    lab.train(run_id)
    pid = lab.pid(run_id)
    now[0] += 1
    os.kill(pid, signal.SIGKILL)
    until(lambda: not processes.identify(pid))
    return pid


def test_a_trainer_killed_for_lack_of_memory_is_started_again_once(lab, monkeypatch):
    now = [3]
    monkeypatch.setattr(local, "memory_kills", lambda: now[0])
    [run_id] = lab.submit("slow")
    first = kill_for_memory(lab, run_id, now)
    lab.supervisor.tick()
    assert lab.row(run_id).status == "running"
    assert read_memory_kills(lab.home.run(run_id)) == 1
    lab.new_supervisor()  # one that takes over in this moment
    lab.supervisor.tick()
    row = lab.row(run_id)
    assert lab.pid(run_id) != first and row.spent > 0
    kill_for_memory(lab, run_id, now)
    lab.run_all()
    row = lab.row(run_id)
    assert (row.status, row.reason) == ("failed", "killed_for_memory")
    assert "even with each batch in two parts: use a smaller batch size, resolution or network" in row.message


def test_who_is_stopped_while_memory_ends_is_not_started_again(lab, monkeypatch):
    now = [3]
    monkeypatch.setattr(local, "memory_kills", lambda: now[0])
    [run_id] = lab.submit("slow")
    lab.train(run_id)
    database.note(lab.home, lab.row(run_id), stop_requested=1)
    now[0] = 4
    os.kill(lab.pid(run_id), signal.SIGKILL)
    lab.run_all()
    assert lab.row(run_id).status == "stopped"
    assert read_memory_kills(lab.home.run(run_id)) == 0


def test_a_kill_before_the_run_began_says_nothing_about_it(lab, monkeypatch):
    now = [3]
    monkeypatch.setattr(local, "memory_kills", lambda: now[0])
    [first] = lab.submit("slow", batch_size=3)  # can't be halved
    lab.train(first)
    now[0] = 4  # something else was killed
    os.kill(lab.pid(first), signal.SIGKILL)
    lab.run_all()
    [second] = lab.submit("slow")
    lab.train(second)
    os.kill(lab.pid(second), signal.SIGKILL)
    lab.run_all()
    assert [lab.row(run_id).reason for run_id in (first, second)] == ["killed_for_memory", "killed"]
