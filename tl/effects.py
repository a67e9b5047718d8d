"""Which settings have an effect beside which others, as data: what has none is refused, not shown, not repeated."""

from collections.abc import Callable
from dataclasses import fields
from typing import Any

from tl.config import ArmConfig, Experiment, Training
from tl.languages import later, plural, say
from tl.parameters import PARAMETERS
from tl.phases import HEAD, part_in_words
from tl.strategies import STRATEGIES

# Setting of a training -> (the one it depends on, which values of that give it an effect, that in words)
NEEDS: dict[str, tuple[str, Callable[[Any], bool], str]] = {
    "step_epochs": ("schedule", lambda name: name == "step", later("with schedule step only")),
    "step_factor": ("schedule", lambda name: name == "step", later("with schedule step only")),
    "patience_start": ("patience", bool, later("with a patience above 0 only")),
    "patience_steps": ("patience", bool, later("with a patience above 0 only")),
    "views_by": ("views", bool, later("with views above 0 only")),
    "patience_errors": ("patience", bool, later("with a patience above 0 only")),
    "unmatched": ("target_dataset", bool, later("with a target data set only")),
    "batchnorm": ("devices", lambda number: number > 1, later("with several devices only")),
    "augment": ("augmentation", bool, later("with augmentation only")),
}
OF_TRAINING = ("learning_rate", "epochs")  # settings of an arm without effect where nothing trains by gradient
ONLY_THE_HEAD = "only the head"  # not shown: a code
USUAL = {entry.name: entry.default for entry in (*fields(Training), *fields(ArmConfig))}


def has_effect(name: str, value_of: Callable[[str], Any]) -> bool:
    """Whether the setting `name` of a training matters; `value_of` gives the value of any other."""
    return name not in NEEDS or NEEDS[name][1](value_of(NEEDS[name][0]))


def idle(experiment: Experiment) -> dict[str, str]:
    """Settings that were changed and do nothing -> when they do something, in words."""
    changed = (name for name in NEEDS if getattr(experiment, name) != USUAL[name])
    found: dict[str, str] = {
        name: say(NEEDS[name][2]) for name in changed if not has_effect(name, experiment.__getattribute__)
    }
    if experiment.find_rate and not any(experiment.finds_rate_of(arm) for arm in experiment.arms):
        found["find_rate"] = say("for arms without a learning rate of their own only")
    return found


def of_another_strategy(strategy: str) -> frozenset[str]:
    """Settings of an arm that mean nothing to this strategy, a key of STRATEGIES."""
    of_training = OF_TRAINING if STRATEGIES[strategy].fits else ()
    without = () if STRATEGIES[strategy].pretrained else ("weights",)
    return frozenset(PARAMETERS) - frozenset(STRATEGIES[strategy].parameters) | frozenset((*of_training, *without))


def thawed_from(training: Training, arm: ArmConfig) -> int:
    """The epoch from which on all that its strategy trains does train, at the latest."""
    return training.phases_of(arm)[-1].start_epoch


def reached(training: Training, arm: ArmConfig) -> str | None:
    """What an arm trains at most where its epochs are over before the rest begins: ONLY_THE_HEAD or a phase's name; None
    where all does."""
    phases = training.reached_phases_of(arm)
    if len(phases) == len(training.phases_of(arm)):
        return None
    return ONLY_THE_HEAD if set(phases[-1].rates) == {HEAD} else phases[-1].name


def never_unfrozen(reached: str, epochs: int) -> str:
    """ "never unfrozen in 2 epochs", or "never fully unfrozen in 4 epochs (stage2 and above at most)"."""
    if reached == ONLY_THE_HEAD:
        return plural("never unfrozen in {number:,} epoch", "never unfrozen in {number:,} epochs", epochs)
    return plural(
        "never fully unfrozen in {number:,} epoch ({part} at most)",
        "never fully unfrozen in {number:,} epochs ({part} at most)",
        epochs,
        part=part_in_words(reached),
    )


def before_training(training: Training, arm: ArmConfig) -> str:
    """A sentence on an arm that does not train all it should; "" where it does."""
    part, epochs, thawed = reached(training, arm), training.epochs_of(arm), thawed_from(training, arm)
    if part is None:
        return ""
    if part == ONLY_THE_HEAD:
        return plural(
            "Never unfrozen in {number:,} epoch: everything trains only from epoch {thawed:,} on.",
            "Never unfrozen in {number:,} epochs: everything trains only from epoch {thawed:,} on.",
            epochs,
            thawed=thawed,
        )
    return plural(
        "Never fully unfrozen in {number:,} epoch ({part} at most): everything trains only from epoch {thawed:,} on.",
        "Never fully unfrozen in {number:,} epochs ({part} at most): everything trains only from epoch {thawed:,} on.",
        epochs,
        part=part_in_words(part),
        thawed=thawed,
    )
