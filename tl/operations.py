"""What a run computes, worked out from its settings: limits go by it, since it is what takes the time."""

from tl.backbones import BACKBONES
from tl.config import ArmConfig, Training
from tl.phases import HEAD, phase_at
from tl.strategies import STRATEGIES

BACKWARD = 2.0  # passes forward that a pass backward costs


def run_operations(training: Training, arm: ArmConfig, pictures: int) -> float:
    """Operations (a multiplication and an addition are two) of an arm's training on `pictures`, at most.

    Every stage counts alike, convolutions' cost with the picture's area. What the frozen stages give is computed once a
    view where views are kept, else once an epoch; validation and test are left out. 0 for a network of which nobody knows.
    Where the strategy learns from a target, too, as many of its pictures go with those.
    """
    pictures *= 1 + STRATEGIES[arm.strategy].beside
    training = training.of(arm)
    backbone, phases, views = BACKBONES[training.backbone], training.phases_of(arm), training.views_of(arm)
    forward = 2e9 * (backbone.gflops or 0.0) * (training.resolution / backbone.gflops_side) ** 2
    passes, frozen_epochs = 0.0, 0
    for epoch in range(1, training.epochs_of(arm) + 1):
        trains = sum(name != HEAD for name in phase_at(phases, epoch).rates) / len(backbone.stage_names)
        kept = 0 < views <= frozen_epochs
        passes += trains * (1 + BACKWARD) + (0 if kept else 1 - trains)
        frozen_epochs += trains < 1
    return pictures * forward * passes
