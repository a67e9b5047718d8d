"""What is said before the start where memory does not suffice."""

from dataclasses import replace

import pytest

from tl import machine
from tl.config import ArmConfig, Experiment
from tl.jobs.shortage import fitted, shortage
from tl.ui.compose.presets import PRESETS

SPEC = Experiment(dataset="blossoms", arms=(ArmConfig(name="scratch", strategy="scratch"),))


@pytest.mark.parametrize("gigabytes", [1.074, 2.0, 16.0])
def test_the_usual_comparison_fits_into_a_container_of_one_gigabyte(monkeypatch, gigabytes):
    monkeypatch.setattr(machine, "total_memory", lambda: gigabytes * 1e9)
    assert shortage(SPEC) is None


@pytest.mark.parametrize(
    ("settings", "fits"),
    [
        ({"batch_size": 64}, "batches of 32, a resolution of 48 px or Narrow ResNet-18 (3×3 stem) would fit."),
        ({"backbone": "resnet18"}, "batches of 16, a resolution of 48 px or EfficientNet-Lite2 would fit."),
        (
            {"backbone": "vgg16", "resolution": 224, "batch_size": 128},
            "Narrow ResNet-18 (3×3 stem) with batches of 8 at 32 px would fit.",
        ),
    ],
)
def test_where_memory_does_not_suffice_it_is_said_with_what_would_fit(monkeypatch, settings, fits):
    monkeypatch.setattr(machine, "total_memory", lambda: 1.074e9)
    monkeypatch.setattr("shutil.which", lambda name: None)
    words = shortage(replace(SPEC, **settings))
    assert words and words.startswith("A run needs about ") and "can give it 894 MB: " in words
    assert words.endswith(f": {fits}")


def test_where_nothing_would_fit_that_is_said(monkeypatch):
    monkeypatch.setattr(machine, "total_memory", lambda: 0.4e9)
    monkeypatch.setattr("shutil.which", lambda name: None)
    assert "no smaller choice would fit either" in (shortage(SPEC) or "")


@pytest.mark.parametrize(
    ("gigabytes", "hosted", "side", "batch"),
    [(16.0, "0", 128, 32), (16.0, "1", 128, 16), (1.074, "0", 64, 32), (0.4, "0", 128, 32)],
)
def test_few_photos_take_the_resolution_that_memory_and_a_demo_allow(monkeypatch, gigabytes, hosted, side, batch):
    monkeypatch.setattr(machine, "total_memory", lambda: gigabytes * 1e9)
    monkeypatch.setattr("shutil.which", lambda name: None)
    monkeypatch.setenv("TL_HOSTED", hosted)
    here = PRESETS["few_photos"].here()
    assert (here.resolution, here.batch_size) == (side, batch)
    monkeypatch.setenv("TL_LIMIT_RUN_OPERATIONS", "10")  # of a demo, with as many pictures as it takes
    assert PRESETS["few_photos"].here().resolution == (96 if hosted == "1" else side)
    assert fitted(SPEC).resolution == SPEC.resolution
