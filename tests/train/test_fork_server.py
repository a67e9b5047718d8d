"""A forked trainer computes what one that was started by itself does, to the last bit, and nothing stays of the one before."""

import subprocess
import sys
import time

import pytest
from safetensors.numpy import load_file

from tests.benchmarks.runs import new_run
from tl.config import Training
from tl.jobs.launchers.fork_launcher import ForkLauncher, can_fork
from tl.jobs.launchers.launcher import PROJECT_ROOT, child_environment
from tl.jobs.launchers.local import identity_of
from tl.store.files import read_json
from tl.store.home import Home
from tl.store.metrics import read_metrics

SETTINGS = Training(dataset="blossoms", samples=60, resolution=32, batch_size=16, epochs=2, precision="fp32", threads=1)
MEASURED = ["train_loss", "train_accuracy", "val_loss", "val_accuracy", "learning_rate"]


def measured(run):
    assert read_json(run.result)["status"] == "finished", run.log.read_text()
    weights = {name: tensor.tobytes() for name, tensor in load_file(run.checkpoints / "best.safetensors").items()}
    return read_metrics(run.metrics)[MEASURED].values.tolist(), read_json(run.result)["test_loss"], weights


@pytest.mark.skipif(not can_fork(), reason="trainers are forked without a GPU only")
def test_forked_trainers_compute_what_others_do(tmp_path):
    home = Home(tmp_path)
    alone = new_run(home, "scratch", SETTINGS, seed=3)
    command = [sys.executable, "-m", "tl.train", str(alone.folder)]
    subprocess.run(command, check=True, capture_output=True, cwd=PROJECT_ROOT, env=child_environment())
    launcher = ForkLauncher()
    forked = [new_run(home, strategy, SETTINGS, seed=3) for strategy in ("l2_sp", "scratch")]
    for run in forked:
        trainer = launcher.start(run)
        assert identity_of(trainer).pid in launcher._forked, "it was not forked"
        while launcher.alive(trainer):
            time.sleep(0.1)
    launcher.close()
    assert measured(forked[0]) != measured(alone)
    assert measured(forked[1]) == measured(alone)
