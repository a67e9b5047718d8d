"""The learning-rate range test (Smith 2017, arXiv 1506.01186): which rate suits an arm, found the same way for each.

The rate grows exponentially from step to step until the loss takes off. A tenth of the rate at which the smoothed loss
was lowest is chosen: there it still falls fast, with a margin to where it rises.
"""

import copy
import math
from collections.abc import Callable, Iterator

import torch

LOWEST, HIGHEST, STEPS = 1e-6, 1.0, 100
SMOOTHING = 0.95  # of the running mean
TAKEN_OFF = 3.0  # times the lowest smoothed loss: beyond it nothing is learnt about the rate
DIVISOR = 10.0


def find_rate(
    network: torch.nn.Module, optimizer: torch.optim.Optimizer, step: Callable[[float], float], batches: Iterator
) -> tuple[float, list[dict]]:
    """(rate, curve), the curve as rows of learning_rate and smoothed loss; network and optimizer are put back.

    `step(rate, *batch)` trains on one of the endless `batches` at `rate` and gives the loss.
    """
    before = copy.deepcopy(network.state_dict()), copy.deepcopy(optimizer.state_dict())
    curve, mean, lowest = [], 0.0, float("inf")
    for number in range(STEPS):
        rate = LOWEST * (HIGHEST / LOWEST) ** (number / (STEPS - 1))
        loss = step(rate, *next(batches))
        if not math.isfinite(loss):
            break
        mean = SMOOTHING * mean + (1 - SMOOTHING) * loss
        smooth = mean / (1 - SMOOTHING ** (number + 1))
        curve.append({"learning_rate": rate, "loss": smooth})
        lowest = min(lowest, smooth)
        if smooth > TAKEN_OFF * lowest:
            break
    network.load_state_dict(before[0])
    optimizer.load_state_dict(before[1])
    best = min(curve, key=lambda row: row["loss"], default={"learning_rate": LOWEST * DIVISOR})
    return float(f"{best['learning_rate'] / DIVISOR:.2g}"), curve
