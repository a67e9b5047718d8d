"""The optimizers, their rates per stage, and the pull towards pretrained weights."""

import torch

from tl.config import RunConfig
from tl.strategies import HEAD, STRATEGIES, Phase
from tl.train.network import Stages

MOMENTUM = 0.9


def make_optimizer(stages: Stages, config: RunConfig) -> torch.optim.Optimizer:
    """One parameter group per stage, all of them from the start: a frozen one has no gradients and is passed over."""
    groups = [{"params": weights, "stage": name} for name, weights in stages.parameters.items() if weights]
    # The anchor is the weight decay of a strategy that has one: towards the pretrained weights instead of zero.
    decay = 0.0 if STRATEGIES[config.arm.strategy].anchored else config.weight_decay
    match config.optimizer:
        case "adam":
            return torch.optim.Adam(groups, lr=0.0, weight_decay=decay, fused=True)
        case "adamw":
            return torch.optim.AdamW(groups, lr=0.0, weight_decay=decay, fused=True)
        case "sgd":
            return torch.optim.SGD(groups, lr=0.0, weight_decay=decay, momentum=MOMENTUM, fused=True)
    raise AssertionError(config.optimizer)


def set_rates(optimizer: torch.optim.Optimizer, phase: Phase, rate: float) -> float:
    """Give every stage its part of `rate`; gives the head's."""
    for group in optimizer.param_groups:
        group["lr"] = rate * phase.rates.get(group["stage"], 0.0)
    return rate * phase.rates[HEAD]


class Anchor:
    """L2-SP (Li et al. 2018, arXiv 1802.01483): the penalty strength / 2 * |w - start|^2 on the backbone.

    The head, which starts at random, is pulled towards zero by the same strength.
    """

    def __init__(self, stages: Stages, strength: float):
        self._strength = strength
        self._pairs = [
            (weight, torch.zeros_like(weight) if name == HEAD else weight.detach().clone())
            for name, weights in stages.parameters.items()
            for weight in weights
        ]

    @torch.no_grad()
    def pull(self) -> None:
        """Add the penalty's gradient to the gradients of what trains."""
        pairs = [(weight, start) for weight, start in self._pairs if weight.grad is not None]
        gradients = [weight.grad for weight, _ in pairs]
        torch._foreach_add_(gradients, [weight for weight, _ in pairs], alpha=self._strength)
        torch._foreach_add_(gradients, [start for _, start in pairs], alpha=-self._strength)
