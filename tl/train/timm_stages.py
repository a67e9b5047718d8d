"""The stages of a network of timm's, made from timm's own groups of layers. Needed where the table of them is generated.

timm groups a network's parameters from the input to the head (`group_matcher`); the last group mixes what comes before
the classifier with it, which `pretrained_cfg["classifier"]` names.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import pairwise
from typing import Any

from timm.models import group_parameters
from torch import nn

MOST_STAGES = 7  # behind the stem: more groups (the blocks of a transformer, the layers of a VGG) are bundled
BUNDLES = 4


class NotOffered(Exception):
    """Why a network is not offered; the text goes on after "can't be used here: "."""


def config_of(network: nn.Module) -> dict[str, Any]:
    """What timm says of the weights and of the input of a network that it built."""
    found: dict[str, Any] = vars(network)["pretrained_cfg"]
    return found


def heads_of(network: nn.Module, classes: int) -> tuple[str, ...]:
    """Prefixes of the classifiers, linear layers for `classes`. Raises NotOffered where there is none."""
    named = config_of(network).get("classifier")
    heads = (named,) if isinstance(named, str) else tuple(named or ())
    modules = dict(network.named_modules())
    if not heads or not all(isinstance(modules.get(head), nn.Linear) for head in heads):
        raise NotOffered("it has no linear layer as its classifier")
    if any(modules[head].out_features != classes for head in heads):
        raise NotOffered("its classifier can't be made for other classes")
    return heads


def stages_of(network: nn.Module, heads: tuple[str, ...]) -> list[list[str]]:
    """Module prefixes of each stage, from the input on; together all parameters but those of the `heads`.

    Raises NotOffered where the network has no groups, or where one of its layers is in none or in several.
    """
    groups = _bundled(_groups(network, heads))
    stage_of = {name: number for number, names in enumerate(groups) for name in names}
    rest = [name for name, _ in network.named_parameters() if not _inside(name, heads)]
    if not rest or set(rest) != set(stage_of):
        raise NotOffered("timm does not say in which order its layers come")
    prefixes: list[list[str]] = [[] for _ in groups]
    _collect(network, "", stage_of, prefixes)
    # The rule of the table: every parameter in exactly one stage, none empty.
    if not all(prefixes) or any(sum(_inside(name, some) for some in prefixes) != 1 for name in rest):
        raise NotOffered("its layers can't be told apart by stage")
    return prefixes


def _groups(network: nn.Module, heads: tuple[str, ...]) -> list[list[str]]:
    """Parameters' names in timm's groups, from the input on, without the heads'; what stands beside them goes with the
    group before."""
    timms: Any = network
    try:
        found = group_parameters(network, timms.group_matcher(coarse=True))
    except Exception as error:  # whatever a network that is not made for it raises
        raise NotOffered("timm does not say in which order its layers come") from error
    groups: list[list[str]] = []
    for number in sorted(found):
        names = [name for name in found[number] if not _inside(name, heads)]
        if names and len(names) < len(found[number]) and len(groups) > 1:
            groups[-1] += names
        elif names:
            groups.append(names)
    if len(groups) < 2:
        raise NotOffered("timm sees its layers as one group")
    return groups


def _bundled(groups: list[list[str]]) -> list[list[str]]:
    """Many groups in quarters, the stem by itself."""
    stem, *blocks = groups
    if len(blocks) <= MOST_STAGES:
        return groups
    ends = [round(len(blocks) * n / BUNDLES) for n in range(BUNDLES + 1)]
    return [stem, *([name for block in blocks[begin:end] for name in block] for begin, end in pairwise(ends))]


def _inside(name: str, prefixes: Iterable[str]) -> bool:
    return any(name == prefix or name.startswith(prefix + ".") for prefix in prefixes)


def _collect(module: nn.Module, path: str, stage_of: dict[str, int], prefixes: list[list[str]]) -> None:
    """Put the largest modules that belong to one stage alone, and parameters that are in none, into `prefixes`."""
    inside = {number for name, number in stage_of.items() if not path or name.startswith(path + ".")}
    of_head = any(
        f"{path}.{name}".lstrip(".") not in stage_of for name, _ in module.named_parameters(remove_duplicate=False)
    )
    if path and len(inside) == 1 and not of_head:
        prefixes[inside.pop()].append(path)
        return
    for name, _ in module.named_parameters(recurse=False):
        whole = f"{path}.{name}".lstrip(".")
        if whole in stage_of:
            prefixes[stage_of[whole]].append(whole)
    for name, child in module.named_children():
        if inside:
            _collect(child, f"{path}.{name}".lstrip("."), stage_of, prefixes)


@contextmanager
def check_order(network: nn.Module, prefixes: list[list[str]]) -> Iterator[None]:
    """Raise NotOffered unless the stages run one after the other, from the input on, in what is computed meanwhile."""
    modules, ran = dict(network.named_modules()), []
    hooks = [
        modules[path].register_forward_pre_hook(lambda *_, number=number: ran.append(number))
        for number, some in enumerate(prefixes)
        for path in some
        if path in modules
    ]
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()
    firsts = [ran.index(number) for number in range(len(prefixes)) if number in ran]
    if firsts != sorted(firsts):
        raise NotOffered("its stages don't run one after the other")
