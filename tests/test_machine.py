"""What a container may use: limits of control groups of both versions, at the root of what is mounted and nested."""

import os
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from tests.machine_lab import made_up
from tl import machine

MEGABYTE = 10**6


@pytest.fixture
def system(tmp_path, monkeypatch):
    monkeypatch.setattr(machine, "processors", lambda: list(range(8)))
    return made_up(tmp_path, monkeypatch)


def v1(folder: str, limit: str, used: int, stale: int = 0) -> dict[str, str]:
    return {
        f"cgroup/memory{folder}/memory.limit_in_bytes": f"{limit}\n",
        f"cgroup/memory{folder}/memory.usage_in_bytes": f"{used}\n",
        f"cgroup/memory{folder}/memory.stat": f"cache 5\ninactive_file 1\ntotal_inactive_file {stale}\n",
    }


def v2(folder: str, limit: str, used: int, stale: int = 0) -> dict[str, str]:
    return {
        f"cgroup{folder}/memory.max": f"{limit}\n",
        f"cgroup{folder}/memory.current": f"{used}\n",
        f"cgroup{folder}/memory.stat": f"anon 5\ninactive_file {stale}\n",
    }


V1, V2 = {"proc/self/cgroup": "5:cpu:/\n4:memory:/a/b\n0::/\n"}, {"proc/self/cgroup": "0::/a/b\n"}
NONE = str(0x7FFFFFFFFFFFF000)  # how version 1 says that there is no limit


@pytest.mark.parametrize(
    ("files", "total", "free"),
    [
        (V1 | v1("", "3000", 1000), 3000, 2000),
        (V1 | v1("/a/b", "3000", 1000), 3000, 2000),
        (V1 | v1("/a", "3000", 1000), 3000, 2000),  # a group that holds this one
        (V1 | v1("/a/b", "3000", 1000) | v1("", "5000", 4500), 3000, 500),  # each holds
        (V1 | v1("/a/b", NONE, 1000) | v1("", "5000", 1000), 5000, 4000),
        (V2 | v2("", "3000", 1000), 3000, 2000),
        (V2 | v2("/a/b", "3000", 1000), 3000, 2000),
        (V2 | v2("/a/b", "max", 1000) | v2("/a", "5000", 1000), 5000, 4000),
        (V2 | v2("", "3000", 4000), 3000, 0),
        (V2 | v2("", "3000", 2900, stale=900), 3000, 1000),  # files that can be dropped are no use
        (V1 | v1("/a/b", "3000", 2900, stale=900), 3000, 1000),
        ({"proc/self/cgroup": "0::/../x\n"} | v2("", "3000", 1000), 3000, 2000),  # seen from in a container
        (v1("", "3000", 1000), 3000, 2000),  # no /proc/self/cgroup
    ],
)
def test_every_limit_that_binds_this_process_holds(system, files, total, free):
    system(files)
    assert (machine.total_memory(), machine.free_memory()) == (total, free)


@pytest.mark.parametrize("files", [{}, V1 | v1("/a/b", NONE, 7), V2 | v2("/a/b", "max", 7)])
def test_without_a_limit_it_is_the_machine_that_counts(system, files):
    system(files)
    assert machine.total_memory() == psutil.virtual_memory().total
    assert machine.free_memory() > 0


@pytest.mark.parametrize(
    ("files", "cores", "quotas"),
    [
        ({}, 8, []),
        (V2 | {"cgroup/a/b/cpu.max": "max 100000\n"}, 8, []),
        (
            V2 | {"cgroup/a/b/cpu.max": "200000 100000\n", "cgroup/a/b/cpu.stat": "usage_usec 3000000\n"},
            2,
            [(2.0, 3.0)],
        ),
        (V2 | {"cgroup/a/cpu.max": "150000 100000\n"}, 2, [(1.5, None)]),
        (V2 | {"cgroup/a/b/cpu.max": "7800 100000\n"}, 1, [(0.078, None)]),
        (V2 | {"cgroup/cpu.max": "6400000 100000\n"}, 8, [(64.0, None)]),
        (
            {"proc/self/cgroup": "3:cpu,cpuacct:/j\n", "cgroup/cpu/j/cpu.cfs_quota_us": "300000\n"}
            | {"cgroup/cpu/j/cpu.cfs_period_us": "100000\n", "cgroup/cpuacct/j/cpuacct.usage": "5000000000\n"},
            3,
            [(3.0, 5.0)],
        ),
        (
            {"proc/self/cgroup": "3:cpu:/\n", "cgroup/cpu/cpu.cfs_quota_us": "-1\n"}
            | {"cgroup/cpu/cpu.cfs_period_us": "100000\n"},
            8,
            [],
        ),
    ],
)
def test_cores_are_those_of_the_narrowest_quota(system, files, cores, quotas):
    system(files)
    assert (machine.cores(), list(machine.cpu_quotas())) == (cores, quotas)


def test_affinity_counts():
    one = min(machine.processors())
    command = [sys.executable, "-c", "from tl import machine; print(machine.cores(), machine.processors())"]
    alone = subprocess.run(
        command, capture_output=True, text=True, check=True, preexec_fn=lambda: os.sched_setaffinity(0, {one})
    )
    assert alone.stdout.split("\n")[0] == f"1 [{one}]"


@pytest.fixture
def nested(tmp_path):
    """A control group of this machine's own for memory; skipped where none may be made."""
    for folder, version in machine.control_groups("memory"):
        group = folder / f"tl-test-{tmp_path.name}-{os.getpid()}"
        limit = group / {1: "memory.limit_in_bytes", 2: "memory.max"}[version]
        try:
            group.mkdir()
        except OSError:
            continue
        try:
            limit.write_text(str(512 * 2**20))
        except OSError:  # the controller is not passed on to groups in here
            group.rmdir()
            continue
        yield group
        group.rmdir()
        return
    pytest.skip("no control group may be made here")


def test_a_real_group_limits_what_is_in_it(nested: Path):
    program = (
        "import os; open({!r}, 'w').write(str(os.getpid())); from tl import machine; print(machine.total_memory())"
    )
    inside = [sys.executable, "-c", program.format(str(nested / "cgroup.procs"))]
    told = subprocess.run(inside, capture_output=True, text=True, check=True).stdout
    assert float(told) == 512 * 2**20
