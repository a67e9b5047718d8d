"""HOW knowledge is transferred: what trains when, as data over one training loop. No torch.

A new strategy is one entry in STRATEGIES: how the weights begin, and phases that say from which epoch on which stages
train, at which factor of the learning rate; a stage that is not named is frozen (weights, BatchNorm statistics and
all). What it does otherwise than plain training is its method, one file in tl/train/methods. A new setting of a strategy
is a field of ArmConfig and one entry in PARAMETERS (tl.parameters).
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from tl.languages import later, say
from tl.phases import (
    Arm,
    Phase,
    everything,
    head_only,
    head_then_everything,
    input_slower,
    last_stages,
    one_more_stage,
    probe_then_everything,
)

RANDOM, PRETRAINED, MEAN_VAR = "random", "pretrained", "mean_var"  # how the backbone's weights begin
STARTS = {
    RANDOM: later("Random weights"),
    PRETRAINED: later("Pretrained backbone"),
    MEAN_VAR: later("Random weights with the mean and variance of each pretrained layer"),
}
# Keys of tl.train.methods.METHODS: what is prepared, which parameters train, and what happens around each step.
PLAIN, SCALE_ONLY, ANCHORED, NEAREST_MEAN = "plain", "scale_only", "anchored", "nearest_mean"
NORM_AND_BIAS, LORA, LAYER_DECAY = "norm_and_bias", "lora", "layer_decay"
ADABN, MCC, DANN, CDAN = "adabn", "mcc", "dann", "cdan"
# What a strategy trains on where a comparison has two data sets, the source and the target it is to work on. All but
# TARGET learn from the source's labels, and are judged while they train by the source's validation pictures.
SOURCE = "source"
SOURCE_AND_TARGET = "source_and_target"  # the target's training pictures, too, without their labels
SOURCE_THEN_TARGET = "source_then_target"  # those, but only once training is over
SOURCE_AND_FEW = "source_and_few"  # and a few of the target's pictures with labels: `labelled_per_class`
TARGET = "target"  # the target's training pictures with their labels, and nothing of the source
KEEP_START = frozenset((ANCHORED, LORA))  # methods that keep a copy of the weights they start from


@dataclass(frozen=True, kw_only=True)
class Strategy:
    """One way to train a network; `phases(stage names, arm, epochs at most)` gives what trains when."""

    title: str  # as the page shows it
    inside: str  # the same inside a sentence
    says: str  # what trains when; {start}: how the weights begin
    short: str = ""  # `inside` where parentheses stand around it; empty: the same
    # Usual one of the head at the start, with Adam; None: nothing trains by gradient.
    learning_rate: float | None = 1e-3
    phases: Callable[[tuple[str, ...], Arm, int], tuple[Phase, ...]] = everything
    initialisation: str = PRETRAINED
    parameters: tuple[str, ...] = ()  # keys of PARAMETERS (tl.parameters) that matter to it
    method: str = PLAIN  # key of tl.train.methods.METHODS
    source: str = ""  # where the method is described
    learns_from: str = SOURCE  # SOURCE, SOURCE_AND_TARGET, SOURCE_THEN_TARGET, SOURCE_AND_FEW or TARGET
    needs_target: bool = False  # means something only where there are two data sets

    @property
    def pretrained(self) -> bool:
        """Needs pretrained weights, be it only for their scale, where an arm says nothing else."""
        return self.initialisation != RANDOM

    @property
    def either_start(self) -> bool:
        """Whether an arm may begin it with random weights as well: adapting does not depend on how a network begins."""
        return self.needs_target

    def sentence_for(self, weights: str | None = None) -> str:
        """What trains when, of an arm with these `weights` of its own."""
        return say(self.says, start=say(STARTS[RANDOM if weights == RANDOM else self.initialisation]))

    @property
    def beside(self) -> bool:
        """Whether each batch has as many of the target's pictures as of the source's."""
        return self.learns_from in (SOURCE_AND_TARGET, SOURCE_AND_FEW)

    @property
    def fits(self) -> bool:
        """Its answer is computed in one go, without gradients: no learning rate, and a single epoch."""
        return self.learning_rate is None


# Where there are two data sets: everything is fine-tuned, whatever happens besides.
_of_two_sets = partial(Strategy, learning_rate=1e-4, needs_target=True)

STRATEGIES: dict[str, Strategy] = {
    "scratch": Strategy(
        title=later("From scratch"),
        inside=later("from scratch"),
        says=later("{start}; everything trains from the first epoch."),
        initialisation=RANDOM,
    ),
    "mean_var_init": Strategy(
        title=later("Pretrained scale only"),
        inside=later("pretrained scale only"),
        says=later("{start}; everything trains from the first epoch."),
        initialisation=MEAN_VAR,
        method=SCALE_ONLY,
        source=later("Raghu et al. 2019, arXiv 1902.07208"),
    ),
    "linear_probe": Strategy(
        title=later("Linear probe"),
        inside=later("linear probe"),
        says=later("{start}, frozen throughout; only the head trains."),
        phases=head_only,
    ),
    "freeze_then_unfreeze": Strategy(
        title=later("Freeze, then unfreeze"),
        inside=later("freeze, then unfreeze"),
        says=later("{start}; only the head trains at first, then everything at a fraction of the rate."),
        parameters=("frozen_epochs", "unfreeze_factor"),
        phases=head_then_everything,
    ),
    "last_stages": Strategy(
        title=later("Last stages"),
        inside=later("last stages"),
        says=later("{start}; the last stages and the head train, the earlier stages stay frozen."),
        learning_rate=1e-4,
        parameters=("unfrozen_stages",),
        phases=last_stages,
    ),
    "gradual_unfreezing": Strategy(
        title=later("Gradual unfreezing"),
        inside=later("gradual unfreezing"),
        says=later(
            "{start}; only the head trains at first, then one more stage from the top every few epochs, at a fraction of the rate."
        ),
        parameters=("unfreeze_every", "unfreeze_factor"),
        phases=one_more_stage,
        source=later("Howard and Ruder 2018, arXiv 1801.06146"),
    ),
    "full_finetuning": Strategy(
        title=later("Full fine-tuning"),
        inside=later("full fine-tuning"),
        says=later("{start}; everything trains from the first epoch."),
        learning_rate=1e-4,
    ),
    "discriminative": Strategy(
        title=later("Discriminative rates"),
        inside=later("discriminative rates"),
        says=later("{start}; everything trains from the first epoch, each stage slower than the one above it."),
        parameters=("stage_divisor",),
        phases=input_slower,
        source=later("Howard and Ruder 2018, arXiv 1801.06146"),
    ),
    "lp_ft": Strategy(
        title=later("Linear probe, then fine-tuning"),
        inside=later("linear probe, then fine-tuning"),
        says=later(
            "{start}; only the head trains until it stops improving (half of the epochs at most), then everything from that head at a fraction of the rate."
        ),
        parameters=("probe_patience", "unfreeze_factor"),
        phases=probe_then_everything,
        source=later("Kumar et al. 2022, arXiv 2202.10054"),
    ),
    "l2_sp": Strategy(
        title=later("Fine-tuning held to its start"),
        inside=later("fine-tuning held to its start"),
        says=later("{start}; everything trains from the first epoch, its weights pulled towards the pretrained ones."),
        learning_rate=1e-4,
        parameters=("anchor",),
        method=ANCHORED,
        source=later("Li et al. 2018, arXiv 1802.01483"),
    ),
    "nearest_mean": Strategy(
        title=later("Nearest class mean"),
        inside=later("nearest class mean"),
        says=later("{start}, frozen; nothing trains: a picture gets the class whose mean feature is the nearest."),
        learning_rate=None,
        method=NEAREST_MEAN,
        phases=head_only,
        source=later("Mensink et al. 2013, DOI 10.1109/TPAMI.2013.83; Snell et al. 2017, arXiv 1703.05175"),
    ),
    "norm_and_bias": Strategy(
        title=later("Normalisation and biases"),
        inside=later("normalisation and biases"),
        says=later("{start}; only normalisation layers (BatchNorm's statistics, too), biases and the head train."),
        method=NORM_AND_BIAS,
        source=later("Ben Zaken et al. 2021, arXiv 2106.10199"),
    ),
    "lora": Strategy(
        title=later("Low-rank updates (LoRA)"),
        inside=later("low-rank updates (LoRA)"),
        short=later("low-rank updates"),
        says=later(
            "{start}, frozen except for low-rank updates of attention, linear layers and 1×1 convolutions, which train "
            "with the head."
        ),
        parameters=("lora_rank", "lora_scale"),
        method=LORA,
        source=later("Hu et al. 2021, arXiv 2106.09685"),
    ),
    "layer_decay": Strategy(
        title=later("Layer-wise rate decay"),
        inside=later("layer-wise rate decay"),
        says=later("{start}; everything trains from the first epoch, each block slower than the one above it."),
        parameters=("layer_decay",),
        method=LAYER_DECAY,
        source=later("Bao et al. 2021 (BEiT), arXiv 2106.08254"),
    ),
    "source_only": _of_two_sets(
        title=later("Source only"),
        inside=later("source only"),
        says=later(
            "{start}; everything trains from the first epoch, on the source alone: the target is only what it is tested on."
        ),
    ),
    "adabn": _of_two_sets(
        title=later("Target's statistics (AdaBN)"),
        inside=later("target's statistics (AdaBN)"),
        short=later("target's statistics"),
        says=later(
            "{start}; trained as with source only. Then BatchNorm gets the statistics of the target's pictures; "
            "nothing trains on them."
        ),
        method=ADABN,
        learns_from=SOURCE_THEN_TARGET,
        source=later("Li et al. 2016, arXiv 1603.04779"),
    ),
    "dann": _of_two_sets(
        title=later("Domain-adversarial training (DANN)"),
        inside=later("domain-adversarial training (DANN)"),
        short=later("domain-adversarial training"),
        says=later(
            "{start}; everything trains from the first epoch, on the source's labels and so that a discriminator can't tell source from target."
        ),
        parameters=("adaptation", "domain_rate"),
        method=DANN,
        learns_from=SOURCE_AND_TARGET,
        source=later("Ganin et al. 2016, arXiv 1505.07818"),
    ),
    "cdan": _of_two_sets(
        title=later("Conditional adversarial training (CDAN)"),
        inside=later("conditional adversarial training (CDAN)"),
        short=later("conditional adversarial training"),
        says=later(
            "{start}; like domain-adversarial training, but the discriminator sees the predictions, too: classes are "
            "aligned with classes."
        ),
        parameters=("adaptation", "domain_rate"),
        method=CDAN,
        learns_from=SOURCE_AND_TARGET,
        source=later("Long et al. 2018, arXiv 1705.10667"),
    ),
    "mcc": _of_two_sets(
        title=later("Least class confusion (MCC)"),
        inside=later("least class confusion (MCC)"),
        short=later("least class confusion"),
        says=later(
            "{start}; everything trains from the first epoch, on the source's labels and so that the target's "
            "predictions don't mix classes."
        ),
        parameters=("adaptation",),
        method=MCC,
        learns_from=SOURCE_AND_TARGET,
        source=later("Jin et al. 2020, arXiv 1912.03699"),
    ),
    "target_few": _of_two_sets(
        title=later("Source and a few of the target"),
        inside=later("source and a few of the target"),
        says=later(
            "{start}; everything trains from the first epoch, on the source and on a few labelled pictures of the target per class, half of each batch."
        ),
        parameters=("labelled_per_class",),
        learns_from=SOURCE_AND_FEW,
        source=later("“S+T” of Saito et al. 2019, arXiv 1904.06487"),
    ),
    "target_full": _of_two_sets(
        title=later("Trained on the target"),
        inside=later("trained on the target"),
        says=later(
            "{start}; everything trains from the first epoch, on the target with its labels: what could be reached if all of it were labelled."
        ),
        learns_from=TARGET,
    ),
}


def offered(two_sets: bool) -> list[str]:
    """Keys of the strategies that mean something with one data set, or with two."""
    return [key for key, strategy in STRATEGIES.items() if two_sets or not strategy.needs_target]
