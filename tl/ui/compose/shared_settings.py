"""The settings that all arms share, as data: what each is called, what it may be, what it is for."""

from collections.abc import Iterable
from dataclasses import dataclass

from tl.config import Experiment
from tl.config.training import AUGMENTS, BALANCES, BATCHNORMS, JUDGES, MOST_DEVICES, PRECISIONS, VIEWS_BY
from tl.languages import later
from tl.schedules import OPTIMIZERS, SCHEDULES

AUGMENT_TITLES = {
    "crop_flip": later("Random crop and horizontal flip"),
    "trivial": later("Crop, flip and TrivialAugment"),
}
BATCHNORM_TITLES = {"local": later("Each GPU's share of the batch"), "sync": later("The whole batch")}
VIEWS_BY_TITLES = {"dataset": later("The data set"), "seed": later("The seed")}
PRECISION_TITLES = {"auto": later("Whichever is faster in a few steps at the start")}
JUDGE_TITLES = {
    "auto": later("Balanced accuracy if classes are uneven"),
    "accuracy": later("Accuracy"),
    "balanced_accuracy": later("Balanced accuracy"),
}
BALANCE_TITLES = {
    "none": later("No: train on the pictures as they are"),
    "loss": later("Yes: rare classes weigh more in the loss"),
    "sampling": later("Yes: rare classes are shown more often"),
}
DEFAULTS = {name: entry.default for name, entry in Experiment.__dataclass_fields__.items()} | {"seeds": 1}


@dataclass(frozen=True, kw_only=True)
class Setting:
    """One widget; its kind follows from the default value: a switch, a number, or a choice where there are options.

    Its title, options and help are worded where they are shown.
    """

    title: str
    low: float = 0  # of a number
    high: float = 1000
    options: dict[str, str] | None = None  # value -> as shown
    help: str | None = None


def _titled(keys: Iterable[str], titles: dict[str, str]) -> dict[str, str]:
    return {key: titles.get(key, key) for key in keys}


SHARED: dict[str, Setting] = {
    "epochs": Setting(title=later("Epochs at most"), low=1),
    "patience": Setting(
        title=later("Stop after epochs without a lower validation loss"),
        help=later("Early stopping; 0 switches it off. The best epoch is kept either way."),
    ),
    "patience_start": Setting(
        title=later("Epochs ignored at the start"),
        help=later("A new network's validation loss means little until its BatchNorm statistics have settled."),
    ),
    "patience_steps": Setting(
        title=later("Steps ignored after random weights"),
        high=10**6,
        help=later(
            "A step is one batch. With few pictures an epoch has few steps, and a network with random weights may seem "
            "to stand still at first."
        ),
    ),
    "patience_errors": Setting(
        title=later("Noise in the loss, in standard errors"),
        high=10,
        help=later(
            "With few validation pictures the loss goes up and down by chance; an epoch within that noise does not count "
            "towards stopping. 0: every epoch without a lower loss counts."
        ),
    ),
    "seeds": Setting(
        title=later("Seeds"),
        low=1,
        high=20,
        help=later("Each arm is run once per seed. An outcome needs at least 3."),
    ),
    "batch_size": Setting(title=later("Batch size"), low=2, high=4096),
    "optimizer": Setting(title=later("Optimizer"), options={name: each.title for name, each in OPTIMIZERS.items()}),
    "weight_decay": Setting(
        title=later("Weight decay"),
        high=1,
        help=later("Fine-tuning held to its start uses its pull towards the pretrained weights instead."),
    ),
    "find_rate": Setting(
        title=later("Find the learning rate by a range test"),
        help=later(
            "Before the first epoch the rate is raised step by step until the loss takes off; arms with a learning "
            "rate of their own keep it. Where more layers are unfrozen later, it is tested both with the part that "
            "trains first and with all layers, and the lower rate is used."
        ),
    ),
    "schedule": Setting(
        title=later("Learning rate over time"), options={name: each.title for name, each in SCHEDULES.items()}
    ),
    "step_epochs": Setting(title=later("Epochs between cuts"), low=1),
    "step_factor": Setting(title=later("Factor of each cut"), low=1e-6, high=1),
    "augmentation": Setting(
        title=later("Augment training pictures"),
        help=later("Pictures are varied at random, in the same way for every arm (frozen parts: see views)."),
    ),
    "augment": Setting(
        title=later("How they are varied"),
        options=_titled(AUGMENTS, AUGMENT_TITLES),
        help=later(
            "TrivialAugment changes each picture by one operation at random (a turn, a shift, a colour, a contrast ...) of "
            "random strength. It helps most where pictures are few and epochs many, and takes time on a processor."
        ),
    ),
    "judge_by": Setting(
        title=later("Judged by"),
        options=_titled(JUDGES, JUDGE_TITLES),
        help=later(
            "What the best epoch, early stopping and the verdict go by. Balanced accuracy is the mean over the classes "
            "of the share recognised, so that a rare class counts as much as a frequent one. Uneven: the largest class has "
            "more than three times as many pictures as the smallest."
        ),
    ),
    "balance": Setting(
        title=later("Make classes count alike in training"),
        options=_titled(BALANCES, BALANCE_TITLES),
        help=later("The same for every arm. Training loss and accuracy are still reported without it."),
    ),
    "views": Setting(
        title=later("Cached views per picture"),
        high=100,
        help=later(
            "For each picture, the frozen part computes the features of this many augmented views once (at most half "
            "as many as there are frozen epochs) and reuses them. With 0 nothing is cached: every epoch computes a new "
            "view."
        ),
    ),
    "views_by": Setting(
        title=later("Cached views belong to"),
        options=_titled(VIEWS_BY, VIEWS_BY_TITLES),
        help=later(
            "The data set: all runs see the same crops where they use cached views, and compute them once together. "
            "The seed: each seed has crops of its own, shared by its arms."
        ),
    ),
    "devices": Setting(
        title=later("GPUs for each run"),
        low=1,
        high=MOST_DEVICES,
        help=later(
            "They share each batch, so batch size and learning rate keep their meaning. An arm that only computes its "
            "head uses one."
        ),
    ),
    "batchnorm": Setting(
        title=later("BatchNorm normalises by"),
        options=_titled(BATCHNORMS, BATCHNORM_TITLES),
        help=later(
            "When it normalises by the whole batch, several GPUs learn what one would; it takes longer, since they "
            "wait for each other in every such layer."
        ),
    ),
    "precision": Setting(title=later("Precision"), options=_titled(PRECISIONS, PRECISION_TITLES)),
}
