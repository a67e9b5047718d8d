"""The real TensorBoard, on demand: one process, readable runs, ended with those who asked for it. (About 15 s.)"""

import json
import shutil
import subprocess
import sys
import time
import urllib.parse
import urllib.request
from concurrent.futures import ThreadPoolExecutor

import psutil
import pytest

from tests.jobs.lab import end_tensorboard
from tl.config import ArmConfig, Experiment, Refused, new_id
from tl.jobs.launchers import processes
from tl.jobs.tensorboard import server
from tl.jobs.tensorboard.run_links import link_runs
from tl.jobs.tensorboard.server import ensure
from tl.store.files import read_json
from tl.store.home import Home
from tl.store.queue.database import insert_experiments
from tl.train.events import write_events


@pytest.fixture
def home(tmp_path):
    """An empty home; whatever TensorBoard the test leaves is ended."""
    home = Home(tmp_path / "home")
    yield home
    end_tensorboard(home)


def add_runs(home, *names, **settings):
    """An experiment with an epoch of events in each run; returns its RunConfigs."""
    arms = tuple(ArmConfig(name=name, strategy="scratch") for name in names)
    experiment = Experiment(**{"dataset": "blossoms", "samples": 500, "arms": arms} | settings)
    runs = experiment.runs(new_id())
    insert_experiments(home, [(experiment, runs)], None)
    for run in runs:
        row = {"epoch": 1, "train_loss": 0.5, "elapsed_seconds": 2.0}
        write_events(home.run(run.run_id).tensorboard, run, [row])
    return runs


def links(home):
    """Names of the runs as TensorBoard sees them, without the experiment's own folder."""
    return sorted(path.name for path in (home.path / "tensorboard/runs").glob("*/*"))


def get(url: str, **query):
    """JSON from TensorBoard."""
    with urllib.request.urlopen(f"{url}?{urllib.parse.urlencode(query)}", timeout=5) as answer:
        return json.load(answer)


def wait_for(condition, seconds=15.0):
    """What `condition()` returns as soon as it is true."""
    end = time.monotonic() + seconds
    while not (value := condition()):
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.1)
    return value


def test_links_have_names_people_can_read(home):
    first, _ = add_runs(home, "scratch", "../ARM: a/b")
    add_runs(home, "scratch", samples=None, seeds=(0, 1))
    waiting = Experiment(dataset="blossoms", arms=(ArmConfig(name="later", strategy="scratch"),)).runs(new_id())
    insert_experiments(home, [(Experiment(dataset="blossoms", arms=(waiting[0].arm,)), waiting)], None)
    link_runs(home)
    assert links(home) == [".._ARM_ a_b seed 0", "scratch seed 0", "scratch seed 0", "scratch seed 1"]
    folder = home.path / "tensorboard/runs" / f"blossoms (drawn) 500 mobilenet_v2 64 px {first.experiment_id[-4:]}"
    assert (folder / "scratch seed 0").resolve() == home.run(first.run_id).tensorboard.resolve()


def test_links_of_deleted_runs_go(home):
    first, second = add_runs(home, "scratch", "other")
    (only,) = add_runs(home, "alone")
    link_runs(home)
    for run in (second, only):
        shutil.rmtree(home.run(run.run_id).folder)
    link_runs(home)
    assert links(home) == ["scratch seed 0"]
    assert len(list((home.path / "tensorboard/runs").iterdir())) == 1, "no empty folder is left"
    assert home.run(first.run_id).tensorboard.is_dir()


def test_there_is_one_for_all_who_ask_and_it_ends_with_them(home):
    add_runs(home, "scratch")
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"]) as owner:
        with ThreadPoolExecutor(4) as pool:
            urls = list(pool.map(lambda _: ensure(home, owner.pid), range(4)))
        (url,) = set(urls)
        state = read_json(home.path / "tensorboard/state.json")
        process = psutil.Process(state["pid"])
        listening = {entry.laddr.ip for entry in process.net_connections() if entry.status == "LISTEN"}
        assert listening == {"127.0.0.1"}
        assert process.children(recursive=True) == []

        tags = wait_for(lambda: get(url + "data/plugin/scalars/tags"))
        (run,) = tags
        assert run.endswith("/scratch seed 0")
        assert "loss/train" in tags[run]
        (point,) = get(url + "data/plugin/scalars/scalars", run=run, tag="loss/train")
        assert point[1:] == [1, 0.5]
        (name,) = get(url + "data/plugin/text/tags")
        assert name == run

        owner.kill()
    identity = processes.Identity(state["pid"], state["start_ticks"], state["boot_id"])
    wait_for(lambda: not processes.alive(identity))
    assert not (home.path / "tensorboard/state.json").exists()


def test_one_that_was_killed_is_started_again(home):
    ensure(home)
    psutil.Process(read_json(home.path / "tensorboard/state.json")["pid"]).kill()
    second = ensure(home)
    assert get(second + "data/environment")["version"]
    assert ensure(home) == second


def test_one_that_cannot_start_is_refused_in_a_sentence(home, monkeypatch):
    monkeypatch.setattr(server.sys, "executable", "/bin/false")
    with pytest.raises(Refused, match="TensorBoard could not be started"):
        ensure(home)
