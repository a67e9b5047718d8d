"""What a node has written comes into the home whole and in order, whatever the node says and whenever a kill comes."""

import hashlib
from contextlib import suppress

import pytest

from tl import jobs
from tl.config import ArmConfig, Experiment
from tl.jobs.launchers.node_cache import PieceDamaged
from tl.jobs.launchers.transfer import CHECKPOINTS, Over, Transfer
from tl.store.documents import read_progress
from tl.store.home import Home, Run
from tl.store.queue import database
from tl.train.checkpoints import checkpoint


class Told:
    """A node that tells what a test says."""

    def __init__(self, *looks: dict[str, bytes], gone: tuple[str, ...] = ()):
        self.looks, self.gone, self.number = list(looks), gone, 0
        self.damaged: set[str] = set()

    def look(self, number: int | None) -> dict:
        self.now = self.looks[min(self.number, len(self.looks) - 1)]
        files = [
            (path, len(data), hashlib.sha256(data).hexdigest(), data if len(data) < 100 else None)
            for path, data in self.now.items()
        ]
        return {"number": self.number, "files": files, "gone": list(self.gone)}

    def piece(self, path: str, offset: int, size: int) -> tuple[bytes, bytes | None]:
        data = self.now[path][offset : offset + size]
        return (b"?" + data[1:] if path in self.damaged else data), b'{"phase": "training", "epoch": 9}'


BEST, LAST = CHECKPOINTS


def queued(home: Home) -> Run:
    experiment = Experiment(arms=(ArmConfig(name="a", strategy="scratch"),), dataset="blossoms", samples=20)
    [row] = database.read_runs(home, jobs.submit(home, experiment))
    return home.run(row.run_id)


def test_checkpoints_come_first_the_result_last_and_what_they_replace_is_kept(home, monkeypatch):
    run = queued(home)
    order, put_in_place = [], Transfer._put_in_place
    monkeypatch.setattr(
        Transfer, "_put_in_place", lambda self, path, file: (order.append(path), put_in_place(self, path, file))
    )
    node = Told({"result.json": b"{}", LAST: b"last 1", "metrics.parquet": b"m", BEST: b"best 1"}, {LAST: b"2" * 200})
    one = Transfer(run, node)
    one.fetch()
    assert order == [BEST, LAST, "metrics.parquet", "result.json"]
    node.number = 1
    one.fetch()
    assert (run.checkpoints / checkpoint.LAST).read_bytes() == b"2" * 200
    assert (run.checkpoints / checkpoint.PREVIOUS).read_bytes() == b"last 1"
    assert read_progress(run).epoch == 9, "it comes along while a large file is on its way"
    names = {BEST: checkpoint.PREVIOUS_BEST, LAST: checkpoint.PREVIOUS}
    assert {path: f"checkpoints/{name}" for path, name in names.items()} == CHECKPOINTS
    assert [path.split("/")[1] for path in CHECKPOINTS] == [checkpoint.BEST, checkpoint.LAST]


def test_a_file_that_arrives_damaged_changes_nothing_in_the_home(home):
    run = queued(home)
    node = Told({BEST: b"a" * 200, LAST: b"b" * 200, "metrics.parquet": b"m"})
    node.damaged = {LAST}
    before = {path.name for path in run.folder.rglob("*")}
    with pytest.raises(PieceDamaged):
        Transfer(run, node).fetch()
    assert {path.name for path in run.folder.rglob("*")} == before | {"checkpoints", "progress.json"}
    node.damaged = set()
    assert Transfer(run, node).fetch() and run.best.read_bytes() == b"a" * 200


@pytest.mark.parametrize("killed_at", range(4))
def test_killed_at_any_file_the_home_shows_no_epoch_without_its_checkpoint(home, monkeypatch, killed_at):
    run = queued(home)
    one = Transfer(run, Told(*({BEST: n, LAST: n, "metrics.parquet": n, "result.json": n} for n in (b"1", b"2"))))
    one.fetch()
    one._node.number, put_in_place, done = 1, Transfer._put_in_place, []

    def settled(self, path, file):
        if len(done) == killed_at:
            raise KeyboardInterrupt
        done.append(path)
        put_in_place(self, path, file)

    monkeypatch.setattr(Transfer, "_put_in_place", settled)
    with suppress(KeyboardInterrupt):
        one.fetch()
    found = [(run.folder / path).read_bytes() for path in (BEST, LAST, "metrics.parquet", "result.json")]
    assert found == sorted(found, reverse=True) and found.count(b"2") == killed_at
    assert killed_at == 0 or (run.folder / CHECKPOINTS[BEST]).read_bytes() == b"1", "the last one names it"


def test_a_node_can_name_no_file_elsewhere_or_hidden(home, tmp_path):
    run = queued(home)
    outside = tmp_path / "outside"
    outside.write_text("mine")
    names = ["../outside", str(outside), "a/../../../outside", ".hidden", "a/.hidden", ""]
    Transfer(run, Told(dict.fromkeys(names, b"theirs") | {"a/b": b"c"}, gone=tuple(names))).fetch()
    assert outside.read_text() == "mine" and (run.folder / "a" / "b").read_bytes() == b"c"
    assert not list(run.folder.rglob(".hidden"))


def test_a_deleted_run_is_not_made_again_and_one_that_is_stopped_writes_nothing(home):
    run = queued(home)
    one = Transfer(run, Told({"metrics.parquet": b"m"}))
    one.stopped.set()
    with pytest.raises(Over):
        one.fetch()
    assert not run.metrics.exists()
    jobs.stop(home, run.folder.name)
    jobs.delete(home, run.folder.name)
    with pytest.raises(Over):
        Transfer(run, Told({"metrics.parquet": b"m"})).fetch()
    assert not run.folder.exists()


def test_of_a_finished_run_only_the_best_network_stays(home):
    run = queued(home)
    one = Transfer(run, node := Told({BEST: b"1", LAST: b"1"}, {BEST: b"2", "result.json": b'{"status": "finished"}'}))
    one.fetch()
    node.number, node.gone = 1, (LAST,)
    one.fetch()
    assert [path.name for path in run.checkpoints.iterdir()] == [checkpoint.BEST] and run.best.read_bytes() == b"2"


def test_what_is_gone_since_a_file_arrived_damaged_goes_in_the_home_too(home):
    run = queued(home)
    ended = {BEST: b"1", "metrics.parquet": b"m" * 200, "result.json": b'{"status": "finished"}'}
    one = Transfer(run, node := Told({BEST: b"1", LAST: b"1"}, ended))
    one.fetch()
    node.number, node.gone, node.damaged = 1, (LAST,), {"metrics.parquet"}
    with pytest.raises(PieceDamaged):
        one.fetch()
    node.gone, node.damaged = (), set()  # what is told is all there is
    one.fetch()
    assert [path.name for path in run.checkpoints.iterdir()] == [checkpoint.BEST]
