"""Low-rank updates of frozen weights: W = W0 + scale * B A (Hu et al. 2021, arXiv 2106.09685).

B, (out, rank), and A, (rank, in), train in place of each weight matrix of attention, linear layers and 1x1 convolutions;
the head trains whole. The network itself always holds the merged weights: by the chain rule, the gradients of B and A
follow from that of W (dB = scale * dW A', dA = scale * B' dW), so that its layers, however they use W (torch's attention
hands it to a function), need not be replaced, and nothing is left to merge. What that costs beside factors inside of the
layers is W's gradient: an epoch takes about as long as one of full fine-tuning. What is spared is the optimizer's memory
and the checkpoints. The library peft would bring transformers and accelerate with it, for a hundred lines.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import nn

from tl.backbones import BACKBONES
from tl.phases import HEAD
from tl.train.methods.method import Method

PREFIX = "lora"  # of the factors' names in the network; a dot in the name of their weight becomes a slash
ATTENTION = ("in_proj_weight", "q_proj_weight", "k_proj_weight", "v_proj_weight")  # of torch's own, bare parameters


class Factors(nn.Module):
    """B and A of one weight; B is zero at first, so that training starts from W0."""

    def __init__(self, weight: nn.Parameter, rank: int):
        super().__init__()
        out, inner = weight.flatten(1).shape
        rank = min(rank, out, inner)
        self.b = nn.Parameter(weight.new_zeros(out, rank))
        self.a = nn.Parameter(weight.new_empty(rank, inner))
        nn.init.kaiming_uniform_(self.a, a=math.sqrt(5))


@dataclass(frozen=True)
class Update:
    """A weight of the network, what it was at the start, and the factors of what is added."""

    weight: nn.Parameter
    start: torch.Tensor  # (out, in)
    factors: Factors


class Lora(Method):
    """The factors train, and the head; BatchNorm's statistics stay those of the frozen weights."""

    statistics = False

    def prepare(self, network: nn.Module) -> None:
        """Add the factors to the network, outside of all that computes."""
        chosen = dict(adapted(network, self.backbone))
        factors = {name.replace(".", "/"): Factors(weight, self.arm.lora_rank) for name, weight in chosen.items()}
        network.add_module(PREFIX, nn.ModuleDict(factors))
        pairs = zip(chosen.values(), factors.values(), strict=True)
        self._updates = [Update(weight, weight.detach().flatten(1).clone(), own) for weight, own in pairs]

    def owner(self, name: str) -> str:
        """The weight whose factor it is."""
        if not name.startswith(PREFIX + "."):
            return name
        return name.split(".")[1].replace("/", ".")

    def trains(self, name: str) -> bool:
        """Whether it is a factor, or of the head."""
        return name.startswith(PREFIX + ".") or BACKBONES[self.backbone].stage_of(name) == HEAD

    def begin(self) -> None:
        """Have gradients computed for the weights, too: those of the factors follow from them."""
        for update in self._updates:
            update.weight.requires_grad_(True)

    @torch.no_grad()
    def after_backward(self) -> None:
        """The factors get their gradients, the weights lose theirs: no optimizer moves them."""
        scale = self.arm.lora_scale
        for update in self._updates:
            if update.weight.grad is not None:
                gradient, own = update.weight.grad.flatten(1), update.factors
                own.b.grad = scale * (gradient @ own.a.T)
                own.a.grad = scale * (own.b.T @ gradient)
                update.weight.grad = None

    @torch.no_grad()
    def after_step(self) -> None:
        """The weights follow the factors."""
        for update in self._updates:
            own = update.factors
            merged = torch.addmm(update.start, own.b, own.a, alpha=self.arm.lora_scale)
            update.weight.copy_(merged.view(update.weight.shape))

    def restored(self) -> None:
        """Checkpoints hold the factors only."""
        self.after_step()

    def finish(self, network: nn.Module) -> None:
        """Take the factors out; the weights have them in."""
        delattr(network, PREFIX)


def adapted(network: nn.Module, backbone: str) -> Iterator[tuple[str, nn.Parameter]]:
    """(name, weight) of every weight that gets a low-rank update."""
    stage_of = BACKBONES[backbone].stage_of
    for path, module in network.named_modules():
        dense = isinstance(module, nn.Linear) or (
            isinstance(module, nn.Conv2d) and module.kernel_size == (1, 1) and module.groups == 1
        )
        own = ATTENTION if isinstance(module, nn.MultiheadAttention) else ("weight",) if dense else ()
        for name in own:
            weight = getattr(module, name)
            if weight is not None and stage_of(f"{path}.{name}") != HEAD:
                yield f"{path}.{name}", weight
