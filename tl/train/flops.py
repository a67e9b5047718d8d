"""How many floating-point operations a network takes per picture, by torch's own counter on shapes alone."""

import copy
from itertools import chain
from typing import Any

import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode, conv_flop_count

from tl.backbones import Backbone
from tl.train.frozen.pieces import Chain, run_pieces

# Layers that keep the shape and are not counted: without them counting takes a tenth of the time, which a short run
# would wait for.
_UNCOUNTED = (nn.modules.batchnorm._BatchNorm, nn.ReLU, nn.ReLU6, nn.Hardswish, nn.Hardsigmoid, nn.SiLU, nn.GELU)


def count(network: nn.Module, backbone: str | Backbone, resolution: int, cut: int) -> tuple[int, int]:
    """(forward of the frozen part before `cut`, forward and backward of the rest) per picture.

    Counted are matrix products and convolutions, a multiply-add as two operations; nothing is computed. The network's
    parameters say by `requires_grad` what trains.
    """
    shapes = _without_values(network).train()
    batch = torch.empty(2, 3, resolution, resolution, device="meta")
    frozen, *rest = Chain(shapes, backbone).pieces([cut]) if cut else (nn.Identity(), shapes)
    with _counter() as before, torch.no_grad():
        batch = frozen(batch)
    with _counter() as after:
        run_pieces(rest, batch).sum().backward()
    return before.get_total_flops() // 2, after.get_total_flops() // 2


def _without_values(network: nn.Module) -> nn.Module:
    """A copy whose weights have shapes but no values: it needs no memory."""
    memo = {}
    for tensor in chain(network.parameters(), network.buffers()):
        empty = torch.empty_like(tensor, device="meta", requires_grad=False)
        memo[id(tensor)] = (
            nn.Parameter(empty, requires_grad=tensor.requires_grad) if isinstance(tensor, nn.Parameter) else empty
        )
    shapes = copy.deepcopy(network, memo)
    for module in list(shapes.modules()):
        for name, child in module.named_children():
            if isinstance(child, _UNCOUNTED):
                setattr(module, name, nn.Identity())
    return shapes


def _counter() -> FlopCounterMode:
    return FlopCounterMode(display=False, custom_mapping={torch.ops.aten.convolution_backward: _convolution_backward})


def _convolution_backward(
    gradient: Any,
    batch: Any,
    weight: Any,
    bias: Any,
    stride: Any,
    padding: Any,
    dilation: Any,
    transposed: bool,
    *rest: Any,
    **unused: Any,
) -> int:
    """Each gradient costs what the forward pass costs; torch's own formula forgets the groups of depthwise ones."""
    output_mask = rest[-1]
    return int(sum(output_mask[:2]) * conv_flop_count(batch, weight, gradient, transposed=transposed))
