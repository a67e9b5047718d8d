"""How the modules of a network run, recorded by torch.fx: of torchvision's networks, ours, and timm's."""

import sys
from collections.abc import Callable
from typing import Any

from torch import fx, nn


class Tracer(fx.Tracer):
    """Records as single steps the layers of torch, those that `is_step` names, and what timm says can't be recorded."""

    def __init__(self, is_step: Callable[[nn.Module, str], bool]):
        layers: Any = sys.modules.get("timm.layers")  # not imported for others: it takes a second
        functions = layers.get_notrace_functions() if layers else ()
        super().__init__(autowrap_functions=tuple(functions))
        self._is_step = is_step
        self._timms = tuple(layers.get_notrace_modules()) if layers else ()

    def is_leaf_module(self, module: nn.Module, name: str) -> bool:
        """Whether `module` is one step."""
        return self._is_step(module, name) or isinstance(module, self._timms) or super().is_leaf_module(module, name)


def trace(network: nn.Module, is_step: Callable[[nn.Module, str], bool]) -> fx.Graph | None:
    """The steps of `network` in the order in which they run; None where that depends on more than its layers."""
    try:
        return Tracer(is_step).trace(network)
    except Exception:  # whatever a network's own code raises where it is given no picture
        return None
