"""What a run computes, worked out from its settings: passes forward and backward of what trains, forward of the rest."""

from dataclasses import replace

import pytest

from tl.backbones import BACKBONES
from tl.config import ArmConfig, Training
from tl.operations import run_operations

PLAIN = Training(dataset="blossoms", resolution=112, epochs=8, augmentation=True, views=2)
FORWARD = 2e9 * BACKBONES["mobilenet_v2"].gflops / 4  # at half of 224 px


def arm(strategy, **settings):
    return ArmConfig(name=strategy, strategy=strategy, **settings)


def test_everything_that_trains_goes_forward_and_backward_in_every_epoch():
    assert run_operations(PLAIN, arm("scratch"), 100) == pytest.approx(100 * 8 * 3 * FORWARD)
    assert run_operations(PLAIN, arm("scratch", epochs=4), 100) == pytest.approx(100 * 4 * 3 * FORWARD)
    assert run_operations(replace(PLAIN, resolution=224), arm("scratch"), 100) == pytest.approx(100 * 8 * 12 * FORWARD)


def test_what_is_frozen_goes_forward_once_a_view_or_once_an_epoch_where_none_is_kept():
    assert run_operations(PLAIN, arm("linear_probe"), 100) == pytest.approx(100 * 2 * FORWARD)
    assert run_operations(replace(PLAIN, views=0), arm("linear_probe"), 100) == pytest.approx(100 * 8 * FORWARD)
    assert run_operations(PLAIN, arm("freeze_then_unfreeze", frozen_epochs=2), 100) == pytest.approx(
        100 * (1 + 6 * 3) * FORWARD  # one view, at most half of the frozen epochs
    )
