"""Settings that only some strategies have: what they are called, their bounds and defaults, as data."""

from dataclasses import dataclass

from tl.languages import later


@dataclass(frozen=True, kw_only=True)
class Parameter:
    """A setting of a strategy: an ArmConfig field of the same name holds its value."""

    title: str  # as the page shows it
    low: float  # smallest value
    high: float  # largest value
    default: float  # its type is the setting's type


PARAMETERS: dict[str, Parameter] = {
    "frozen_epochs": Parameter(title=later("Epochs with only the head"), low=0, high=1000, default=2),
    "unfreeze_factor": Parameter(title=later("Factor of the rate afterwards"), low=1e-4, high=1.0, default=0.1),
    "unfrozen_stages": Parameter(title=later("Last stages that train"), low=1, high=20, default=2),
    "unfreeze_every": Parameter(title=later("Epochs until the next stage"), low=1, high=1000, default=1),
    "stage_divisor": Parameter(title=later("Rate divided by, per stage"), low=1.0, high=100.0, default=2.6),
    "probe_patience": Parameter(title=later("Probe ends after epochs without progress"), low=1, high=1000, default=2),
    "anchor": Parameter(title=later("Pull towards the pretrained weights"), low=0.0, high=10.0, default=0.01),
    "lora_rank": Parameter(title=later("Rank of the updates"), low=1, high=256, default=8),
    "lora_scale": Parameter(title=later("Scale of the updates"), low=0.01, high=100.0, default=1.0),
    "layer_decay": Parameter(title=later("Factor of the rate, per block"), low=0.1, high=1.0, default=0.75),
    "adaptation": Parameter(title=later("Weight of adapting"), low=0.0, high=100.0, default=1.0),
    "domain_rate": Parameter(title=later("Discriminator's rate (× the head's)"), low=0.01, high=1000.0, default=10.0),
    "labelled_per_class": Parameter(title=later("Labelled target pictures per class"), low=1, high=1000, default=10),
}
