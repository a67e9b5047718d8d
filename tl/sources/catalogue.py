"""Which sources there are for a backbone, and which one a key stands for."""

from collections.abc import Sequence

from tl.backbones import BACKBONES, IMAGENET_INPUT, Input
from tl.config import Refused
from tl.sources.cards import bundled, library
from tl.sources.package_index import missing, packaged
from tl.sources.source import AUTO, BUNDLED, IMAGENET, Source
from tl.sources.torchvision import published
from tl.store.home import Home


def available(home: Home, backbone: str) -> list[Source]:
    """Everything that can be transferred to `backbone`: bundled, ImageNet, then own models by name; keys are unique."""
    if backbone not in BACKBONES:
        raise Refused(f"backbone is {backbone!r}; it must be one of {', '.join(BACKBONES)}.")
    found: dict[str, Source] = {}
    for entry in (*bundled(backbone), *packaged(backbone), *published(backbone), *library(home, backbone)):
        found.setdefault(entry.key, entry)
    return list(found.values())


def source(home: Home, backbone: str, key: str) -> Source:
    """The source that `key` stands for: "auto" is the bundled one, else ImageNet. Raises Refused for what can't be had, and
    for "auto" where nobody publishes weights."""
    known = {entry.key: entry for entry in available(home, backbone)}
    ours = [entry.key for entry in known.values() if entry.state == "bundled"]
    wanted = key
    if key in (AUTO, BUNDLED):
        wanted = ours[0] if ours else IMAGENET if key == AUTO else key
    if wanted not in known:
        if BACKBONES[backbone].imagenet is None and not ours:
            raise Refused(none_published(backbone, list(known)))
        names = ", ".join((AUTO, *known))
        raise Refused(f"There are no pretrained weights {key!r} for {backbone}; there is: {names}.")
    if known[wanted].state == "missing":
        raise missing(backbone)
    return known[wanted]


def resolve(home: Home, backbone: str, key: str) -> str:
    """The key of the source that `key` stands for, as `source`."""
    return source(home, backbone, key).key


def none_published(backbone: str, own: Sequence[str]) -> str:
    """Why nothing can be transferred to a network without published weights, and what to do; `own`: models of the
    library."""
    named = f"name your own ({', '.join(own)}) or make more" if own else "make your own"
    return (
        f"Nobody publishes pretrained weights for {BACKBONES[backbone].title}: {named} with `python -m tl pretrain "
        f"--backbone {backbone} --dataset NAME`, or compare only arms that start with random weights."
    )


def input_of(home: Home, backbone: str, key: str) -> Input:
    """What every arm of a comparison is fed: what its weights expect; where it has none, what the published ones do."""
    try:
        return source(home, backbone, key).input
    except Refused:
        published = BACKBONES[backbone].imagenet
        return published.input if published else IMAGENET_INPUT
