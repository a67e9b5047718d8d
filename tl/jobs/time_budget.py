"""The resolution at which a comparison is over in the time that somebody has, on the machine that it will run on."""

from collections.abc import Mapping
from dataclasses import replace

from tl.analysis.time_estimate import estimate_seconds
from tl.backbones import BACKBONES
from tl.config import RESOLUTIONS, Experiment
from tl.jobs.measurements import speed
from tl.jobs.shortage import fitted
from tl.jobs.side_by_side import computing_at_once
from tl.sources import input_of
from tl.store.home import Home

LEAST = 64  # pixels: below, most of what ImageNet weights know can't be seen


def within(home: Home, experiment: Experiment, sizes: Mapping[str, int], seconds: float) -> Experiment:
    """The same at the highest resolution, up to what its weights were made for, at which it takes at most `seconds`.

    `sizes`: pictures in train, validation and test. By what is known of this machine's speed: as it is where nothing is;
    at the lowest where none is fast enough.
    """
    most = input_of(home, experiment.backbone, experiment.weights).size
    takes = BACKBONES[experiment.backbone].takes
    sides = [side for side in sorted(RESOLUTIONS, reverse=True) if LEAST <= side <= most and takes(side)]
    for side in sides:
        one = replace(experiment, resolution=side)
        speeds = speed.nearest(home, one.backbone, side, one.batch_size)
        if speeds is None:
            return experiment
        if estimate_seconds(one, speeds, sizes, at_once=computing_at_once(one)).total <= seconds or side == sides[-1]:
            return fitted(one)
    return experiment
