"""Own pictures begin at the resolution that this machine can do in the time somebody has."""

import time
from dataclasses import replace

import pytest

from tl.jobs.measurements import speed
from tl.jobs.time_budget import within
from tl.store.files import write_json
from tl.store.home import Home
from tl.ui.compose.presets import PRESETS

FEW = PRESETS["few_photos"].experiment
SIZES = {"train": 224, "validation": 48, "test": 48}


def known(home: Home, backbone: str, resolution: int, pictures_per_second: float) -> None:
    """As if this machine had been measured."""
    speeds = {
        "train_images_per_second": pictures_per_second,
        "eval_images_per_second": 3 * pictures_per_second,
        "head_only_images_per_second": 5000.0,
        "startup_seconds": 2.0,
        "time": time.time(),
    }
    write_json(home.probes_path, {speed._key(backbone, resolution, FEW.batch_size): speeds})


@pytest.mark.parametrize(
    ("pictures_per_second", "side"), [(20000, 224), (40, 128), (12, 64), (1, 64)], ids=["gpu", "laptop", "slow", "old"]
)
def test_the_resolution_is_what_the_machine_does_in_the_time(tmp_path, pictures_per_second, side):
    home = Home(tmp_path)
    known(home, "efficientnet_lite0", 128, pictures_per_second)
    assert within(home, FEW, SIZES, 60.0).resolution == side


def test_another_networks_speed_tells_by_its_operations(tmp_path):
    home = Home(tmp_path)
    known(home, "mobilenet_v2", 64, 300.0)
    speeds = speed.nearest(home, "efficientnet_lite0", 128, FEW.batch_size)
    assert speeds["train_images_per_second"] == pytest.approx(300 * 0.301 * 64**2 / (0.385 * 128**2), rel=0.01)
    assert speeds["head_only_images_per_second"] == 5000


def test_where_nothing_was_measured_it_stays_as_it_is(tmp_path):
    assert within(Home(tmp_path), FEW, SIZES, 60.0) == FEW
    assert within(Home(tmp_path), replace(FEW, resolution=96), SIZES, 60.0).resolution == 96
