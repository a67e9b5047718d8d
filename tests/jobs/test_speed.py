"""The probe of the machine's speed: in the background, once, never beside a run."""

import json
import os
import subprocess
import sys
import time

import pytest

from tl.config import ArmConfig, Experiment
from tl.jobs import background
from tl.jobs.launchers.launcher import PROJECT_ROOT, child_environment
from tl.jobs.measurements import speed as module
from tl.jobs.measurements.speed import cached, known_or_begun
from tl.languages import read_sentence
from tl.store.device_lock import GAVE_WAY, DeviceLock
from tl.store.files import locked, read_json, write_json
from tl.store.home import Home
from tl.store.queue.database import insert_experiments

SPEEDS = {"train_images_per_second": 100.0, "head_only_images_per_second": 300.0, "eval_images_per_second": 400.0}
SPEEDS |= {"startup_seconds": 1.0}
WHAT = ("mobilenet_v2", 64, 32)


@pytest.fixture
def home(tmp_path):
    """An empty home."""
    return Home(tmp_path)


@pytest.fixture
def trainer(monkeypatch, tmp_path):
    """Replaces the trainer by a script; its text can be set, and `calls` counts how often it ran."""

    def use(code: str):
        count = f"open({str(tmp_path / 'calls')!r}, 'a').write('x')\n"
        monkeypatch.setattr(module, "COMMAND", (sys.executable, "-c", count + code))

    use(f"print('noise')\nprint({json.dumps(json.dumps(SPEEDS))})")
    use.calls = lambda: len((tmp_path / "calls").read_text()) if (tmp_path / "calls").exists() else 0
    return use


def measure(home, *what):
    """As `known_or_begun`, waiting for the result; None where a run came first."""
    with locked(home.locks_dir / module.LOCK):
        known = cached(home, *what)
        return known if known is not None else module._measure(home, *what)


def queue_a_run(home):
    """Something waits to be trained."""
    experiment = Experiment(dataset="blossoms", arms=(ArmConfig(name="scratch", strategy="scratch"),))
    insert_experiments(home, [(experiment, experiment.runs("e" * 26))], None)


def age(home, seconds):
    """Let time pass."""
    document = read_json(home.probes_path)
    for entry in document.values():
        entry["time"] -= seconds
    write_json(home.probes_path, document)


def test_what_was_measured_is_kept(home, trainer):
    assert cached(home, *WHAT) is None
    found = measure(home, *WHAT)
    assert found == SPEEDS
    assert SPEEDS.items() <= cached(home, *WHAT).items()
    assert measure(home, *WHAT) == cached(home, *WHAT) == known_or_begun(home, *WHAT)
    assert trainer.calls() == 1


@pytest.mark.parametrize(("load", "lasts"), [(0.1, True), (50.0, False)])
def test_what_was_measured_on_a_busy_machine_is_not_believed_for_long(home, trainer, monkeypatch, load, lasts):
    monkeypatch.setattr(os, "getloadavg", lambda: (load, load, load))
    measure(home, *WHAT)
    age(home, module.STRAINED_SECONDS + 1)
    assert (cached(home, *WHAT) is not None) is lasts


def test_another_batch_size_is_another_measurement(home, trainer):
    measure(home, *WHAT)
    assert cached(home, "mobilenet_v2", 64, 16) is None
    assert cached(home, "mobilenet_v2", 96, 32) is None


def test_it_is_measured_anew_on_another_machine(home, trainer, monkeypatch):
    measure(home, *WHAT)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "GPU-1234")
    assert cached(home, *WHAT) is None


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("import sys; sys.exit('out of memory')", "out of memory"),
        ("print('not json')", "The probe failed."),
        ("", "The probe failed."),
    ],
)
def test_a_failure_is_told_and_tried_again_later(home, trainer, code, words):
    trainer(code)
    assert read_sentence(measure(home, *WHAT)["error"]) == words
    assert read_sentence(known_or_begun(home, *WHAT)["error"]) == words, "not tried again at once"
    age(home, module.RETRY_SECONDS + 1)
    assert cached(home, *WHAT) is None


def test_it_gives_way_to_a_run(home, trainer, tmp_path):
    trainer("import time; time.sleep(30)")
    began = time.monotonic()
    queue_a_run(home)
    assert measure(home, *WHAT) is None
    assert time.monotonic() - began < 5
    assert cached(home, *WHAT) is None, "nothing is kept"
    assert known_or_begun(home, *WHAT) is None
    assert trainer.calls() == 1, "nothing is even started while something waits to be trained"


def test_one_that_gave_way_to_an_upload_is_tried_again(home, trainer, monkeypatch, tmp_path):
    monkeypatch.setattr(module, "AGAIN_SECONDS", 0.05)
    speeds = f"print({json.dumps(json.dumps(SPEEDS))})"
    trainer(f"import os, sys\nif os.path.getsize({str(tmp_path / 'calls')!r}) < 3: sys.exit({GAVE_WAY})\n{speeds}")
    assert measure(home, *WHAT) == SPEEDS
    assert trainer.calls() == 3


def test_one_that_always_gives_way_ends_without_a_word(home, monkeypatch):
    monkeypatch.setattr(module, "AGAIN_SECONDS", 0.05)
    monkeypatch.setattr(module, "LIMIT_SECONDS", 0.3)
    gave_way = subprocess.CompletedProcess([], GAVE_WAY, "", "")
    monkeypatch.setattr(background, "run", lambda *_: gave_way)
    assert measure(home, *WHAT) is None
    assert cached(home, *WHAT) is None, "nothing failed"


def test_the_real_one_lets_whoever_wants_to_compute_go_first(home):
    """An upload takes its pictures in, or a person starts: they wait for no estimate."""
    command = [sys.executable, "-m", "tl.train", "--probe", "mobilenet_v2", "64", "32"]
    environment = child_environment() | {"TL_HOME": str(home.path)}
    device_lock = DeviceLock(home.locks_dir)
    device_lock.take()
    assert subprocess.run(command, cwd=PROJECT_ROOT, env=environment, stderr=subprocess.DEVNULL).returncode == GAVE_WAY
    device_lock.give()
    with subprocess.Popen(command, cwd=PROJECT_ROOT, env=environment, stdout=subprocess.DEVNULL) as probing:
        while device_lock.try_take():
            device_lock.give()
            time.sleep(0.05)
            assert probing.poll() is None
        device_lock.take()
        assert device_lock.waited_seconds < 5, "it measures for longer, and torch alone takes seconds to start"
        assert probing.wait(5) == GAVE_WAY
    device_lock.close()


def test_one_that_takes_too_long_is_ended(home, trainer, monkeypatch):
    monkeypatch.setattr(module, "LIMIT_SECONDS", 0.3)
    trainer("import time; time.sleep(30)")
    assert "took longer than" in measure(home, *WHAT)["error"]


def test_asking_often_measures_once_in_the_background(home, monkeypatch, tmp_path):
    # The background process is real and needs the real command; a stand-in for `tl.train` is first on its path.
    stand_in = tmp_path / "first" / "sitecustomize.py"
    stand_in.parent.mkdir()
    stand_in.write_text(
        "import sys\n"
        "if '--probe' in sys.orig_argv:\n"
        f"    open({str(tmp_path / 'calls')!r}, 'a').write('x')\n"
        "    import time; time.sleep(1.5)\n"
        f"    print({json.dumps(json.dumps(SPEEDS))}, flush=True)\n"
        "    import os; os._exit(0)\n"
    )
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(stand_in.parent), os.environ.get("PYTHONPATH", "")]))
    end = time.monotonic() + 15
    answers = []
    while not answers or (answers[-1] is None and time.monotonic() < end):
        began = time.monotonic()
        answers.append(known_or_begun(home, *WHAT))
        assert time.monotonic() - began < 1.2, "the page does not wait"
        time.sleep(0.05)
    assert SPEEDS.items() <= answers[-1].items()
    assert len(answers) > 3
    assert (tmp_path / "calls").read_text() == "x"
