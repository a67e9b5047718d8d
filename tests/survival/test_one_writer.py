"""Two trainers never write into one run, whoever starts the second."""

import fcntl
import os
import subprocess
import sys

from tl.config import ArmConfig, Experiment, new_id
from tl.jobs.launchers.launcher import child_environment
from tl.store.files import write_json
from tl.store.home import Home


def test_a_second_trainer_of_a_run_leaves_everything_as_it_is(tmp_path):
    [config] = Experiment(dataset="blossoms", samples=20, arms=(ArmConfig(name="a", strategy="scratch"),)).runs(
        new_id()
    )
    run = Home(tmp_path).run(config.run_id)
    write_json(run.config, config.to_json())
    write_json(run.result, {"status": "stopped", "epochs": 3})
    first = os.open(run.folder, os.O_RDONLY)
    fcntl.flock(first, fcntl.LOCK_EX)  # as a trainer that lives, or hangs in a driver
    before = {path.name: path.read_bytes() for path in run.folder.iterdir()}
    second = subprocess.run(
        [sys.executable, "-m", "tl.train", str(run.folder)],
        env=child_environment(),
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (second.returncode, second.stderr.count("\n")) == (3, 1)
    assert "Another trainer works in" in second.stderr
    assert {path.name: path.read_bytes() for path in run.folder.iterdir()} == before
    os.close(first)
