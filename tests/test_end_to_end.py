"""The real thing by the command line: ingest, compare, kill -9, resume, stop; real trainers, real files."""

import json
import os
import signal
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import pytest

from tests.survival.test_private import seen_by_others
from tl.jobs.launchers import processes
from tl.store.files import read_json
from tl.store.home import Home
from tl.store.metrics import read_metrics
from tl.store.queue import database
from tl.store.queue.rows import RunRow

ROOT = Path(__file__).parents[1]
FLOWERS = ROOT.parent / "shared" / "data" / "flower-photos.zip"
EPOCHS = 8  # of a run that is killed after its second
SMALL = ["--samples", "60", "--resolution", "32", "--batch-size", "16", "--dataset", "flowers"]


def tl(home: Home, *arguments: str, status: int = 0, timeout: float = 180) -> dict | None:
    """Run `python -m tl ARGUMENTS --json`; its document."""
    environment = os.environ | {"TL_HOME": str(home.path)}
    command = [sys.executable, "-m", "tl", *arguments, "--json"]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=timeout)
    assert done.returncode == status, done.stderr
    return json.loads(done.stdout) if done.stdout else None


def until(condition, seconds: float = 60):
    """What `condition` returns as soon as it is true."""
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline, "it never happened"
        time.sleep(0.05)
    return found


def running(home: Home, epochs: int) -> RunRow | None:
    """A run that trains and has done so many epochs; at once: it does not wait for a command to start."""
    for run in database.read_runs(home, statuses=("running",)):
        if len(read_metrics(home.run(run.run_id).metrics)) >= epochs:
            return run
    return None


@pytest.fixture(scope="module")
def home(tmp_path_factory) -> Home:
    """A home with 90 real flower photographs of 3 kinds, ingested from a zip."""
    if not FLOWERS.exists():
        pytest.skip(f"{FLOWERS} is not there: real photographs are needed")
    folder = tmp_path_factory.mktemp("flowers")
    with zipfile.ZipFile(FLOWERS) as photos, zipfile.ZipFile(folder / "few.zip", "w") as few:
        for kind in ("daisy", "roses", "tulips"):
            for name in [n for n in photos.namelist() if f"/{kind}/" in n and n.endswith(".jpg")][:30]:
                few.writestr(name, photos.read(name))
    home = Home(folder / "home")
    entry = tl(home, "ingest", str(folder / "few.zip"), "--name", "flowers")
    assert entry["classes"] == ["daisy", "roses", "tulips"]
    assert entry["train"] + entry["validation"] + entry["test"] == 90
    return home


def test_compare_trains_both_arms_and_tells_what_it_found(home):
    document = tl(home, "compare", *SMALL, "--arms", "scratch,linear_probe", "--epochs", "2", "--seeds", "1")
    assert document["samples"] == 60
    assert set(document["arms"]) == {"scratch", "linear_probe"}
    for arm in document["arms"].values():
        (run,) = arm["runs"]
        assert run["status"] == "finished"
        assert run["epochs"] == 2
        assert 0 <= run["test_accuracy"] <= 1
        assert run["elapsed_seconds"] > 0
        metrics = read_metrics(home.run(run["run_id"]).metrics)
        assert metrics["epoch"].tolist() == [1, 2]
    text = document["verdict"]["text"]  # with twelve test pictures either may come
    assert "hint, not a proof" in text or "better than chance" in text
    assert seen_by_others(home.path) == []


def test_a_killed_run_says_so_and_resumes_without_losing_an_epoch(home):
    compare = subprocess.Popen(
        [
            sys.executable,
            "-m",
            "tl",
            "compare",
            *SMALL,
            "--arms",
            "scratch",
            "--epochs",
            str(EPOCHS),
            "--patience",
            "0",
            "--json",
        ],
        cwd=ROOT,
        env=os.environ | {"TL_HOME": str(home.path)},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )

    run = until(lambda: running(home, 2))
    files = home.run(run.run_id)
    killed = [pid for pid in processes.of_run(files.folder.name) if not os.kill(pid, signal.SIGKILL)]
    assert killed, "no trainer was found"
    document = json.loads(compare.communicate(timeout=60)[0])
    assert compare.returncode == 1
    (dead,) = document["arms"]["scratch"]["runs"]
    assert dead["status"] in ("failed", "interrupted")
    done = read_metrics(files.metrics)["epoch"].tolist()
    assert done == list(range(1, len(done) + 1))
    assert tl(home, "resume", run.run_id)["status"] == "finished"
    metrics = read_metrics(files.metrics)
    assert metrics["epoch"].tolist() == list(range(1, EPOCHS + 1))
    assert metrics["elapsed_seconds"].is_monotonic_increasing


def test_stop_keeps_the_best_so_far(home):
    compare = subprocess.Popen(
        [sys.executable, "-m", "tl", "compare", *SMALL, "--arms", "scratch", "--epochs", "500", "--patience", "0"],
        cwd=ROOT,
        env=os.environ | {"TL_HOME": str(home.path)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    until(lambda: running(home, 1))
    (run,) = [run for run in tl(home, "runs")["runs"] if run["status"] == "running"]
    assert run["epochs"] >= 1
    tl(home, "stop", run["run_id"])
    assert compare.wait(60) == 0
    files = home.run(run["run_id"])
    result = read_json(files.result)
    assert result["status"] == "stopped"
    assert result["test_accuracy"] is None
    assert (files.checkpoints / "best.safetensors").exists()
    assert not processes.of_run(files.folder.name)
