"""What a comparison will cost, from a quick probe of this machine, and how long a running one still takes.

Both are upper bounds: early stopping is not foreseen. Plain arithmetic, imports no pandas: the form shows it at once.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

from tl.backbones import BACKBONES
from tl.config import ArmConfig, Experiment, RunConfig, Training
from tl.config.training import DATASET
from tl.phases import EVERYTHING, HEAD, Phase, phase_at
from tl.store.documents import Progress
from tl.strategies import STRATEGIES

# Of a core: what the page and its browser take while they redraw the charts of runs that train on the same processor
# (Quick look on 2 cores: 228 pictures a second with the page open, 309 to 371 without).
PAGE_CORES = 0.66
RANGE_TEST_STEPS = 100  # of tl.train.rate_test, at most
NOTHING: Mapping[str, Any] = MappingProxyType({})


@dataclass(frozen=True, kw_only=True)
class TimeEstimate:
    """Seconds of computing."""

    arms: dict[str, float]  # one run of each arm
    total: float  # all arms, all seeds


def estimate_seconds(
    experiment: Experiment,
    probe: Mapping[str, Any],
    sizes: Mapping[str, int],
    own: Mapping[str, Mapping[str, Any]] = NOTHING,
    at_once: int = 1,
) -> TimeEstimate:
    """What `experiment` takes at most on the machine that was probed.

    `probe` is what `python -m tl.train --probe` printed (pictures a second, seconds to start, cores where it computes
    on the processor), `sizes` the number of pictures in train, validation and test; of train the experiment's sample
    count is taken. `own`: arm -> such a probe of the network that it has of its own, at its own resolution. So many runs
    compute `at_once`. Somebody who watches is counted in.
    """
    sizes = {**sizes, "train": min(experiment.samples or sizes["train"], sizes["train"])}
    slower = _beside_the_page(probe.get("cores"))
    # Seeds whose views and pictures are the same find what the frozen part made of them.
    common = experiment.views_by == DATASET and experiment.resplit is False
    arms, total, last = {}, 0.0, 0.0
    for arm in experiment.arms:
        alone = own.get(arm.name, probe)
        speeds = _side_by_side(alone) if at_once > 1 else alone
        first, later = (slower * _run_seconds(experiment, arm, speeds, sizes, made=made) for made in (False, common))
        arms[arm.name] = first * at_once
        total += first + later * (len(experiment.seeds) - 1)
        last = max(last, slower * _run_seconds(experiment, arm, alone, sizes) - first)
    return TimeEstimate(arms=arms, total=total + last)  # the last run may have nobody beside it


def _side_by_side(probe: Mapping[str, Any]) -> Mapping[str, Any]:
    """The speeds of all runs together that compute side by side. What two gain, or lose, is measured, and more gain at least
    as much; earlier versions did not measure it."""
    gains = {name: probe.get(f"{name}_gain_of_two") or 1.0 for name in ("train", "eval")}
    return {
        **probe,
        **{f"{name}_images_per_second": probe[f"{name}_images_per_second"] * gains[name] for name in gains},
    }


def seconds_per_seed(runs: Iterable[tuple[str, float | None]]) -> float | None:
    """What one more seed of all arms takes, from (arm, seconds) of the runs so far; None where an arm has none."""
    spent: dict[str, list[float]] = {}
    for arm, seconds in runs:
        own = spent.setdefault(arm, [])
        if seconds is not None:
            own.append(seconds)
    if not spent or not all(spent.values()):
        return None
    return sum(sum(own) / len(own) for own in spent.values())


def _beside_the_page(cores: float | None) -> float:
    """How many times longer it takes because the page is drawn by the same processor; a GPU does not notice."""
    return max(cores, 1) / (max(cores, 1) - PAGE_CORES) if cores else 1.0


def _run_seconds(
    training: Training, arm: ArmConfig, probe: Mapping[str, Any], sizes: Mapping[str, int], made: bool = False
) -> float:
    """What a run takes; `made`: the features of its views and its validation pictures are there."""
    phases, stages = _earliest(training.phases_of(arm)), BACKBONES[training.of(arm).backbone].stage_names
    views = training.views_of(arm)
    forward = 1 / probe["eval_images_per_second"]
    seconds: float = probe["startup_seconds"] + sizes["test"] * forward
    if training.finds_rate_of(arm):
        for phase in training.rate_tests_of(arm):
            share = _trained_share(phase, stages)
            pictures = RANGE_TEST_STEPS * training.rate_test_batches * training.batch_size
            seconds += pictures * (_step_seconds(share, probe) + (1 - share) * forward)
    frozen_epochs, learned = 0, sizes["train"] * (1 + STRATEGIES[arm.strategy].beside)
    for epoch in range(1, training.epochs_of(arm) + 1):
        share = _trained_share(phase_at(phases, epoch), stages)
        seconds += learned * _step_seconds(share, probe)
        # What the frozen part makes of the pictures is kept, one augmented view after the other.
        kept = share < 1 and views > 0 and (made or views <= frozen_epochs)
        seconds += 0 if kept else sizes["train"] * (1 - share) * forward
        seconds += sizes["validation"] * forward * (share if share < 1 and views and (made or frozen_epochs) else 1)
        frozen_epochs += share < 1
    return seconds


def _earliest(phases: Sequence[Phase]) -> tuple[Phase, ...]:
    """The phases as soon as they can begin: what waits for progress to end does not begin before there was some."""
    return tuple(
        replace(phase, start_epoch=min(phase.start_epoch, phase.patience + 2)) if phase.patience else phase
        for phase in phases
    )


def _step_seconds(share: float, probe: Mapping[str, Any]) -> float:
    """Seconds of training per picture where `share` of the stages train: between head only and everything."""
    everything, head_only = (1 / float(probe[f"{name}_images_per_second"]) for name in ("train", "head_only"))
    return head_only + share * (everything - head_only)


def _trained_share(phase: Phase, stages: Sequence[str]) -> float:
    return sum(name in phase.rates for name in stages if name != HEAD) / len(stages)


@dataclass(frozen=True, kw_only=True)
class RunState:
    """A run that is training or waiting for its turn, as far as its time left depends on it."""

    config: RunConfig
    progress: Progress | None
    epochs: Sequence[Mapping[Any, Any]]  # rows of its metrics, one per epoch


def times_left(states: Mapping[str, RunState], places: int = 1) -> dict[str, float | None]:
    """Seconds until each of the runs that train at the same time is done, at most; never negative.

    Runs take turns epoch by epoch, as many as there are `places` compute at once: while one does an epoch, each of the
    others does one too. None where an epoch is to come of a kind that none of them has done yet, nor one that trains
    everything, and of a run that has not begun to train since it was started: how long its preparing takes is not known.
    """
    paces = {key: _paces(state) for key, state in states.items()}
    kinds = {key: (state.config.backbone, state.config.resolution) for key, state in states.items()}
    coming = {}
    for key, state in states.items():
        alike = [paces[other] for other, kind in kinds.items() if kind == kinds[key]]  # another network tells nothing
        coming[key] = _epochs_left(state, paces[key], alike)
    found: dict[str, float | None] = {}
    for key, own in coming.items():
        rounds, alone = sum(part for part, _ in own), _seconds(own, math.inf)
        turns = [alone if other == key else _seconds(epochs, rounds) for other, epochs in coming.items()]
        known = [seconds for seconds in turns if seconds is not None]
        told = alone is not None and len(known) == len(turns) and _trains(states[key].progress)
        found[key] = max(alone or 0.0, sum(known) / places) if told else None
    return found


def _trains(progress: Progress | None) -> bool:
    """Whether the run has come to train since it was last started; the first waiting and all preparing come before."""
    return progress is not None and progress.phase not in (None, "starting", "preparing") and progress.epoch > 0


def _seconds(epochs: Sequence[tuple[float, float | None]], rounds: float) -> float | None:
    """What the first `rounds` of these epochs take, each given as (part of it that is left, its seconds)."""
    total = 0.0
    for part, seconds in epochs:
        part = min(part, rounds)
        if part <= 0:
            break
        if seconds is None:
            return None
        total, rounds = total + part * seconds, rounds - part
    return total


def _epochs_left(
    state: RunState, own: Mapping[str, float], all_paces: Sequence[Mapping[str, float]]
) -> list[tuple[float, float | None]]:
    """(part that is left, seconds of a whole one) of every epoch still to train; none once the run tests or is done."""
    progress, phases = state.progress or Progress(), _earliest(state.config.phases)
    if progress.phase in ("testing", "done"):
        return []
    done = float(len(state.epochs))
    step, steps = progress.step, progress.steps
    under_way = progress.epoch > len(state.epochs)
    if progress.phase == "training" and under_way and steps:
        done += min(step / steps, 1.0)
    elif progress.phase == "validating" and under_way:
        done += 1.0
    # A phase that has begun, perhaps earlier than planned, is not left again.
    stage = state.epochs[-1].get("stage") if state.epochs else None
    begun = next((number for number, phase in enumerate(phases) if phase.name == stage), 0)
    found = []
    for epoch in range(int(done) + 1, state.config.max_epochs + 1):
        phase = phases[max(begun, phases.index(phase_at(phases, epoch)))]
        found.append((min(1.0, epoch - done), _pace(phase, own, all_paces)))
    return found


def _paces(state: RunState) -> dict[str, float]:
    """Mean seconds of an epoch by what trained in it: in this session, before the first epoch of it in earlier ones."""
    before = (state.progress or Progress()).epochs_before
    return _means(state.epochs[:before]) | _means(state.epochs[before:])


def _means(epochs: Sequence[Mapping[Any, Any]]) -> dict[str, float]:
    seconds: dict[str, list[float]] = {}
    for row in epochs:
        if row.get("train_seconds") is not None:
            seconds.setdefault(row["stage"], []).append(row["train_seconds"] + (row.get("eval_seconds") or 0.0))
    return {stage: sum(values) / len(values) for stage, values in seconds.items()}


def _pace(phase: Phase, own: Mapping[str, float], all_paces: Sequence[Mapping[str, float]]) -> float | None:
    """Seconds of an epoch of `phase`: the run's own, else another's, else of one that trains more."""
    for stage in (phase.name, EVERYTHING):
        if stage in own:
            return own[stage]
        others = [paces[stage] for paces in all_paces if stage in paces]
        if others:
            return max(others)
    return None
