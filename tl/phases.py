"""What trains when: the phases of a run, as strategies (tl.strategies) put them together from the stages of a network."""

from dataclasses import dataclass
from typing import Any

from tl.languages import later, say

Arm = Any  # an ArmConfig: its module is made from tables of strategies and can't be named here
HEAD = "head"
EVERYTHING = "everything"  # what trains in a phase that freezes nothing
AND_ABOVE, AND_HEAD = " and above", " and head"  # not shown: behind the name of a stage where those train as well
PARTS = {  # of networks, and what trains together, in words
    HEAD: later("head"),
    EVERYTHING: later("everything"),
    "stem": later("stem"),
    "projection": later("projection"),
    "norm": later("norm"),
}


@dataclass(frozen=True, kw_only=True)
class Phase:
    """From `start_epoch` on (counted from 1) the named parts train, until the next phase begins."""

    start_epoch: int
    name: str  # what trains: the metrics' `stage` column, `part_in_words` for people
    rates: dict[str, float]  # stage name or HEAD -> factor of the learning rate; not named: frozen
    patience: int = 0  # begins earlier once the phase before went so many epochs without a lower validation loss


# Each of these gives the phases of an arm: of the stages' names, from the input on, its settings, and epochs at most.
def everything(stages: tuple[str, ...], arm: Arm, epochs: int) -> tuple[Phase, ...]:
    """All stages from the first epoch on."""
    return (Phase(start_epoch=1, name=EVERYTHING, rates=dict.fromkeys((*stages, HEAD), 1.0)),)


def head_only(stages: tuple[str, ...], arm: Arm, epochs: int) -> tuple[Phase, ...]:
    """Nothing but the head."""
    return (Phase(start_epoch=1, name="head", rates={HEAD: 1.0}),)


def head_then_everything(stages: tuple[str, ...], arm: Arm, epochs: int) -> tuple[Phase, ...]:
    """The head for `frozen_epochs`, then all."""
    rates = dict.fromkeys((*stages, HEAD), arm.unfreeze_factor)
    then = Phase(start_epoch=arm.frozen_epochs + 1, name=EVERYTHING, rates=rates)
    return (*head_only(stages, arm, epochs), then) if arm.frozen_epochs else (then,)


def probe_then_everything(stages: tuple[str, ...], arm: Arm, epochs: int) -> tuple[Phase, ...]:
    """The head until it makes no progress, then all."""
    rates = dict.fromkeys((*stages, HEAD), arm.unfreeze_factor)
    latest = max(2, epochs // 2 + 1)  # half of the budget belongs to the fine-tuning
    then = Phase(start_epoch=latest, name=EVERYTHING, rates=rates, patience=arm.probe_patience)
    return (*head_only(stages, arm, epochs), then)


def last_stages(stages: tuple[str, ...], arm: Arm, epochs: int) -> tuple[Phase, ...]:
    """The last `unfrozen_stages` and the head."""
    top = stages[-arm.unfrozen_stages :]
    return (Phase(start_epoch=1, name=_from(top, stages), rates=dict.fromkeys((*top, HEAD), 1.0)),)


def one_more_stage(stages: tuple[str, ...], arm: Arm, epochs: int) -> tuple[Phase, ...]:
    """The head, then one stage more each time, from the last to the first."""
    phases = list(head_only(stages, arm, epochs))
    for number in range(1, len(stages) + 1):
        top = stages[-number:]
        rates = dict.fromkeys((*top, HEAD), arm.unfreeze_factor)
        phases.append(Phase(start_epoch=1 + number * arm.unfreeze_every, name=_from(top, stages), rates=rates))
    return tuple(phases)


def input_slower(stages: tuple[str, ...], arm: Arm, epochs: int) -> tuple[Phase, ...]:
    """All stages, the slower the nearer they are to the input."""
    factors = slower_towards_the_input(len(stages), 1 / arm.stage_divisor)
    return (Phase(start_epoch=1, name=EVERYTHING, rates=dict(zip((*stages, HEAD), factors, strict=True))),)


def slower_towards_the_input(parts: int, factor: float) -> tuple[float, ...]:
    """What multiplies the rate of each of so many parts, from the input on, and of the head: 1, and less by `factor` from
    each to the one below."""
    return tuple(factor ** (parts - place) for place in range(parts + 1))


def _from(top: tuple[str, ...], stages: tuple[str, ...]) -> str:
    """The name of what trains."""
    return EVERYTHING if len(top) == len(stages) else top[0] + (AND_ABOVE if len(top) > 1 else AND_HEAD)


def phase_at(phases: tuple[Phase, ...], epoch: int) -> Phase:
    """The phase in force in `epoch` (from 1) where none begins earlier than planned."""
    return [phase for phase in phases if phase.start_epoch <= epoch][-1]


def part_in_words(name: str) -> str:
    """What trains, as a plan and the metrics name it, or a stage of a network."""
    for ending, words in ((AND_ABOVE, later("{stage} and above")), (AND_HEAD, later("{stage} and head"))):
        if name.endswith(ending):
            return say(words, stage=part_in_words(name.removesuffix(ending)))
    if name.startswith("stage") and name[5:].isdigit():
        return say("stage{number}", number=name[5:])
    return say(PARTS[name]) if name in PARTS else name
