"""DANN: a discriminator learns to tell source from target by the features, the network to make that impossible.

Between the two lies a layer that reverses the gradient and weighs it by a ramp (Ganin et al. 2016, arXiv 1505.07818).
"""

import math
from typing import Any

import torch
from torch import nn

from tl.backbones import BACKBONES
from tl.train.methods.adapting import Adapting

DISCRIMINATOR = "domain_discriminator"  # its name in the network, outside of all that answers
HIDDEN = 256  # units of each of its two hidden layers: it costs a hundredth of the network
STEEPNESS = 10.0  # of the ramp, section 5.2.2 of the paper


class Dann(Adapting):
    """The discriminator sees what reaches the head; it trains with a rate of its own, as a multiple of the head's."""

    _features: torch.Tensor | None = None  # that have reached the head

    def prepare(self, network: nn.Module) -> None:
        """Add the discriminator, and catch what reaches the head in training."""
        head = network.get_submodule(BACKBONES[self.backbone].head)
        assert isinstance(head, nn.Linear)
        layers = discriminator(self.inputs(head))
        network.add_module(DISCRIMINATOR, layers.to(head.weight.device))
        self._discriminator = layers
        self._hook = head.register_forward_pre_hook(self._catch)

    def inputs(self, head: nn.Linear) -> int:
        """How many numbers the discriminator sees of a picture."""
        return head.in_features

    def _catch(self, head: nn.Module, inputs: tuple[torch.Tensor]) -> None:
        self._features = inputs[0] if head.training else None

    def owner(self, name: str) -> str:
        """The discriminator is the head's: it always trains, and belongs to no stage."""
        return f"{BACKBONES[self.backbone].head}.weight" if name.startswith(DISCRIMINATOR) else name

    def factor(self, name: str) -> float:
        """Of the head's rate."""
        return self.arm.domain_rate if name.startswith(DISCRIMINATOR) else 1.0

    def begin(self) -> None:
        """Start counting again."""
        super().begin()
        self._right: list[torch.Tensor] = []

    def seen(self, features: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
        """What the discriminator sees of (N, D) features and the (N, C) scores that follow from them."""
        return features

    def adaptation(self, scores: torch.Tensor, pictures: int) -> torch.Tensor:
        """How badly it tells them apart: its cross-entropy, whose gradient the network gets reversed."""
        assert self._features is not None, "nothing has reached the head"
        features, self._features = self._features.to(scores.dtype), None
        told = self._discriminator(reversed_gradient(self.seen(features, scores), ramp(self.done)))[:, 0]
        domains = torch.zeros_like(told)
        domains[:pictures] = 1.0  # the source's
        self._right.append(((told.detach() > 0) == domains.bool()).float().mean())
        return nn.functional.binary_cross_entropy_with_logits(told, domains)

    def noted(self) -> dict[str, float | int | None]:
        """What adapting tells, and how many pictures the discriminator told apart."""
        known = {"domain_accuracy": float(torch.stack(self._right).cpu().double().mean())} if self._right else {}
        return super().noted() | known

    def finish(self, network: nn.Module) -> None:
        """Take the discriminator out."""
        self._hook.remove()
        delattr(network, DISCRIMINATOR)


def discriminator(inputs: int) -> nn.Sequential:
    """(N, inputs) -> (N, 1), above 0 where a picture seems to be of the source."""
    return nn.Sequential(
        nn.Linear(inputs, HIDDEN), nn.ReLU(), nn.Linear(HIDDEN, HIDDEN), nn.ReLU(), nn.Linear(HIDDEN, 1)
    )


def ramp(done: float) -> float:
    """The weight of the reversed gradient once the share `done`, 0..1, of training is behind: from 0 towards 1."""
    return 2 / (1 + math.exp(-STEEPNESS * done)) - 1


def reversed_gradient(values: torch.Tensor, strength: float) -> torch.Tensor:
    """The same values, whose gradient is -`strength` times what it would be."""
    found: torch.Tensor = _Reversed.apply(values, strength)
    return found


class _Reversed(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, values: torch.Tensor, strength: float) -> torch.Tensor:
        ctx.strength = strength
        return values.view_as(values)

    @staticmethod
    def backward(ctx: Any, *gradients: torch.Tensor) -> tuple[torch.Tensor, None]:
        return -ctx.strength * gradients[0], None
