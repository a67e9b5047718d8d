"""What is known of every network that timm has, under the name timm:NAME. Neither torch nor timm.

timm_networks.json.gz is generated from the pinned timm by `python -m tl.train.timm_table`; networks whose stages can't be
told apart are not in it. Read when it is first asked for.
"""

import difflib
import gzip
import json
from functools import cache, reduce
from pathlib import Path
from typing import Any

from tl.languages import later, say
from tl.networks import Backbone, HubWeights, Input, reworded

PREFIX = "timm:"
FILE = Path(__file__).with_suffix(".json.gz")
WEIGHTS_FILE = "model.safetensors"  # in the hub's repository, where it has no other name
SIDES = tuple(range(32, 225, 16))  # of pictures, pixels: those that a comparison can have
# Why a network is left out, as the table has it in English.
REASONS = (
    later("it has no linear layer as its classifier"),
    later("timm does not say in which order its layers come"),
    later("it takes only larger pictures or others, such as {side} px"),
    later("it has {number} million parameters, more than {most} million"),
)


@cache
def _table() -> dict[str, Any]:
    document: dict[str, Any] = json.loads(gzip.decompress(FILE.read_bytes()))
    return document


def names() -> tuple[str, ...]:
    """Every network, as timm:NAME, by name."""
    return tuple(PREFIX + name for name in _table()["networks"])


def known(name: str) -> bool:
    """Whether `name` is a network of timm's that can be used here."""
    return name.startswith(PREFIX) and name.removeprefix(PREFIX) in _table()["networks"]


def in_short(name: str) -> tuple[str, str, int]:
    """Title, family and number of parameters of timm:NAME."""
    plain = name.removeprefix(PREFIX)
    facts = _table()["networks"][plain]
    return plain, facts["family"], facts["parameters"]


@cache
def network(name: str) -> Backbone:
    """What is known of timm:NAME. Raises KeyError where there is none."""
    if not known(name):
        raise KeyError(name)
    plain = name.removeprefix(PREFIX)
    return backbone_of(plain, _table()["networks"][plain], _table()["inputs"])


def backbone_of(name: str, facts: dict[str, Any], inputs: list[Any]) -> Backbone:
    """A network of timm's from its entry in the table."""
    sides = tuple(facts.get("sides", ()))
    stages = ("stem", *(f"stage{number}" for number in range(1, len(facts["stages"]))))
    return Backbone(
        title=name,
        timm=name,
        family=facts["family"],
        stages=dict(zip(stages, map(tuple, facts["stages"]), strict=True)),
        head=facts["head"],
        other_heads=tuple(facts.get("heads", ())),
        parameters=facts["parameters"],
        gflops=facts["gflops"],
        gflops_side=facts["side"],
        imagenet=None,
        hub=tuple(_weights(name, inputs, entry) for entry in facts["weights"]),
        min_resolution=sides[0] if sides else facts["smallest"],
        sides=sides,
        sized=facts.get("sized", False),
        whole=facts.get("whole", False),
        activation_bytes=facts["activations"] * 1e6,
    )


def _weights(name: str, inputs: list[Any], entry: list[Any]) -> HubWeights:
    """Weights as the table has them: what is empty there is as it usually is."""
    tag, repository, file, licence, source_data, accuracy, classes, expects = entry
    mean, std, size, interpolation = inputs[expects]
    return HubWeights(
        key=tag or "default",
        repository=repository or f"timm/{name}{'.' * bool(tag)}{tag}",
        file=file or WEIGHTS_FILE,
        licence=licence,
        source_data=source_data,
        accuracy=accuracy,
        classes=classes,
        input=Input(mean=tuple(mean), std=tuple(std), size=size, interpolation=interpolation),
    )


def search(words: list[str]) -> list[str]:
    """The networks in whose name, family, weights or licences every one of the words is found, by name."""
    wanted = [word.lower().removeprefix(PREFIX) for word in words]
    return [name for name, text in _texts().items() if all(word in text for word in wanted)]


@cache
def _texts() -> dict[str, str]:
    return {
        PREFIX + name: " ".join([name, facts["family"], *(f"{each[0]} {each[3]}" for each in facts["weights"])]).lower()
        for name, facts in _table()["networks"].items()
    }


def unknown(name: str) -> str:
    """What to say where timm:NAME can't be used: the nearest names, and how to find others."""
    plain = name.removeprefix(PREFIX)
    network_name, _, tag = plain.partition(".")
    if tag and known(PREFIX + network_name) and tag in [each.key for each in network(PREFIX + network_name).hub]:
        both = later("{name!r:.100} names a network and its weights; say --backbone {network} --weights {weights}.")
        return say(both, name=name, network=PREFIX + network_name, weights=tag)
    if reason := _table()["left_out"].get(plain):
        why = reworded(reason, *REASONS)
        return say("timm's network {network} can't be used here: {reason}.", network=plain, reason=why)
    near = [PREFIX + each for each in difflib.get_close_matches(plain, _table()["networks"], 3, 0.5)]
    said = {"version": _table()["timm"], "network": plain}
    if not near:
        return say(
            "timm {version} has no network {network!r:.100}. `python -m tl backbones WORDS` finds names.", **said
        )
    meant = reduce(lambda so_far, other: say("{one} or {other}", one=so_far, other=other), near)
    return say(
        "timm {version} has no network {network!r:.100}; did you mean {meant}? `python -m tl backbones WORDS` finds names.",
        meant=meant,
        **said,
    )
