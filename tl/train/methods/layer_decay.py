"""Everything trains, each block slower than the one above it by the same factor.

The recipe of BEiT (Bao et al. 2021, arXiv 2106.08254), ConvNeXt and others: a block b below the head has the rate
times decay^b. `discriminative` does so by stage.
"""

from collections.abc import Iterator

from torch import nn

from tl.backbones import BACKBONES
from tl.phases import HEAD, slower_towards_the_input
from tl.train.methods.method import Method


class LayerDecay(Method):
    """Plain training with a rate for each block."""

    def prepare(self, network: nn.Module) -> None:
        """Number the blocks; nothing is changed."""
        numbers = blocks(network, self.backbone)
        *below, head = slower_towards_the_input(1 + max(numbers.values()), self.arm.layer_decay)
        self._factors = {name: below[number] for name, number in numbers.items()}
        self._head = head

    def factor(self, name: str) -> float:
        """Of its block; the head's is 1."""
        return self._factors.get(name, self._head)


def blocks(network: nn.Module, backbone: str) -> dict[str, int]:
    """Name of each parameter outside the head -> number of its block, from 0 at the input.

    As timm groups its own networks; for others, a block is what a stage's sequence of modules consists of, or a
    convolution or linear layer by itself. A norm, or a bare parameter, belongs to what is before it.
    """
    table = BACKBONES[backbone]
    names = [name for name, _ in network.named_parameters() if table.stage_of(name) != HEAD]
    matcher = getattr(network, "group_matcher", None)
    if callable(matcher):
        from timm.models import group_parameters  # only where the network is one of its own

        of = group_parameters(network, matcher(coarse=False), reverse=True)
        ranks = {number: rank for rank, number in enumerate(sorted({of[name] for name in names}))}
        return {name: ranks[of[name]] for name in names}
    numbers: dict[str, int] = {}
    current, begun = 0, False
    for prefix in (prefix for prefixes in table.stages.values() for prefix in prefixes):
        for path, module in _units(network, prefix):
            if module is not None and (_has_children(module) or isinstance(module, nn.Conv2d | nn.Linear)):
                current, begun = current + begun, True
            numbers |= {name: current for name in names if name == path or name.startswith(path + ".")}
    return numbers


def _units(network: nn.Module, path: str) -> Iterator[tuple[str, nn.Module | None]]:
    """What blocks are made of, in order: (path, module), None for a bare parameter; sequences of modules that all have
    modules of their own are taken apart."""
    modules = dict(network.named_modules())
    module = modules.get(path)
    sequence = isinstance(module, nn.Sequential | nn.ModuleList | nn.ModuleDict)
    if module is not None and sequence and all(_has_children(child) for child in module.children()):
        for name, _ in module.named_children():
            yield from _units(network, f"{path}.{name}")
    elif module is None or any(True for _ in module.parameters()):
        yield path, module


def _has_children(module: nn.Module) -> bool:
    return any(True for _ in module.children())
