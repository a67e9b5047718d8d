"""What a comparison will cost, from a quick probe of this machine, and how long a running one still takes.

Both are upper bounds: early stopping is not foreseen. Plain arithmetic, imports no pandas: the form shows it at once.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tl.backbones import BACKBONES
from tl.config import ArmConfig, Experiment, RunConfig, Training
from tl.strategies import HEAD, Phase, phase_at

# Of a core: what the page and its browser take while they redraw the charts of runs that train on the same processor
# (Quick look on 2 cores: 228 pictures a second with the page open, 309 to 371 without).
PAGE_CORES = 0.66


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """Seconds of computing."""

    arms: dict[str, float]  # one run of each arm
    total: float  # all arms, all seeds


def estimate_seconds(experiment: Experiment, probe: Mapping, sizes: Mapping[str, int]) -> Estimate:
    """What `experiment` takes at most on the machine that was probed.

    `probe` is what `python -m tl.train --probe` printed (pictures a second, seconds to start, cores where it computes
    on the processor), `sizes` the number of pictures in train, validation and test; of train the experiment's sample
    count is taken. Somebody who watches is counted in.
    """
    sizes = {**sizes, "train": min(experiment.samples or sizes["train"], sizes["train"])}
    slower = _beside_the_page(probe.get("cores"))
    arms = {arm.name: slower * _run_seconds(experiment, arm, probe, sizes) for arm in experiment.arms}
    return Estimate(arms=arms, total=sum(arms.values()) * len(experiment.seeds))


def _beside_the_page(cores: float | None) -> float:
    """How many times longer it takes because the page is drawn by the same processor; a GPU does not notice."""
    return max(cores, 1) / (max(cores, 1) - PAGE_CORES) if cores else 1.0


def _run_seconds(training: Training, arm: ArmConfig, probe: Mapping, sizes: Mapping[str, int]) -> float:
    phases = training.phases_of(arm)
    views = training.views if training.augmentation else min(training.views, 1)
    forward = 1 / probe["eval_images_per_second"]
    seconds = probe["startup_seconds"] + sizes["test"] * forward
    frozen_epochs = 0
    for epoch in range(1, (arm.epochs or training.epochs) + 1):
        share = _trained_share(phase_at(phases, epoch), training.backbone)
        seconds += sizes["train"] * _step_seconds(share, probe)
        # What the frozen part makes of the pictures is kept, one augmented view after the other.
        kept = share < 1 and 0 < views <= frozen_epochs
        seconds += 0 if kept else sizes["train"] * (1 - share) * forward
        seconds += sizes["validation"] * forward * (share if share < 1 and views and frozen_epochs else 1)
        frozen_epochs += share < 1
    return seconds


def _step_seconds(share: float, probe: Mapping) -> float:
    """Seconds of training per picture where `share` of the stages train: between head only and everything."""
    everything, head_only = (1 / probe[f"{name}_images_per_second"] for name in ("train", "head_only"))
    return head_only + share * (everything - head_only)


def _trained_share(phase: Phase, backbone: str) -> float:
    stages = BACKBONES[backbone].stage_names
    return sum(name in phase.rates for name in stages if name != HEAD) / len(stages)


@dataclass(frozen=True, kw_only=True)
class RunState:
    """A run that is training or waiting for its turn, as far as its time left depends on it."""

    config: RunConfig
    progress: Mapping | None  # progress.json
    epochs: Sequence[Mapping]  # rows of its metrics, one per epoch
    expected_epoch_seconds: float | None = None  # before the first epoch is done: from an estimate


def times_left(states: Mapping[str, RunState]) -> dict[str, float | None]:
    """Seconds until each of the runs that train at the same time is done, at most; never negative.

    Runs take turns epoch by epoch: while one does an epoch, each of the others does one too. None where not even one
    epoch of a run is known.
    """
    paces = {key: _epoch_seconds(state) for key, state in states.items()}
    rounds = {key: _epochs_left(state) for key, state in states.items()}
    found: dict[str, float | None] = {}
    for key, own in rounds.items():
        turns = {other: own if other == key else min(own, rounds[other]) for other in states}
        unknown = any(paces[other] is None for other, count in turns.items() if count or other == key)
        found[key] = None if unknown else sum(count * paces[other] for other, count in turns.items() if count)
    return found


def _epochs_left(state: RunState) -> float:
    """Epochs still to train, as a fraction; 0 once the run is testing or done."""
    progress = state.progress or {}
    if progress.get("phase") in ("testing", "done"):
        return 0.0
    done = float(len(state.epochs))
    step, steps = progress.get("step"), progress.get("steps")
    under_way = (progress.get("epoch") or 0) > len(state.epochs)
    if progress.get("phase") == "training" and under_way and steps:
        done += min((step or 0) / steps, 1.0)
    elif progress.get("phase") == "validating" and under_way:
        done += 1.0
    return max(state.config.max_epochs - done, 0.0)


def _epoch_seconds(state: RunState) -> float | None:
    """Seconds per epoch: the mean of those that trained what trains now, else of all, else what was expected."""
    rows = [row for row in state.epochs if row.get("train_seconds") is not None]
    if not rows:
        return state.expected_epoch_seconds
    following = min(len(state.epochs) + 1, state.config.max_epochs)
    now = phase_at(state.config.phases, following).name
    alike = [row for row in rows if row.get("stage") == now] or rows
    seconds = [row["train_seconds"] + (row.get("eval_seconds") or 0.0) for row in alike]
    return sum(seconds) / len(seconds)
