"""A run on a node that does not see its home: what it needs is brought, what it writes comes back."""

import os
import sys
import threading

import msgspec
import pytest
from lab import FOLDER, until

from tests.datasets.crafted import ingest, two_classes, zipped
from tl import datasets, jobs
from tl.config import ArmConfig, Experiment, Refused
from tl.jobs.launchers import guard, node_run, transfer
from tl.jobs.launchers.local import LocalLauncher
from tl.jobs.launchers.node_cache import PieceDamaged
from tl.jobs.launchers.node_run import NodeRun, RunAddress, sees
from tl.jobs.launchers.parcels import identity
from tl.jobs.launchers.ray_settings import AUTO, FETCH
from tl.jobs.launchers.transfer import CHECKPOINTS, Transfer
from tl.store.documents import read_progress, read_result
from tl.store.files import write_bytes, write_json
from tl.store.home import Home, Run
from tl.store.metrics import read_metrics
from tl.store.queue import database


@pytest.fixture(autouse=True)
def node_folder(tmp_path, monkeypatch):
    """Where the node keeps things; its trainers are stand-ins, and its processes this one."""
    monkeypatch.setenv("TL_RAY_CACHE", str(tmp_path / "node"))
    for variable in ("TL_HOME", "TL_TURNS"):
        monkeypatch.setenv(variable, "")  # so that it is put back
    monkeypatch.setattr(node_run, "keep_private", lambda: None)
    stand_in = [sys.executable, str(FOLDER / "stand_in_trainer.py")]
    launchers = []
    monkeypatch.setattr(guard, "LocalLauncher", lambda: launchers.append(LocalLauncher(stand_in)) or launchers[-1])
    yield tmp_path / "node"
    for process in [*guard._guards, *(child for one in launchers for child in one._children.values())]:
        if process.stdin:
            process.stdin.close()
        process.wait()
    guard._guards.clear()


def submitted(home: Home, behaviour: str = "table", **settings) -> Run:
    settings = {"dataset": "blossoms", "samples": 20} | settings
    experiment = Experiment(arms=(ArmConfig(name=behaviour, strategy="scratch"),), **settings)
    [row] = database.read_runs(home, jobs.submit(home, experiment))
    return home.run(row.run_id)


def about(run: Run, kind: str = FETCH) -> RunAddress:
    own, path = identity(run.home), run.home.identity_path
    place, inode = str(run.folder.relative_to(run.home.root)), path.stat().st_ino
    told = {"identity": own, "identity_path": str(path), "identity_inode": inode}
    return RunAddress(folder=str(run.folder), place=place, kind=kind, paths={}, **told)


@pytest.fixture
def node_of():
    """Makes the node's side of a run; nothing of its trainer is left alive afterwards."""
    made = []

    def make(run: Run, kind: str = FETCH) -> NodeRun:
        made.append(NodeRun(about(run, kind)))
        return made[-1]

    yield make
    for node in made:
        node.end(0)
        node.close()


class Line:
    """A node at the other end of a line: notes what is sent, and comes of the log; damages what is sent."""

    def __init__(self, node: NodeRun, damaged: int = 0):
        self.node, self.damaged, self.sent, self.came = node, damaged, [], []

    def __getattr__(self, name: str):
        return getattr(self.node, name)

    def put(self, digest: str, path: str, offset: int, data: bytes) -> None:
        self.sent.append((digest, path))
        if self.damaged and digest and data:
            self.damaged -= 1
            data = bytes([data[0] ^ 1]) + data[1:]
        self.node.put(digest, path, offset, data)

    def look(self, number: int | None) -> dict | None:
        told = self.node.look(number)
        self.came += [data for path, _, _, data in told["files"] if path == "log.txt" and data] if told else []
        return told

    def piece(self, path: str, offset: int, size: int) -> tuple[bytes, bytes | None]:
        data, progress = self.node.piece(path, offset, size)
        self.came += [data] if path == "log.txt" else []
        return data, progress


def test_a_run_is_brought_to_its_node_and_comes_back_whole(home, node_of, node_folder):
    run = submitted(home)
    node = node_of(run)
    one = Transfer(run, node)
    one.supply()
    assert node.away and node.run.folder.is_relative_to(node_folder)
    until(lambda: one.fetch() and read_progress(run))
    assert read_progress(run).phase == "training"
    until(node.ended)
    assert node.ended()["exit_code"] == 0 and one.fetch()
    assert read_metrics(run.metrics)["epoch"].tolist() == [1, 2, 3]
    assert read_result(run).status == "finished" and "ready" in run.log.read_text()
    assert {path.name for path in node.run.folder.iterdir()} == {path.name for path in run.folder.iterdir()}
    node.close()
    assert not node.run.folder.exists() and list(node.run.folder.parent.iterdir()) == []


def test_pictures_are_brought_once_and_are_the_same_there(home, node_of, node_folder, tmp_path):
    ingest(home, zipped(tmp_path / "a.zip", two_classes(count=30)), "mine")
    first, second = (submitted(home, dataset="mine", samples=8, resolution=32, seeds=(seed,)) for seed in (0, 1))
    lines = []
    for run in (first, second):
        lines.append(line := Line(node_of(run)))
        Transfer(run, line).supply()
    sent = [{path for digest, path in line.sent if digest} for line in lines]
    assert sent[1] == set() and {"dataset.json", "index.parquet"} <= sent[0]
    assert not any(path.endswith(".lock") or path.startswith("pictures-32") for path in sent[0])
    there = lines[0].node.run.home
    for side in (64, 32):
        pixels = [datasets.prepare(each, "mine", side, 8).pixels("train", 8) for each in (home, there)]
        assert (pixels[0] == pixels[1]).all()
    assert (node_folder / "kept").stat().st_mode & 0o777 and there.path != home.path


def test_what_arrives_damaged_is_sent_again_and_refused_the_third_time(home, node_of, tmp_path):
    ingest(home, zipped(tmp_path / "a.zip", two_classes(count=30)), "mine")
    run = submitted(home, dataset="mine", samples=8)
    line = Line(node_of(run), damaged=99)
    with pytest.raises(Refused, match="datasets/mine arrived damaged 3 times"):
        Transfer(run, line).supply()
    line.damaged = 1
    Transfer(run, line).supply()
    assert (line.node.run.home.dataset_dir("mine") / "dataset.json").exists()


def test_own_weights_are_brought_with_their_card(home, node_of):
    folder = home.library_dir / "mine"
    write_bytes(folder / "weights.safetensors", b"weights")
    write_json(folder / "card.json", {"name": "mine", "backbone": "mobilenet_v2", "resolution": 64})
    run = submitted(home)
    document = msgspec.json.decode(run.config.read_bytes())
    document |= {"weights": "mine", "arm": document["arm"] | {"strategy": "linear_probe"}}
    write_json(run.config, document)
    node = node_of(run)
    Transfer(run, node).supply()
    there = node.run.home.library_dir / "mine"
    assert {path.name: path.read_bytes() for path in there.iterdir()} == {
        path.name: path.read_bytes() for path in folder.iterdir()
    }


def test_a_node_that_sees_the_very_home_works_in_it(home, node_of, tmp_path):
    run = submitted(home, "quick")
    assert sees(about(run))
    node = node_of(run, AUTO)
    until(node.ended)
    assert not node.away and read_result(run).status == "finished"
    copy = tmp_path / "copy"
    write_bytes(copy, home.identity_path.read_bytes())
    os.replace(copy, home.identity_path)
    told = about(run)
    home.identity_path.unlink()
    assert not sees(told), "not there"
    identity(home)
    assert not sees(told), "another home at the same place"


def test_a_resumed_run_goes_on_where_the_home_left_it_and_another_driver_goes_on_with_it(home, node_of):
    run = submitted(home, "slow")
    write_json(run.folder / "epochs.json", 7)
    node = node_of(run)
    Transfer(run, node).supply()
    until(lambda: (node.run.folder / "epochs.json").read_text() > "8")
    another = Transfer(run, node)  # it knows nothing of what is here
    until(another.fetch)
    reached = read_progress(run).epoch
    assert reached > 8
    until(lambda: another.fetch() and read_progress(run).epoch > reached)
    node.ask()
    until(node.ended)
    assert another.fetch() and read_result(run).status == "stopped"


def test_what_is_looked_at_is_of_one_moment(home, node_of):
    run = submitted(home, "wait")
    node = node_of(run)
    Transfer(run, node).supply()
    until(node.run.progress.exists)  # a trainer that begins sweeps its folder
    over = threading.Event()

    def train() -> None:
        for number in range(10**6):
            if over.wait(0.002):
                return
            for path in (*reversed(CHECKPOINTS), "metrics.parquet"):
                write_bytes(node.run.folder / path, f"{number}".encode(), durable=False)

    trainer = threading.Thread(target=train)
    trainer.start()
    until((node.run.folder / "metrics.parquet").exists)
    looks = []
    while len(looks) < 30:
        if told := node.look(None):
            looks.append({path: data for path, _, _, data in told["files"]})
    over.set()
    trainer.join()
    paths = (*reversed(CHECKPOINTS), "metrics.parquet")
    for last, best, shown in [[int(look[path]) for path in paths] for look in looks]:
        assert last >= best >= shown >= last - 1, "as a kill would have left it"


def test_what_is_not_free_yet_is_waited_for(home, node_of, monkeypatch):
    monkeypatch.setattr(transfer, "AGAIN_SECONDS", 0.05)
    run = submitted(home, "quick")
    before, now = node_of(run), node_of(run)
    assert before.wants([]) == {"missing": [], "busy": False}
    assert now.wants([])["busy"], "an attempt that is just ending has the folder"
    waits = threading.Thread(target=Transfer(run, now).supply)
    waits.start()
    before.close()
    waits.join()
    until(now.ended)
    assert now.ended()["exit_code"] == 0


def test_of_a_log_only_what_was_added_is_sent(home, node_of, monkeypatch):
    monkeypatch.setattr(node_run, "INLINE_BYTES", 4)  # more comes in pieces
    run = submitted(home, "wait")
    node = node_of(run)
    one = Transfer(run, line := Line(node))
    one.supply()
    log = node.run.log

    def comes(change, *sent: bytes) -> bool:
        until(one.fetch)
        line.came.clear()
        change()
        until(one.fetch)
        return run.log.read_bytes() == log.read_bytes() and line.came == [*sent]

    def add(data: bytes) -> None:
        with open(log, "ab") as file:
            file.write(data)

    until(lambda: one.fetch() and b"ready" in run.log.read_bytes())
    assert comes(lambda: add(b"ab"), b"ab") and comes(lambda: add(b"0123456789"), b"0123456789")
    assert comes(lambda: os.truncate(log, 3), log.read_bytes()[:3]), "shorter: whole"
    assert comes(lambda: write_bytes(log, b"xyzanother"), b"xyzanother"), "another file: whole"
    run.log.write_bytes(b"something else")
    add(b"!")
    with pytest.raises(PieceDamaged):
        one.fetch()
    until(one.fetch)
    assert run.log.read_bytes() == b"xyzanother!"
