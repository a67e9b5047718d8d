"""What is said before the start of a run that needs more memory than there is, with what would fit."""

import shutil
from dataclasses import replace
from typing import Any

from tl import machine
from tl.arm_names import arm_title
from tl.backbones import BACKBONES
from tl.config import RESOLUTIONS, Experiment, Refused
from tl.jobs.memory import each_alone, estimated_bytes
from tl.languages import either, say
from tl.store.home import Home
from tl.words import memory

REST_BYTES = 0.18e9  # the page of one person and the supervisor
LEAST_BATCH = 8


def shortage(experiment: Experiment) -> str | None:
    """One sentence where a run needs more memory than there is in all, with what would fit; else None.

    None as well where a GPU decides: there a batch is put through in parts until it fits.
    """
    room, arms = max(machine.total_memory() - REST_BYTES, 0.0), each_alone(experiment)
    place = max(range(len(arms)), key=lambda place: estimated_bytes(arms[place]))
    whose, experiment = experiment.arms[place], arms[place]  # the one that needs the most
    need = estimated_bytes(experiment)
    if need <= room or shutil.which("nvidia-smi"):
        return None
    a_run = say("A run of {arm}", arm=arm_title(whose.name)) if whose.transfers_its_own else say("A run")
    about = {"run": a_run, "need": memory(need), "room": memory(room)}
    fits = _one_smaller(experiment, room) or _all_smaller(experiment, room)
    if fits:
        return say(
            "{run} needs about {need} of memory, and this machine can give it {room}: {smaller} would fit.",
            **about,
            smaller=fits,
        )
    return say(
        "{run} needs about {need} of memory, and this machine can give it {room}: no smaller choice would fit either.",
        **about,
    )


def fitted(experiment: Experiment) -> Experiment:
    """The same at the highest resolution, up to its own, that memory and the policy allow, with batches half as large
    where that takes those; as it is where none does."""
    for side in (experiment.resolution, *_sides(experiment)):
        arms = tuple(replace(arm, resolution=arm.resolution and min(arm.resolution, side)) for arm in experiment.arms)
        smaller = replace(experiment, resolution=side, arms=arms)
        if shortage(smaller) is not None:
            continue
        for one in (smaller, replace(smaller, batch_size=experiment.batch_size // 2)):
            if _allowed(one):
                return one
    return experiment


def _allowed(experiment: Experiment) -> bool:
    """Whether it may be started here, with as many pictures as may be."""
    policy = Home().policy
    try:
        policy.check_settings(experiment, policy.samples or 0)
    except Refused:
        return False
    return True


def _one_smaller(experiment: Experiment, room: float) -> str:
    """The largest batch, resolution and network, each in place of the chosen one; "" where none alone is enough."""
    smaller: list[list[tuple[str, dict[str, Any]]]] = [
        [(say("batches of {size}", size=size), {"batch_size": size}) for size in _batches(experiment)],
        [(say("a resolution of {side} px", side=side), {"resolution": side}) for side in _sides(experiment)],
        [(BACKBONES[name].title, {"backbone": name}) for name in _networks(experiment)],
    ]
    fitting: list[str] = []
    for kind in smaller:
        fitting += [words for words, own in kind if estimated_bytes(replace(experiment, **own)) <= room][:1]
    return either(fitting) if fitting else ""


def _all_smaller(experiment: Experiment, room: float) -> str:
    """The smallest of all three together; "" where that isn't enough."""
    size, side = min(_batches(experiment), default=experiment.batch_size), min(_sides(experiment), default=0)
    name = next(reversed(_networks(experiment)), experiment.backbone)
    side = max(side or experiment.resolution, BACKBONES[name].min_resolution)
    other = replace(experiment, batch_size=size, resolution=side, backbone=name)
    if other == experiment or estimated_bytes(other) > room:
        return ""
    return say("{network} with batches of {size} at {side} px", network=BACKBONES[name].title, size=size, side=side)


def _batches(experiment: Experiment) -> list[int]:
    """Those that the chosen one can be halved to, the largest first."""
    halves = (experiment.batch_size >> times for times in range(1, experiment.batch_size.bit_length()))
    return [size for size in halves if size >= LEAST_BATCH]


def _sides(experiment: Experiment) -> list[int]:
    """Lower resolutions that the network can take, the highest first."""
    takes = BACKBONES[experiment.backbone].takes
    return [side for side in sorted(RESOLUTIONS, reverse=True) if takes(side) and side < experiment.resolution]


def _networks(experiment: Experiment) -> list[str]:
    """Smaller ones that can take the resolution, the largest first."""
    most = BACKBONES[experiment.backbone].parameters
    smaller = (name for name, one in BACKBONES.items() if one.parameters < most)
    fitting = (name for name in smaller if BACKBONES[name].takes(experiment.resolution))
    return sorted(fitting, key=lambda name: -BACKBONES[name].parameters)
