"""A network as a chain that can be cut where its frozen part ends: the part before is computed once and kept.

`torch.fx` gives the order in which the modules of a network run; a cut is a place in that order.
"""

from collections.abc import Callable, Sequence

import torch
from torch import fx, nn

from tl.backbones import BACKBONES, Backbone
from tl.train.frozen.tracing import trace

WHOLE = 0  # the cut before everything: nothing is frozen at the input's end


class Chain:
    """The steps of `network` in the order in which they run. One whose order can't be recorded is never cut."""

    def __init__(self, network: nn.Module, backbone: str | Backbone):
        self._network = network
        self._table = backbone if isinstance(backbone, Backbone) else BACKBONES[backbone]
        steps = {prefix for prefixes in (*self._table.stages.values(), self._table.heads) for prefix in prefixes}
        graph = None if self._table.whole else trace(network, lambda module, name: name in steps)
        self._nodes = list(graph.nodes) if graph else []
        self._modules = dict(network.named_modules())

    def cut(self, training: set[str]) -> int:
        """Place before which nothing depends on the parts that train (names of stages, HEAD); WHOLE where none is.

        Random layers that no frozen stage owns (a dropout before the head) come after the cut.
        """
        place = next((number for number, node in enumerate(self._nodes) if self._moves(node, training)), WHOLE)
        while place > WHOLE and len(self._crossing(place)) != 1:
            place -= 1
        return place if any(self._part(node) for node in self._nodes[:place]) else WHOLE

    def pieces(self, cuts: Sequence[int]) -> list[nn.Module]:
        """The network cut at each of the ascending `cuts` (none of them WHOLE): one module more than cuts.

        They share the network's layers; each takes what the one before gives.
        """
        ends = [*cuts, len(self._nodes) - 1]
        return [self._piece(start, end) for start, end in zip([1, *cuts], ends, strict=True)]

    def _part(self, node: fx.Node) -> str | None:
        try:
            return self._table.stage_of(str(node.target)) if node.op in ("call_module", "get_attr") else None
        except KeyError:
            return None

    def _moves(self, node: fx.Node, training: set[str]) -> bool:
        part = self._part(node)
        if node.op == "call_module" and part is None:
            return getattr(self._modules[node.target], "p", 0) > 0  # dropout
        return part in training

    def _crossing(self, place: int) -> list[fx.Node]:
        """Values made before `place` and used from there on."""
        after = set(self._nodes[place:])
        return [node for node in self._nodes[:place] if any(user in after for user in node.users)]

    def _piece(self, start: int, end: int) -> fx.GraphModule:
        graph, new = fx.Graph(), {}
        (given,) = self._crossing(start)
        new[given] = graph.placeholder("x")
        for node in self._nodes[start:end]:
            new[node] = graph.node_copy(node, lambda old: new[old])
        (result,) = self._crossing(end)
        graph.output(new[result])
        graph.lint()
        return fx.GraphModule(self._network, graph)


def run_pieces(pieces: Sequence[Callable[[torch.Tensor], torch.Tensor]], value: torch.Tensor) -> torch.Tensor:
    """The value after all `pieces`."""
    for piece in pieces:
        value = piece(value)
    return value
