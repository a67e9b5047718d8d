"""A network in evaluation mode with every BatchNorm folded into the convolution before it: the same function, faster."""

from collections import Counter
from copy import deepcopy

import torch
from torch import fx, nn
from torch.nn.utils.fusion import fuse_conv_bn_weights

from tl.train.frozen.tracing import trace


class Folded:
    """Computes what `network`, which is in evaluation mode, computes, up to rounding.

    All layers but the convolutions in question are the network's own; those follow its weights by `refresh`.
    """

    def __init__(self, network: nn.Module):
        self._network = network
        self._pairs: list[tuple[nn.Conv2d, nn.BatchNorm2d, nn.Conv2d]] = []
        if any(isinstance(module, nn.BatchNorm2d) for module in network.modules()):
            self._fold()
        self.refresh()

    def __call__(self, batch: torch.Tensor) -> torch.Tensor:
        """What the network makes of a batch."""
        made: torch.Tensor = self._network(batch)
        return made

    @torch.no_grad()
    def refresh(self) -> None:
        """Take over weights and statistics that have changed."""
        for conv, norm, twin in self._pairs:
            assert norm.running_mean is not None and norm.running_var is not None  # in evaluation mode it needs them
            scale = norm.weight, norm.bias
            twin.weight, twin.bias = (
                nn.Parameter(values, requires_grad=False)
                for values in fuse_conv_bn_weights(
                    conv.weight, conv.bias, norm.running_mean, norm.running_var, norm.eps, *scale
                )
            )

    def _fold(self) -> None:
        # Convolutions and norms of other libraries, and our own, are layers, too.
        graph = trace(self._network, lambda module, _: isinstance(module, nn.Conv2d | nn.BatchNorm2d))
        if graph is None:
            return
        modules = dict(self._network.named_modules())
        calls = Counter(node.target for node in graph.nodes if node.op == "call_module")
        folded = fx.GraphModule(self._network, graph)
        for node in list(graph.nodes):
            norm = modules.get(str(node.target)) if node.op == "call_module" else None
            if not isinstance(norm, nn.BatchNorm2d):
                continue
            before = node.args[0]
            conv = modules.get(str(before.target)) if before.op == "call_module" else None
            once = calls[node.target] == calls[before.target] == len(before.users) == 1
            plain = "Std" not in type(conv).__name__  # others standardise their weights first
            if once and plain and isinstance(conv, nn.Conv2d):
                twin = deepcopy(conv)
                folded.set_submodule(before.target, twin)
                self._pairs.append((conv, norm, twin))
                if isinstance(activation := getattr(norm, "act", None), nn.Module):  # timm's norm activates, too
                    folded.set_submodule(node.target, activation)
                    continue
                node.replace_all_uses_with(before)
                graph.erase_node(node)
        folded.recompile()
        self._network = folded
