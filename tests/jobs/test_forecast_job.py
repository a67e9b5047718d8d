"""Measuring the probe's curve: in the background, once, giving way to runs, failures told."""

import os
import subprocess
import sys
import threading
import time
from dataclasses import replace

import numpy as np
import pytest

from tl.analysis.forecasts import question as questions
from tl.analysis.forecasts.question import feature_keys, probe_curve
from tl.config import ArmConfig, Experiment, Refused, Training
from tl.datasets.giving_way import WAITING
from tl.jobs import background
from tl.jobs.measurements import by_features
from tl.jobs.measurements import forecasts as module
from tl.languages import say, speaking
from tl.store.device_lock import DeviceLock
from tl.store.features import Features, write_features
from tl.store.files import locked
from tl.store.home import Home
from tl.store.queue.database import insert_experiments

FAILS = 'import sys; print(\'[{"error": "The file is damaged."}]\')'


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A home of its own, without anything downloaded."""
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    return Home(tmp_path / "home")


@pytest.fixture
def asked(home):
    """What is asked; few pictures are looked at, so that it is quick."""
    return questions.question(home, Training(dataset="blossoms"))


@pytest.fixture(autouse=True)
def few(monkeypatch):
    monkeypatch.setattr(questions, "MOST_PICTURES", 120)


def features(home, asked) -> None:
    """What the trainer's command would write."""
    centres = np.random.default_rng(9).normal(size=(12, 8))
    for split, key in feature_keys(home, asked).items():
        random = np.random.default_rng(len(split))
        labels = np.arange(key.samples) % 12
        found = centres[labels] + random.normal(size=(key.samples, 8))
        write_features(home, key, Features(found.astype(np.float32), labels, None))


def test_the_command_gets_every_split(home, asked):
    commands = []

    def run(command):
        commands.append(command)
        features(home, asked)
        return subprocess.CompletedProcess(command, 0, '[{"seconds": 1}]', "")

    module.CURVE.measure_missing(home, asked, run, lambda: None)
    (command,) = commands
    assert command[command.index("--samples") + 1] == "120"
    assert {"--also=test:120", "--also=validation:120"} < {*command}
    curve, problem = probe_curve(home, asked)
    assert problem is None and curve.sizes[-1] == 120 == curve.pool
    module.CURVE.measure_missing(home, asked, run, lambda: None)
    assert len(commands) == 1, "what is known is not measured again"


def test_what_fails_is_told_and_tried_again(home, asked, monkeypatch):
    monkeypatch.setattr("tl.jobs.measurements.features.COMMAND", (sys.executable, "-c", FAILS))
    with pytest.raises(Refused, match="The file is damaged"):
        module.measure(home, asked)
    features(home, asked)
    module.measure(home, asked)
    assert probe_curve(home, asked)[0] is not None


def test_features_that_vanish_are_told(home, asked, monkeypatch):
    monkeypatch.setattr("tl.jobs.measurements.features.COMMAND", (sys.executable, "-c", "print('[{\"seconds\": 1}]')"))
    with pytest.raises(Refused, match="could not be read back"):
        module.measure(home, asked)


def test_it_gives_way_to_a_run_and_nothing_is_written_down(home, asked):
    experiment = Experiment(dataset="blossoms", arms=(ArmConfig(name="scratch", strategy="scratch"),))
    insert_experiments(home, [(experiment, experiment.runs("e" * 26))], None)
    features(home, asked)
    module.CURVE.measure_missing(home, asked, lambda command: None, lambda: by_features.unless_busy(home))
    assert probe_curve(home, asked) == (None, None)
    assert not module.ask(home, asked), "nothing is even started while something waits to be trained"


def test_who_asked_is_told_that_it_waits_for_its_turn(home, asked, monkeypatch, capsys):
    """Behind training, or whatever else computes: while the pictures are looked at and while the probes are fitted."""
    waits = f"import sys; [print({WAITING!r}, file=sys.stderr) for _ in range(3)]; print('[{{\"seconds\": 1}}]')"
    monkeypatch.setattr("tl.jobs.measurements.features.COMMAND", (sys.executable, "-c", waits))
    with pytest.raises(Refused, match="could not be read back"):
        module.measure(home, asked)
    assert capsys.readouterr().err == f"{module.CURVE.waits}\n"
    waits = (
        "import sys; from tl.train.features import say, WAITING; print(say(WAITING), file=sys.stderr); print('[{}]')"
    )
    monkeypatch.setattr("tl.jobs.measurements.features.COMMAND", (sys.executable, "-c", waits))
    with speaking("zh"):
        with pytest.raises(Refused):
            module.measure(home, asked)
        assert capsys.readouterr().err == f"{say(module.CURVE.waits)}\n"
    device_lock = DeviceLock(home.locks_dir)
    device_lock.take()
    threading.Timer(1.5, device_lock.give).start()
    features(home, asked)
    module.measure(home, asked)
    assert probe_curve(home, asked)[0] is not None
    assert capsys.readouterr().err == f"{module.CURVE.waits}\n"


def test_nothing_is_said_of_waiting_where_nobody_computes(home, asked, capsys):
    features(home, asked)
    module.measure(home, asked)
    assert not capsys.readouterr().err


def test_it_computes_in_turns_of_its_own(home, asked):
    features(home, asked)
    seen = []

    def measure(home, asked, found, hand_over):
        for _ in range(2):
            hand_over()
            seen.append(background.take_lock(home, "device.lock"))
            with locked(home.locks_dir / "next.lock"):
                pass  # free: whoever wants the next turn can say so

    given_way = []
    replace(module.CURVE, measure_by=measure).measure_missing(
        home, asked, lambda command: None, lambda: given_way.append(1)
    )
    assert seen == [None, None] and len(given_way) == 2
    lock = background.take_lock(home, "device.lock")
    assert lock is not None, "it is given back"
    os.close(lock)


def test_the_background_job_measures_once_and_the_page_does_not_wait(home, asked, monkeypatch):
    monkeypatch.setenv("TL_HOSTED", "1")  # whose limit holds in the other process, too
    monkeypatch.setenv("TL_LIMIT_SAMPLES", "120")
    features(home, asked)
    began = time.monotonic()
    assert module.ask(home, asked)
    assert not module.ask(home, asked), "one at a time"
    assert module.working(home) and time.monotonic() - began < 5
    while module.working(home) and time.monotonic() - began < 120:
        time.sleep(0.2)
    assert probe_curve(home, asked)[0] is not None
