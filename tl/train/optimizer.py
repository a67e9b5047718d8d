"""The optimizers and their rates per stage, and per block where a method wants that."""

from itertools import groupby

import torch

from tl.config import RunConfig
from tl.phases import Phase
from tl.train.methods.method import Method
from tl.train.network import Stages

MOMENTUM = 0.9


def make_optimizer(stages: Stages, config: RunConfig, method: Method | None = None) -> torch.optim.Optimizer:
    """One parameter group per stage, or per part of it to which `method` gives a rate of its own; all of them from the
    start: a frozen one has no gradients and is passed over."""
    method = method or Method(config)
    groups = [
        {"params": list(weights), "stage": stage, "factor": factor}
        for stage, parameters in stages.parameters.items()
        for factor, weights in groupby(
            sorted(parameters, key=lambda weight: method.factor(stages.names[weight])),
            key=lambda weight: method.factor(stages.names[weight]),
        )
    ]
    decay = config.weight_decay if method.decays else 0.0
    match config.optimizer:
        case "adam":
            return torch.optim.Adam(groups, lr=0.0, weight_decay=decay, fused=True)
        case "adamw":
            return torch.optim.AdamW(groups, lr=0.0, weight_decay=decay, fused=True)
        case "sgd":
            return torch.optim.SGD(groups, lr=0.0, weight_decay=decay, momentum=MOMENTUM, fused=True)
    raise AssertionError(config.optimizer)


def set_rates(optimizer: torch.optim.Optimizer, phase: Phase, rate: float) -> None:
    """Give every stage its part of `rate`."""
    for group in optimizer.param_groups:
        group["lr"] = rate * phase.rates.get(group["stage"], 0.0) * group["factor"]
