"""One side of a comparison: how its network begins and what trains when."""

from dataclasses import dataclass, replace
from typing import ClassVar

from tl.arm_names import arm_title
from tl.config.documents import Settings
from tl.config.refusals import in_range, one_of, require
from tl.languages import later, say
from tl.parameters import PARAMETERS
from tl.schedules import OPTIMIZERS
from tl.strategies import RANDOM, STRATEGIES
from tl.words import CONTROL

TRANSFERRED = ("backbone", "weights", "resolution")  # settings of a training that an arm may have of its own


@dataclass(frozen=True, kw_only=True)
class ArmConfig(Settings):
    """One side of a comparison: how the network is initialised and what trains when."""

    OPTIONAL: ClassVar = (*TRANSFERRED, "adaptation", "domain_rate", "labelled_per_class")

    name: str  # unique in its experiment; shown everywhere, owns a colour
    strategy: str  # key of STRATEGIES
    learning_rate: float | None = None  # of the head, at the start; None: the usual one of strategy and optimizer
    epochs: int | None = None  # this arm's own budget; None: the experiment's
    # What it transfers where that differs, as TRANSFERRED names it; None: the experiment's, see `Training.of`.
    backbone: str | None = None  # key of BACKBONES
    weights: str | None = None  # pretrained source; RANDOM: none, it begins with random weights
    resolution: int | None = None  # pixels
    # Settings of single strategies: titles, bounds and defaults are in PARAMETERS.
    frozen_epochs: int = int(PARAMETERS["frozen_epochs"].default)
    unfreeze_factor: float = PARAMETERS["unfreeze_factor"].default
    unfrozen_stages: int = int(PARAMETERS["unfrozen_stages"].default)
    unfreeze_every: int = int(PARAMETERS["unfreeze_every"].default)
    stage_divisor: float = PARAMETERS["stage_divisor"].default
    probe_patience: int = int(PARAMETERS["probe_patience"].default)
    anchor: float = PARAMETERS["anchor"].default
    lora_rank: int = int(PARAMETERS["lora_rank"].default)
    lora_scale: float = PARAMETERS["lora_scale"].default
    layer_decay: float = PARAMETERS["layer_decay"].default
    adaptation: float = PARAMETERS["adaptation"].default
    domain_rate: float = PARAMETERS["domain_rate"].default
    labelled_per_class: int = int(PARAMETERS["labelled_per_class"].default)

    def __post_init__(self) -> None:
        fits = 1 <= len(self.name) <= 60 and not CONTROL.search(self.name)
        require(fits, "arm_name", self.name, later("1 to 60 characters long, without control characters"))
        one_of("strategy", self.strategy, STRATEGIES)
        rate = self.learning_rate
        require(rate is None or 0 < rate <= 10, "learning_rate", rate, later("above 0 and at most 10"))
        in_range("epochs", 1 if self.epochs is None else self.epochs, 1, 1000)
        for name, bounds in PARAMETERS.items():
            in_range(name, getattr(self, name), bounds.low, bounds.high)
        either = [key for key, strategy in STRATEGIES.items() if strategy.either_start]
        allowed = later(
            "a pretrained source for {strategy}; only scratch and, with two data sets, {others} can begin with random "
            "weights"
        )
        fits = self.weights != RANDOM or self.strategy in either
        require(fits, "weights", self.weights, allowed, strategy=self.strategy, others=", ".join(either))

    @property
    def initialisation(self) -> str:
        """How its backbone's weights begin: RANDOM, PRETRAINED or MEAN_VAR."""
        return RANDOM if self.weights == RANDOM else STRATEGIES[self.strategy].initialisation

    @property
    def pretrained(self) -> bool:
        """Needs pretrained weights, be it only for their scale."""
        return self.initialisation != RANDOM

    @property
    def transfers_its_own(self) -> bool:
        """Whether it has a network, weights or a resolution of its own."""
        return any(getattr(self, name) is not None for name in TRANSFERRED)

    def with_the_shared(self) -> "ArmConfig":
        """The same arm without a network, pretrained weights and a resolution of its own."""
        return replace(self, backbone=None, weights=self.weights if self.weights == RANDOM else None, resolution=None)


def of_arm(arm: ArmConfig, problem: object) -> str:
    """A refusal that names the arm it is about."""
    return say("Arm {arm!r:.70}: {problem}", arm=arm_title(arm.name), problem=str(problem))


def usual_rate(strategy: str, optimizer: str, weights: str | None = None) -> float | None:
    """The head's learning rate at the start where nobody says another; None where nothing trains by gradient. `weights`:
    the arm's own."""
    rate = STRATEGIES["scratch" if weights == RANDOM else strategy].learning_rate
    return None if rate is None else rate * OPTIMIZERS[optimizer].rate_factor
