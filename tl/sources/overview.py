"""What one wants to know of a network before choosing it: size, work, published accuracy, licence, whether weights are here."""

from dataclasses import asdict, dataclass
from typing import Any

from tl import timm_networks
from tl.backbones import BACKBONES
from tl.languages import say
from tl.sources.catalogue import available
from tl.sources.source import HERE
from tl.store.home import Home
from tl.words import count, millions, not_available, percent


@dataclass(frozen=True, kw_only=True)
class Overview:
    """One network; accuracy and licence are those of the weights named first."""

    name: str  # as --backbone takes it
    title: str
    family: str
    parameters: int
    gflops: float | None  # multiply-adds of one picture, 1e9
    gflops_side: int  # of that picture, pixels
    accuracy: float | None  # top-1 on ImageNet-1k as published, fraction 0..1
    licence: str | None  # None: there are no weights
    weights: tuple[str, ...]  # keys of everything that can be transferred
    weights_here: tuple[str, ...]  # those that are on this computer

    def to_json(self) -> dict[str, Any]:
        """JSON-ready dict."""
        return asdict(self)

    @property
    def work(self) -> str:
        """ "1.81 GFLOPs at 224 px"."""
        if self.gflops is None:
            return not_available()
        return say("{gflops:.3g} GFLOPs at {side} px", gflops=self.gflops, side=self.gflops_side)


def overview(home: Home, name: str) -> Overview:
    """What is known of the network `name`. Raises Refused where there is none."""
    found, table = available(home, name), BACKBONES[name]
    published = [entry for entry in found if entry.state not in ("bundled", "library")]
    first = next(iter(published or found), None)
    return Overview(
        name=name,
        title=table.title,
        family=table.family,
        parameters=table.parameters,
        gflops=table.gflops,
        gflops_side=table.gflops_side,
        accuracy=published[0].accuracy if published else None,
        licence=first.licence if first else None,
        weights=tuple(entry.key for entry in found),
        weights_here=tuple(entry.key for entry in found if entry.state in HERE),
    )


def search(words: list[str]) -> list[str]:
    """Networks that all the words are said of: the table's first, then timm's by name."""
    wanted = [word.lower() for word in words]
    texts = {name: f"{name} {table.title} {table.family}".lower() for name, table in BACKBONES.items()}
    own = [name for name, text in texts.items() if all(word in text for word in wanted)]
    return own + timm_networks.search(words)


def label(name: str) -> str:
    """A network in a list in which one searches: "vit_tiny_patch16_224 · ViT · 5.7 million parameters"."""
    table = BACKBONES.get(name)
    title, family, parameters = (table.title, table.family, table.parameters) if table else timm_networks.in_short(name)
    told = "" if family.lower() in title.lower() else f" · {family}"
    return f"{title}{told} · " + say("{number} parameters", number=millions(parameters))


def summary(found: Overview) -> str:
    """One line below the chosen network."""
    facts: list[str] = [found.family, found.work]
    if found.accuracy is not None:
        facts.append(say("{accuracy} top-1 on ImageNet as published", accuracy=percent(found.accuracy)))
    here, known = count(len(found.weights_here)), count(len(found.weights))
    there_are = say("{here} of {known} weights on this computer", here=here, known=known)
    return " · ".join([*facts, there_are if found.weights else say("no weights")])
