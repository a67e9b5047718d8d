"""HOW knowledge is transferred: what trains when, as data over one training loop. No torch.

A new strategy is one entry in STRATEGIES: its phases say from which epoch on which stages train, at which factor of
the learning rate; a stage that is not named is frozen (weights, BatchNorm statistics and all).
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

HEAD = "head"


@dataclass(frozen=True, kw_only=True)
class Phase:
    """From `start_epoch` on (counted from 1) the named parts train, until the next phase begins."""

    start_epoch: int
    name: str  # what trains, in words: the metrics' `stage` column
    rates: dict[str, float]  # stage name or HEAD -> factor of the learning rate; not named: frozen


@dataclass(frozen=True, kw_only=True)
class Strategy:
    """One way to train a network; `phases(stage names, arm)` gives what trains when."""

    title: str  # as the page shows it
    sentence: str  # what trains when
    pretrained: bool  # starts from pretrained weights
    learning_rate: float  # default of the head at the start
    parameters: tuple[str, ...]  # fields of ArmConfig that matter to it
    phases: Callable[[tuple[str, ...], Any], tuple[Phase, ...]]


def _everything(stages: tuple[str, ...], arm) -> tuple[Phase, ...]:
    return (Phase(start_epoch=1, name="everything", rates=dict.fromkeys((*stages, HEAD), 1.0)),)


def _head_only(stages: tuple[str, ...], arm) -> tuple[Phase, ...]:
    return (Phase(start_epoch=1, name="head", rates={HEAD: 1.0}),)


def _head_then_everything(stages: tuple[str, ...], arm) -> tuple[Phase, ...]:
    rates = dict.fromkeys((*stages, HEAD), arm.unfreeze_factor)
    everything = Phase(start_epoch=arm.frozen_epochs + 1, name="everything", rates=rates)
    return (*_head_only(stages, arm), everything) if arm.frozen_epochs else (everything,)


STRATEGIES: dict[str, Strategy] = {
    "scratch": Strategy(
        title="From scratch",
        sentence="Random weights; everything trains from the first epoch.",
        pretrained=False,
        learning_rate=1e-3,
        parameters=(),
        phases=_everything,
    ),
    "linear_probe": Strategy(
        title="Linear probe",
        sentence="Pretrained backbone, frozen throughout; only the head trains.",
        pretrained=True,
        learning_rate=1e-3,
        parameters=(),
        phases=_head_only,
    ),
    "freeze_then_unfreeze": Strategy(
        title="Freeze, then unfreeze",
        sentence="Pretrained backbone; only the head trains at first, then everything at a fraction of the rate.",
        pretrained=True,
        learning_rate=1e-3,
        parameters=("frozen_epochs", "unfreeze_factor"),
        phases=_head_then_everything,
    ),
    "full_finetuning": Strategy(
        title="Full fine-tuning",
        sentence="Pretrained backbone; everything trains from the first epoch.",
        pretrained=True,
        learning_rate=1e-4,
        parameters=(),
        phases=_everything,
    ),
}


def phase_at(phases: tuple[Phase, ...], epoch: int) -> Phase:
    """The phase in force in `epoch` (from 1)."""
    return [phase for phase in phases if phase.start_epoch <= epoch][-1]
