"""A trainer whose pictures are being decoded by another: neither waits for what only the other can give."""

import io
import threading
import zipfile

import numpy as np
from PIL import Image

from tests.datasets.crafted import ingest
from tests.jobs.lab import until
from tl.config import ArmConfig, Experiment, new_id
from tl.datasets import prepare
from tl.store.device_lock import DeviceLock, holds_device
from tl.store.files import write_json
from tl.train.run import Trainer


def test_a_trainer_that_waits_for_pictures_which_another_decodes_lets_it_have_its_turn(home, tmp_path):
    """The other holds the lock of the pictures and waits for the turn, the trainer the other way round."""
    rng = np.random.default_rng(0)
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
        for number in range(12):
            data = io.BytesIO()
            Image.fromarray(rng.integers(0, 256, (100, 100, 3), np.uint8)).save(data, "PNG")
            archive.writestr(f"{'ab'[number % 2]}/{number}.png", data.getvalue())
    ingest(home, tmp_path / "x.zip", "x")
    arms = (ArmConfig(name="scratch", strategy="scratch"),)
    (config,) = Experiment(arms=arms, dataset="x", resolution=96, epochs=1, precision="fp32").runs(new_id())
    run = home.run(config.run_id)
    write_json(run.config, config.to_json())
    device_lock, told = DeviceLock(home.locks_dir), []
    device_lock.take()
    other = threading.Thread(target=prepare, args=(home, "x", 96, None, lambda *about: told.append(about)))
    other.start()
    until(lambda: told)
    trainer = Trainer(run, config, device_lock, lambda: None)
    assert prepare(home, "x", 96, None, trainer._preparing).ready == 12
    other.join(60)
    assert not other.is_alive()
    assert device_lock.waited_seconds > 0 and holds_device(home.locks_dir)
    assert not DeviceLock(home.locks_dir).try_take(), "it has its turn again"
    device_lock.close()
