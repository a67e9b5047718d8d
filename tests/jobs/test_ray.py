"""Runs carried out by a Ray cluster of several nodes on this machine, with a stand-in for the trainer.

`NODE_KILLS=20` kills as many nodes at random while five times as many runs are carried out on four.
"""

import itertools
import os
import random
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest
from lab import Lab, carried_by_stand_ins, until

from tl import jobs
from tl.jobs.launchers import processes
from tl.jobs.launchers.ray import RayLauncher
from tl.jobs.supervisor import Supervisor
from tl.store.machines import read_machines
from tl.store.queue import database

pytest.importorskip("ray", reason="Ray is not installed")
NODE_KILLS = int(os.environ.get("NODE_KILLS", "0"))
NODE = {"num_cpus": 1, "object_store_memory": 80_000_000}


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    """A head that trains nothing; nodes are added by who needs them."""
    with a_cluster(tmp_path_factory.mktemp("stand-ins")) as cluster:
        yield cluster


@contextmanager
def a_cluster(folder: Path, **environment: str) -> Iterator:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", carried_by_stand_ins(folder))
        patch.setenv("TL_LAUNCHER", "ray")
        for name, value in environment.items():
            patch.setenv(name, value)
        from ray.cluster_utils import Cluster

        cluster = Cluster(initialize_head=True, head_node_args=NODE | {"num_cpus": 0, "include_dashboard": False})
        patch.setenv("TL_RAY_ADDRESS", cluster.address)
        yield cluster
        cluster.shutdown()


class RayLab(Lab):
    """Whose supervisor has Ray carry out what is queued."""

    def new_supervisor(self, **options) -> Supervisor:
        if hasattr(self, "supervisor"):
            self.launcher._driver.drop()  # as with its supervisor
        self.launcher = RayLauncher()
        self.supervisor = Supervisor(self.home, self.launcher, **options)
        return self.supervisor

    def close(self) -> None:
        self.supervisor.settler.close()
        self.launcher._driver.drop()

    def until(self, run_id: str, *statuses: str) -> None:
        """Tick until the run has one of these."""
        until(lambda: self.supervisor.tick() is not None and self.row(run_id).status in statuses, seconds=60)

    def stop(self, run_id: str) -> None:
        """As a page does, and what the supervisor does then."""
        database.note(self.home, self.row(run_id), stop_requested=1)
        self.until(run_id, "stopped")


@pytest.fixture(params=["shared", "fetch"])
def lab(home, cluster, request, monkeypatch):
    """Whose nodes see the home, or do as if they did not."""
    monkeypatch.setenv("TL_RAY_HOME", request.param)
    monkeypatch.setenv("TL_RAY_ADDRESS", cluster.address)  # another one after a test that replaced the head
    lab = RayLab(home)
    yield lab
    lab.close()


@pytest.fixture
def add_node(cluster, tmp_path):
    """Adds a node that has room for one run, and keeps what it is brought in a place of its own."""
    numbers = itertools.count()

    def add():
        return cluster.add_node(**NODE, env_vars={"TL_RAY_CACHE": str(tmp_path / f"node-{next(numbers)}")})

    return add


@pytest.fixture
def nodes(cluster, add_node):
    """Two more nodes, each with room for one run."""
    nodes = [add_node() for _ in range(2)]
    yield nodes
    for node in [node for node in nodes if node in cluster.worker_nodes]:
        cluster.remove_node(node)


def test_runs_train_where_there_is_room_and_go_on_without_their_supervisor(lab, nodes):
    slow, quick = lab.submit("slow", seeds=(0, 1)), lab.submit("quick", "crash")
    lab.supervisor.tick()
    assert [lab.row(run_id).status for run_id in slow + quick] == ["running", "running", "queued", "queued"]
    handles = [lab.train(run_id).handle for run_id in slow]
    database.note(lab.home, lab.row(slow[1]), handle=None)  # the supervisor was killed right before
    lab.new_supervisor()
    lab.supervisor.tick()
    assert [lab.row(run_id).handle for run_id in slow] == handles
    assert [len(processes.of_run(run_id)) for run_id in slow] == [1, 1]
    lab.supervisor.whereabouts.polled_at = float("-inf")
    until(lambda: lab.supervisor.tick() and len([node for node in read_machines(lab.home) if node.trains]) == 2)
    until(lambda: lab.supervisor.tick() and len([node for node in read_machines(lab.home) if node.cpu_load]) == 2)
    assert all(node.used_bytes for node in read_machines(lab.home) if node.trains)
    told = {node.trains: node.cores for node in read_machines(lab.home) if node.alive}  # none of an earlier test
    assert told == {(): 0, (slow[0],): 1, (slow[1],): 1}
    lab.stop(slow[0])
    assert processes.of_run(slow[0]) == [] and jobs.run(lab.home, slow[0]).epochs >= 1
    lab.until(quick[1], "failed")
    assert lab.row(quick[0]).status == "finished" and "exit status 3" in lab.row(quick[1]).message
    os.kill(processes.of_run(slow[1])[0], signal.SIGKILL)
    lab.until(slow[1], "failed")
    assert (lab.row(slow[1]).reason, lab.supervisor.tick()) == ("killed", False)


def test_a_node_that_dies_interrupts_its_run_which_goes_on_on_another(lab, nodes, cluster):
    [run_id] = lab.submit("slow")
    lab.train(run_id)
    raylets = {node: node.all_processes["raylet"][0].process.pid for node in nodes}
    (trainer,) = processes.of_run(run_id)
    above = {parent.pid for parent in psutil.Process(trainer).parents()}
    (dies,) = [node for node, raylet in raylets.items() if raylet in above]
    cluster.remove_node(dies, allow_graceful=False)
    reached = jobs.run(lab.home, run_id).progress.epoch
    lab.until(run_id, "interrupted")
    row = lab.row(run_id)
    assert row.reason == "node_lost" and "Resume" in row.message
    until(lambda: not processes.of_run(run_id))
    jobs.resume(lab.home, run_id)
    assert lab.train(run_id).attempt == 2 and jobs.run(lab.home, run_id).progress.epoch > reached
    lab.stop(run_id)


def test_a_head_that_dies_takes_nothing_with_it_but_what_trained(lab, nodes, add_node, cluster, monkeypatch):
    [run_id], [waits] = lab.submit("slow"), lab.submit("quick")
    lab.train(run_id)
    for node in nodes:
        cluster.remove_node(node, allow_graceful=False)
    cluster.remove_node(cluster.head_node, allow_graceful=False)
    for _ in range(3):
        assert lab.supervisor.tick()
        assert lab.row(run_id).status == "running", "nobody knows"
    cluster.add_node(**NODE | {"num_cpus": 0, "include_dashboard": False})
    monkeypatch.setenv("TL_RAY_ADDRESS", cluster.address)
    nodes.append(add_node())
    lab.until(run_id, "interrupted")
    assert lab.row(run_id).reason == "node_lost"
    lab.until(waits, "finished")


def test_a_head_that_remembers_comes_back_to_what_trains(home, tmp_path):
    remembers = {"RAY_gcs_storage": "rocksdb", "RAY_gcs_storage_path": str(tmp_path / "head")}
    with a_cluster(tmp_path, **remembers) as cluster:
        cluster.add_node(**NODE)
        lab = RayLab(home)
        [run_id] = lab.submit("slow")
        handle, (trainer,) = lab.train(run_id).handle, processes.of_run(run_id)
        cluster.head_node.kill_gcs_server()
        for _ in range(10):
            assert lab.supervisor.tick() and lab.row(run_id).status == "running"
        cluster.head_node.start_gcs_server()
        reached = jobs.run(home, run_id).progress.epoch
        until(lambda: lab.supervisor.tick() and jobs.run(home, run_id).progress.epoch > reached)
        lab.new_supervisor()
        lab.supervisor.tick()
        assert (lab.row(run_id).handle, processes.of_run(run_id)) == (handle, [trainer])
        lab.stop(run_id)
        [after] = lab.submit("quick")
        lab.until(after, "finished")
        lab.close()


@pytest.mark.skipif(not NODE_KILLS, reason="NODE_KILLS=20 kills nodes at random: minutes")
def test_nodes_killed_at_random_lose_no_run_and_double_no_epoch(lab, add_node, cluster, capsys):
    chance, nodes, kills = random.Random(0), [add_node() for _ in range(4)], 0
    run_ids, between = lab.submit("commit slowly", seeds=tuple(range(5 * NODE_KILLS))), 0
    began, next_kill = time.monotonic(), time.monotonic() + 2
    while (finished := sum(lab.row(run_id).status == "finished" for run_id in run_ids)) < len(run_ids):
        lab.supervisor.tick()
        for row in database.read_runs(lab.home, statuses=("interrupted", "failed")):
            assert row.reason == "node_lost", row
            between += (lab.home.run(row.run_id).folder / "epochs.json").exists()
            jobs.resume(lab.home, row.run_id)
        if kills < NODE_KILLS and 4 * kills <= finished and time.monotonic() > next_kill:
            cluster.remove_node(nodes.pop(chance.randrange(4)), allow_graceful=False)
            nodes.append(add_node())
            kills, next_kill = kills + 1, time.monotonic() + chance.uniform(0.5, 3)
    attempts = [lab.row(run_id).attempt for run_id in run_ids]
    logs = [(lab.home.run(run_id).folder / "epochs.log").read_text().split() for run_id in run_ids]
    with capsys.disabled():
        seconds = time.monotonic() - began
        hit = f"{sum(attempts) - len(run_ids)} runs hit, {between} between epochs"
        print(f"\n{len(run_ids)} runs, {kills} nodes killed, {hit}, {seconds:.0f} s")
    for epochs, attempt in zip(logs, attempts, strict=True):
        assert len(set(epochs)) == len(epochs) >= 13 - attempt  # killed between counting an epoch and telling it
    for node in nodes:
        cluster.remove_node(node)
