"""The learning-rate range test (Smith 2017, arXiv 1506.01186): which rate suits an arm, found the same way for each.

The rate grows exponentially from step to step until the loss takes off. A tenth of the rate at which the smoothed loss
was lowest is chosen: there it still falls fast, with a margin to where it rises. That only where the loss had clearly
fallen by then: the lowest of losses that do nothing but scatter is one batch's luck and says nothing about rates.
"""

import copy
import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import torch

from tl.languages import say
from tl.words import rate as in_words

LOWEST, HIGHEST, STEPS = 1e-6, 1.0, 100
FIRST = 20  # steps whose rates are too low to learn anything: what the loss begins with, no place for its minimum
SMOOTHING = 0.95  # of the running mean
TAKEN_OFF = 3.0  # times the lowest smoothed loss: beyond it nothing is learned about the rate
ERRORS = 3.0  # standard errors by which the loss must have fallen
DIVISOR = 10.0

Row = dict[str, float]  # of the curve: learning_rate and smoothed loss


def find_rate(
    network: torch.nn.Module,
    optimizer: torch.optim.Optimizer,
    step: Callable[..., float],
    batches: Iterator[Any],
    per_step: int = 1,
) -> tuple[float | None, list[Row]]:
    """(rate, curve), the rate None where the curve shows none; network and optimizer are put back.

    `step(rate, *batch)` trains on one of the endless `batches` at `rate` and gives the loss; a step of the test takes
    `per_step` of them.
    """
    before = copy.deepcopy(network.state_dict()), copy.deepcopy(optimizer.state_dict())
    losses: list[float] = []
    curve: list[Row] = []
    lowest = math.inf
    for number in range(STEPS):
        rate = LOWEST * (HIGHEST / LOWEST) ** (number / (STEPS - 1))
        loss = _mean_loss(step, rate, batches, per_step)
        if not math.isfinite(loss):
            break
        losses.append(loss)
        smooth = _smoothed(losses)
        curve.append({"learning_rate": rate, "loss": smooth})
        lowest = min(lowest, smooth)
        if smooth > TAKEN_OFF * lowest:
            break
    network.load_state_dict(before[0])
    optimizer.load_state_dict(before[1])
    place = clear_minimum(losses)
    return None if place is None else float(f"{curve[place]['learning_rate'] / DIVISOR:.2g}"), curve


def _mean_loss(step: Callable[..., float], rate: float, batches: Iterator[Any], number: int) -> float:
    """Of so many batches; the first that is not finite where there is one."""
    total = 0.0
    for _ in range(number):
        total += step(rate, *next(batches))
        if not math.isfinite(total):
            break
    return total / number


def clear_minimum(losses: Sequence[float]) -> int | None:
    """The step with the lowest smoothed loss, of those after the FIRST; None where that is not clearly below theirs.

    Clearly: by ERRORS standard errors of the difference. How much the losses of single steps scatter is read off
    neighbours, so that what all fall by does not count: the median of their differences, which few large ones hardly
    move.
    """
    if len(losses) <= FIRST:
        return None
    smooth = [_smoothed(losses[: number + 1]) for number in range(len(losses))]
    place = FIRST + int(np.argmin(smooth[FIRST:]))
    scatter = float(np.median(np.abs(np.diff(losses[: place + 1])))) / (0.6745 * math.sqrt(2))
    error = scatter * math.sqrt(1 / FIRST + float((_weights(place + 1) ** 2).sum()))
    return place if float(np.mean(losses[:FIRST])) - smooth[place] > ERRORS * error else None


def none_shown(usual: float) -> str:
    """A note on a run whose range test showed no rate."""
    return say(
        "The range test found no learning rate: at none did the loss fall by more than it varies from batch to batch. "
        "The usual rate of {rate} was used.",
        rate=in_words(usual),
    )


def _smoothed(losses: Sequence[float]) -> float:
    """The running mean at the last of them."""
    return float(_weights(len(losses)) @ np.asarray(losses))


def _weights(number: int) -> np.ndarray:
    """Of each of so many losses in their running mean: of a new one, the last, 1 - SMOOTHING; together 1."""
    weights = SMOOTHING ** np.arange(number - 1, -1, -1.0)
    return np.asarray(weights / weights.sum())
