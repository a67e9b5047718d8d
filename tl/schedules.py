"""How the learning rate moves inside a run's budget, and which optimizers there are. Plain arithmetic, no torch."""

import math
from collections.abc import Callable
from dataclasses import dataclass

from tl.languages import later


@dataclass(frozen=True, kw_only=True)
class Schedule:
    """One way for the rate to move; its texts are still to be said."""

    title: str
    rate: str  # what its rate is called in a list of settings
    # (epoch from 0 with fraction, total epochs, step_epochs, step_factor) -> what the rate is multiplied by
    factor: Callable[[float, int, int, float], float]


def _constant(epoch: float, total: int, step_epochs: int, step_factor: float) -> float:
    return 1.0


def _step(epoch: float, total: int, step_epochs: int, step_factor: float) -> float:
    return step_factor ** int(epoch // step_epochs)


def _cosine(epoch: float, total: int, step_epochs: int, step_factor: float) -> float:
    return 0.5 * (1 + math.cos(math.pi * min(epoch / total, 1.0)))


def _one_cycle(epoch: float, total: int, step_epochs: int, step_factor: float) -> float:
    # fastai's fit_one_cycle: a quarter of the budget from 1/25 up to the full rate, then down to 1e-5, both by cosine.
    place, peak = min(epoch / total, 1.0), 0.25
    low, high, part = (1 / 25, 1.0, place / peak) if place < peak else (1e-5, 1.0, (1 - place) / (1 - peak))
    return low + (high - low) * 0.5 * (1 - math.cos(math.pi * part))


SCHEDULES: dict[str, Schedule] = {
    "constant": Schedule(title=later("Constant"), rate=later("constant rate"), factor=_constant),
    "step": Schedule(title=later("Step: cut every few epochs"), rate=later("step rate"), factor=_step),
    "cosine": Schedule(title=later("Cosine: falls smoothly to 0"), rate=later("cosine rate"), factor=_cosine),
    "one_cycle": Schedule(title=later("One cycle: up, then down"), rate=later("one cycle rate"), factor=_one_cycle),
}


@dataclass(frozen=True, kw_only=True)
class Optimizer:
    """One way to turn gradients into steps."""

    title: str  # as the page shows it, once it is worded
    # Times the strategies' usual learning rates, which are Adam's. SGD's are those of TLlib's plain fine-tuning: 0.01
    # for a new head, a tenth of it for pretrained weights.
    rate_factor: float = 1.0


OPTIMIZERS: dict[str, Optimizer] = {
    "adam": Optimizer(title="Adam"),
    "adamw": Optimizer(title="AdamW"),
    "sgd": Optimizer(title=later("SGD with momentum 0.9"), rate_factor=10.0),
}
