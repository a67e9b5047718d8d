"""Which sources there are for a backbone, and which one a key stands for."""

from collections.abc import Sequence
from contextlib import suppress

from tl.backbones import BACKBONES, IMAGENET_INPUT, Input, unknown
from tl.config import Experiment, Refused, new_id, refusal
from tl.config.training import AUTO, BUNDLED, IMAGENET
from tl.languages import later, say
from tl.sources.cards import bundled, library
from tl.sources.imagenet import imagenet, missing
from tl.sources.source import Source
from tl.sources.timm import hub, networks_in_cache
from tl.store.files import read_json
from tl.store.home import Home
from tl.strategies import RANDOM


def available(home: Home, backbone: str) -> list[Source]:
    """Everything that can be transferred to `backbone`: bundled, ImageNet or a hub's, then own models by name; keys are
    unique."""
    if backbone not in BACKBONES:
        raise Refused(unknown(backbone))
    found: dict[str, Source] = {}
    for entry in (*bundled(backbone), *imagenet(backbone), *hub(backbone), *library(home, backbone)):
        found.setdefault(entry.key, entry)
    return list(found.values())


def source(home: Home, backbone: str, key: str) -> Source:
    """The source that `key` stands for: "auto" is the bundled one, else ImageNet, else the first that a hub has. Raises
    Refused for what can't be had, and for "auto" where nobody publishes weights."""
    known = {entry.key: entry for entry in available(home, backbone)}
    ours = [entry.key for entry in known.values() if entry.state == "bundled"]
    wanted = key
    if key in (AUTO, BUNDLED):
        published = next((weights.key for weights in BACKBONES[backbone].hub), IMAGENET)
        wanted = ours[0] if ours else published if key == AUTO else key
    if wanted not in known:
        if key == RANDOM:
            raise refusal(
                "Random weights are set per arm: scratch always has them; with two data sets, give "
                "dann:weights=random, for example."
            )
        if not BACKBONES[backbone].published and not ours:
            raise Refused(none_published(backbone, list(known)))
        names = ", ".join((AUTO, *known))
        no_such = later("There are no pretrained weights {key!r} for {backbone}; available: {names}.")
        raise refusal(no_such, key=key, backbone=backbone, names=names)
    if known[wanted].state == "missing":
        raise missing(backbone)
    return known[wanted]


def resolve(home: Home, backbone: str, key: str) -> str:
    """The key of the source that `key` stands for, as `source`."""
    return source(home, backbone, key).key


def used(home: Home, experiment: Experiment) -> list[Source]:
    """What the arms of an experiment start from, each once; without what is no longer there."""
    found: dict[tuple[str, str], Source] = {}
    for run in experiment.runs(new_id()):
        if run.arm.pretrained:
            with suppress(Refused):
                entry = source(home, run.backbone, run.weights)
                found.setdefault((entry.backbone, entry.key), entry)
    return list(found.values())


def none_published(backbone: str, own: Sequence[str]) -> str:
    """Why nothing can be transferred to a network without published weights, and what to do; `own`: models of the
    library."""
    title = BACKBONES[backbone].title
    if own:
        text = later(
            "Nobody publishes pretrained weights for {network}: name your own ({own}) or make more with `python -m tl pretrain "
            "--backbone {backbone} --dataset NAME`, or compare only arms that start with random weights."
        )
        return say(text, network=title, own=", ".join(own), backbone=backbone)
    return say(
        "Nobody publishes pretrained weights for {network}: make your own with `python -m tl pretrain "
        "--backbone {backbone} --dataset NAME`, or compare only arms that start with random weights.",
        network=title,
        backbone=backbone,
    )


def input_of(home: Home, backbone: str, key: str) -> Input:
    """What every arm of a comparison is fed: what its weights expect; where it has none, what the published ones do."""
    try:
        return source(home, backbone, key).input
    except Refused:
        published = BACKBONES[backbone].imagenet or next(iter(BACKBONES[backbone].hub), None)
        return published.input if published else IMAGENET_INPUT


def networks_here(home: Home) -> list[str]:
    """The networks that something can be transferred to: the table's, and those of timm's with weights here."""
    cards = (read_json(path) for path in home.library_dir.glob("*/card.json"))
    named = {str(card.get("backbone")) for card in cards if isinstance(card, dict)}
    own = {name for name in named if name in BACKBONES}
    return list(dict.fromkeys((*BACKBONES, *networks_in_cache(), *sorted(own))))
