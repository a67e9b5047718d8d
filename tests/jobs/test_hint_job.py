"""The look at the pictures before training: in the background, once, giving way to runs, failures told."""

import json
import sys
import time

import pytest

from tl.analysis.forecasts import hints
from tl.config import ArmConfig, Experiment
from tl.jobs import background
from tl.jobs.measurements import features
from tl.jobs.measurements import hints as module
from tl.store.home import Home
from tl.store.queue.database import insert_experiments

# In place of the trainer's part: writes features of the candidates as the real one does, without torch.
STAND_IN = """
import json, sys
import numpy as np
from tl.store.features import *
from tl.store.home import Home
option = dict(zip(sys.argv[1:9:2], sys.argv[2:9:2]))
home, samples = Home(option["--home"]), int(option["--samples"])
open(home.path / "calls", "a").write(" ".join(sys.argv[9:]) + "\\n")
answers = []
for name in sys.argv[9:]:
    backbone, weights, digest = name.split(":")
    key = FeatureKey(dataset=option["--dataset"], fingerprint=fingerprint(home, option["--dataset"]), samples=samples,
                     resolution=int(option["--resolution"]), backbone=backbone, weights=weights, weights_hash=digest)
    labels = np.arange(samples) % 12
    rng = np.random.default_rng(0)
    if weights == FAILS:
        answers.append({"error": "The file is damaged."})
        continue
    features = rng.normal(size=(samples, 20)) + 2 * (weights != RANDOM) * rng.normal(size=(12, 20))[labels]
    write_features(home, key, Features(features, labels, None))
    answers.append({"seconds": 0.1})
print(json.dumps(answers))
"""
BUNDLED = "mobilenet_v2-tiny-imagenet-64"


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A home of its own, without anything downloaded."""
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    return Home(tmp_path / "home")


@pytest.fixture
def asked(home):
    """What is asked."""
    return hints.question(home, "blossoms", 48, 64, ["mobilenet_v2"])


@pytest.fixture
def trainer(monkeypatch):
    """Replaces the trainer's part by a script."""

    def use(code: str = STAND_IN, fails: str = ""):
        monkeypatch.setattr(features, "COMMAND", (sys.executable, "-c", f"FAILS = {fails!r}\n{code}"))

    use()
    return use


def calls(home) -> list[str]:
    path = home.path / "calls"
    return path.read_text().splitlines() if path.exists() else []


def queue_a_run(home):
    """Something waits to be trained."""
    experiment = Experiment(dataset="blossoms", arms=(ArmConfig(name="scratch", strategy="scratch"),))
    insert_experiments(home, [(experiment, experiment.runs("e" * 26))], None)


def test_what_was_scored_is_kept_and_not_looked_at_again(home, asked, trainer):
    found = module.measure(home, asked)
    (best,) = found["candidates"]
    assert best["weights"] == BUNDLED and best["strong"]
    assert (found["missing"], found["failed"]) == (0, [])
    assert module.measure(home, asked)["candidates"] == found["candidates"]
    assert len(calls(home)) == 1


def test_scores_survive_the_cache(home, asked, trainer):
    before = module.measure(home, asked)["candidates"]
    for path in home.features_dir.iterdir():
        path.unlink()
    assert module.measure(home, asked)["candidates"] == before
    assert len(calls(home)) == 1


def test_one_that_fails_is_told_and_tried_again_the_others_stand(home, asked, trainer):
    trainer(fails="random")
    found = module.measure(home, asked)
    assert found["failed"] == ["The file is damaged."]
    assert found["candidates"][0]["above_random"] is None
    trainer()
    assert module.measure(home, asked)["failed"] == []
    assert calls(home)[1] == "mobilenet_v2:random:0", "only what is missing is looked at"


def test_features_that_had_to_make_room_are_no_failure_and_made_by_the_next_measurement(
    home, asked, trainer, monkeypatch
):
    # The cache holds one file here: what was made first is gone when it should be scored.
    trainer(STAND_IN.replace("answers = []", "import tl.store.features as cache\ncache.MAX_FILES = 1\nanswers = []"))
    found = module.measure(home, asked)
    assert (found["failed"], found["missing"]) == ([], 1)
    found = module.measure(home, asked)
    assert (found["failed"], found["missing"], len(calls(home))) == ([], 0, 2)


@pytest.mark.parametrize(("code", "words"), [("raise SystemExit(2)", "failed"), ("print('no json')", "failed")])
def test_a_look_that_fails_as_a_whole_is_told(home, asked, trainer, code, words):
    trainer(code)
    assert all(words in sentence for sentence in module.measure(home, asked)["failed"])
    assert len(module.measure(home, asked)["failed"]) == 2


def test_it_gives_way_to_a_run_and_nothing_is_written_down(home, asked, trainer):
    trainer("import time; time.sleep(30)")
    began = time.monotonic()
    queue_a_run(home)
    module._measure(home, asked, lambda command: background.run(home, command, 60))
    assert time.monotonic() - began < 5
    assert hints.answer(home, asked)["missing"] == 2
    assert not module.ask(home, asked), "nothing is even started while something waits to be trained"


def test_one_that_takes_too_long_is_ended(home, asked, trainer):
    trainer("import time; time.sleep(30)")
    module._measure(home, asked, lambda command: background.run(home, command, 0.3))
    assert "took longer than" in hints.answer(home, asked)["failed"][0]


def test_the_background_job_looks_once_and_the_page_does_not_wait(home, asked, tmp_path, monkeypatch):
    # The background process is real; a stand-in for the trainer's part is first on its path.
    stand_in = tmp_path / "first" / "sitecustomize.py"
    stand_in.parent.mkdir()
    run = STAND_IN.replace("sys.argv", "sys.orig_argv[2:]")
    stand_in.write_text(
        "import sys\n"
        "if 'tl.train.features' in sys.orig_argv:\n"
        "    import time; time.sleep(1)\n"
        f"    exec({json.dumps('FAILS = 0' + chr(10) + run)})\n"
        "    sys.stdout.flush()\n"
        "    import os; os._exit(0)\n"
    )
    monkeypatch.setenv("PYTHONPATH", str(stand_in.parent))
    began = time.monotonic()
    assert module.ask(home, asked)
    assert not module.ask(home, asked), "one at a time"
    assert module.working(home)
    assert time.monotonic() - began < 1
    while module.working(home) and time.monotonic() - began < 30:
        time.sleep(0.1)
    assert [row["weights"] for row in hints.answer(home, asked)["candidates"]] == [BUNDLED]
    assert len(calls(home)) == 1
