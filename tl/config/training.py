"""What all arms of an experiment share, so that the comparison is fair, and what follows from it for each of them."""

from collections.abc import Collection
from dataclasses import dataclass, fields
from typing import ClassVar

from tl.backbones import BACKBONES, unknown
from tl.config.arm import TRANSFERRED, ArmConfig, of_arm, usual_rate
from tl.config.documents import Settings
from tl.config.names import NAME_PATTERN
from tl.config.refusals import Refused, in_range, one_of, require
from tl.languages import later
from tl.phases import HEAD, Phase, phase_at
from tl.schedules import OPTIMIZERS, SCHEDULES
from tl.strategies import RANDOM, STRATEGIES
from tl.words import CONTROL

MIN_RESOLUTION, MAX_RESOLUTION = 32, 224
RESOLUTIONS = (32, 48, 64, 96, 128, 160, 192, 224)  # what the page offers; any multiple of 16 between is accepted
MOST_THREADS, MOST_DEVICES = 1024, 64
PRECISIONS = ("auto", "fp32", "bf16")  # of the computations; weights and optimizer stay fp32
ACCURACY, BALANCED_ACCURACY = "accuracy", "balanced_accuracy"
# What best epoch, early stopping and verdict go by; "auto": balanced where the largest class has over 3 times the smallest
JUDGES = ("auto", ACCURACY, BALANCED_ACCURACY)
BALANCES = ("none", "loss", "sampling")  # how classes of uneven size are made to count alike in training
CROP_FLIP, TRIVIAL = AUGMENTS = ("crop_flip", "trivial")  # how training pictures are varied, where they are
# By what BatchNorm normalises on several devices: each one's share of a batch, or all of it.
LOCAL, SYNC = BATCHNORMS = ("local", "sync")
DATASET, SEED = VIEWS_BY = ("dataset", "seed")  # whose crops kept views show
STOP, LEAVE_OUT = UNMATCHED = ("stop", "leave_out")  # what becomes of classes that only one of two data sets has
AUTO, BUNDLED, IMAGENET = "auto", "bundled", "imagenet"  # weights that any network may have: no model's name
OF_DEVICES = ("devices", "batchnorm")  # settings that mean something on several devices
OF_TWO_SETS = ("target_dataset", "unmatched")  # settings that mean something where there are two data sets
# A step of a range test: at least so many pictures, in at most so many batches.
RATE_TEST_PICTURES, RATE_TEST_BATCHES = 32, 8
_BOUNDS: dict[str, tuple[float, float]] = {  # setting -> the smallest and the largest that it may be
    "epochs": (1, 1000),
    "batch_size": (2, 4096),
    "weight_decay": (0, 1),
    "step_epochs": (1, 1000),
    "patience_start": (0, 1000),
    "patience_steps": (0, 10**6),
    "patience_errors": (0, 10),
    "devices": (1, MOST_DEVICES),
}
_CHOICES: dict[str, Collection[str]] = {  # setting -> what it may be
    "unmatched": UNMATCHED,
    "optimizer": OPTIMIZERS,
    "schedule": SCHEDULES,
    "judge_by": JUDGES,
    "balance": BALANCES,
    "augment": AUGMENTS,
    "precision": PRECISIONS,
    "batchnorm": BATCHNORMS,
    "views_by": VIEWS_BY,
}


def check_side(resolution: int) -> None:
    """Refuse what no network here looks at."""
    allowed = later("a multiple of 16 from {low} to {high}")
    fits = MIN_RESOLUTION <= resolution <= MAX_RESOLUTION and resolution % 16 == 0
    require(fits, "resolution", resolution, allowed, low=MIN_RESOLUTION, high=MAX_RESOLUTION)


@dataclass(frozen=True, kw_only=True)
class Training(Settings):
    """What all arms of an experiment share, so that the comparison is fair."""

    OPTIONAL: ClassVar = ("final", *OF_DEVICES, *OF_TWO_SETS)
    EARLIER: ClassVar = {"resplit": False, "judge_by": ACCURACY, "patience_steps": 0, "patience_errors": 0.0}

    dataset: str  # name of a data set
    # Name of the data set that it is to work on, and is tested on, where that looks different; None: the same.
    target_dataset: str | None = None
    unmatched: str = STOP  # key of UNMATCHED
    samples: int | None = None  # training pictures, stratified and nested; None: all
    backbone: str = "mobilenet_v2"  # key of BACKBONES, or timm:NAME
    weights: str = "auto"  # pretrained source, see tl/sources; "auto": bundled, else ImageNet
    resolution: int = 64  # side of the square the network sees, pixels
    epochs: int = 10  # at most, for arms without a budget of their own
    batch_size: int = 32  # pictures a step; small sets need many steps more than they need speed
    optimizer: str = "adam"  # key of OPTIMIZERS
    weight_decay: float = 0.0  # decoupled for adamw, L2 for the others
    schedule: str = "constant"  # key of SCHEDULES: how the rate moves inside the budget
    step_epochs: int = 3  # schedule "step": epochs between two cuts
    step_factor: float = 0.1  # schedule "step": factor of each cut
    patience: int = 3  # stop after so many epochs without a lower validation loss; 0: never
    patience_start: int = 5  # epochs at the start that patience ignores: BatchNorm's statistics have yet to settle
    patience_steps: int = 300  # steps that an arm with random weights takes before patience begins
    # An epoch counts towards patience where its validation loss is so many of its own standard errors above the lowest.
    patience_errors: float = 1.0
    resplit: bool | None = None  # draw train, validation and test anew for every seed; None: what suits the data set
    judge_by: str = "auto"  # key of JUDGES
    balance: str = "none"  # key of BALANCES, the same for every arm
    augmentation: bool = True  # vary training pictures, the same stream for every arm (but see views)
    augment: str = CROP_FLIP  # key of AUGMENTS: how; "trivial": random crop and flip, then one operation at random
    find_rate: bool = False  # arms without a learning rate of their own find it by a range test
    precision: str = "auto"  # key of PRECISIONS; "auto": what a few steps at the start show to be faster
    threads: int | None = None  # that compute, on which the last digits depend; None: as many as the machine can spare
    devices: int = 1  # GPUs, or processes of the processor, that share each batch
    batchnorm: str = LOCAL  # key of BATCHNORMS
    # augmented views of each picture whose frozen part's output is kept, at most (see views_of); 0: new ones every epoch
    views: int = 4
    views_by: str = SEED  # key of VIEWS_BY: whose the kept views are; a data set's are the same for all its runs

    def __post_init__(self) -> None:
        for name, names in _CHOICES.items():
            one_of(name, getattr(self, name), names)
        for name, (low, high) in _BOUNDS.items():
            in_range(name, getattr(self, name), low, high)
        require(bool(NAME_PATTERN.fullmatch(self.dataset)), "dataset", self.dataset, later("the name of a data set"))
        target = self.target_dataset
        fits = target is None or (bool(NAME_PATTERN.fullmatch(target)) and target != self.dataset)
        allowed = later("the name of a data set, another than the one learned from")
        require(fits, "target_dataset", target, allowed)
        fits = self.samples is None or 2 <= self.samples <= 10**9
        require(fits, "samples", self.samples, later("2 to 1000000000, or left out for all"))
        if self.backbone not in BACKBONES:
            raise Refused(unknown(self.backbone))
        fits = 1 <= len(self.weights) <= 100 and not CONTROL.search(self.weights)
        allowed = later("a source's name of 1 to 100 characters, without control characters")
        require(fits, "weights", self.weights, allowed)
        check_side(self.resolution)
        if not BACKBONES[self.backbone].takes(self.resolution):
            raise Refused(BACKBONES[self.backbone].why_not(self.backbone, self.resolution))
        require(0 < self.step_factor <= 1, "step_factor", self.step_factor, later("above 0 and at most 1"))
        require(0 <= self.patience <= 1000, "patience", self.patience, later("0 (never) to 1000"))
        fits = self.threads is None or 1 <= self.threads <= MOST_THREADS
        allowed = later("1 to {most}, or left out for as many as the machine can spare")
        require(fits, "threads", self.threads, allowed, most=MOST_THREADS)
        fits = self.devices == 1 or 2 * self.devices <= self.batch_size
        allowed = later("1, or at most half the batch size, which is {batch_size}")
        require(fits, "devices", self.devices, allowed, batch_size=self.batch_size)
        fits = self.devices == 1 or self.target_dataset is None
        allowed = later("1 where there are two data sets: their pictures share each batch")
        require(fits, "devices", self.devices, allowed)
        require(0 <= self.views <= 100, "views", self.views, later("0 (nothing is kept) to 100"))

    @property
    def sets(self) -> tuple[str, ...]:
        """Names of the data sets it takes: the one it learns from and, where that is another, the one it is to work on."""
        return (self.dataset,) if self.target_dataset is None else (self.dataset, self.target_dataset)

    def of(self, arm: ArmConfig) -> "Training":
        """The settings that an arm is trained with: these, with its own network, weights and resolution where it has some.

        Weights that only this network may have are no other's: there it is the usual ones. An arm with random weights has
        those of the others, too: it is fed what they expect. Raises Refused.
        """
        own = {name: value for name in TRANSFERRED if (value := getattr(arm, name)) not in (None, RANDOM)}
        shared = {entry.name: getattr(self, entry.name) for entry in fields(Training)}
        if own.get("backbone", self.backbone) != self.backbone and self.weights not in (AUTO, IMAGENET):
            shared["weights"] = AUTO
        try:
            return Training(**shared | own)
        except Refused as problem:
            raise Refused(of_arm(arm, problem)) from None

    def phases_of(self, arm: ArmConfig) -> tuple[Phase, ...]:
        """What trains when in an arm: its strategy's phases for its backbone and its budget."""
        return STRATEGIES[arm.strategy].phases(self._stages_of(arm), arm, self.epochs_of(arm))

    def _stages_of(self, arm: ArmConfig) -> tuple[str, ...]:
        return BACKBONES[arm.backbone or self.backbone].stage_names

    def epochs_of(self, arm: ArmConfig) -> int:
        """How many epochs an arm may take: one where nothing trains by gradient."""
        return 1 if STRATEGIES[arm.strategy].fits else arm.epochs or self.epochs

    def reached_phases_of(self, arm: ArmConfig) -> tuple[Phase, ...]:
        """Those of its phases that begin within its budget."""
        epochs = self.epochs_of(arm)
        return tuple(phase for phase in self.phases_of(arm) if phase.start_epoch <= epochs)

    def rate_tests_of(self, arm: ArmConfig) -> tuple[Phase, ...]:
        """The phases for which a range test is made: that in which the fewest stages train, and the most; the lower
        rate counts, since a head alone bears rates that would spoil pretrained weights."""
        phases = self.reached_phases_of(arm)
        if STRATEGIES[arm.strategy].fits:
            return ()
        return phases if len(phases) == 1 else (phases[0], phases[-1])

    @property
    def rate_test_batches(self) -> int:
        """Batches that each step of a range test trains on: the mean loss of a few pictures scatters too much."""
        return max(1, min(RATE_TEST_BATCHES, -(-RATE_TEST_PICTURES // self.batch_size)))

    def views_of(self, arm: ArmConfig) -> int:
        """Augmented views of which an arm keeps what its frozen part makes; 0: none.

        At most half as many as there are epochs with a frozen part: to keep what is used once would spare nothing.
        """
        lowest, phases = self._stages_of(arm)[0], self.phases_of(arm)
        epochs = range(1, self.epochs_of(arm) + 1)
        frozen = sum(lowest not in phase_at(phases, epoch).rates for epoch in epochs)
        most = max(1, frozen // 2) if self.augmentation else 1  # without augmentation, all views are the same
        return min(self.views, most)

    def devices_of(self, arm: ArmConfig) -> int:
        """On how many of the devices an arm computes: on one where nothing trains by gradient, or nothing but the head on
        features that are kept, which is done before the others have been told."""
        only_the_head = all(set(phase.rates) == {HEAD} for phase in self.reached_phases_of(arm))
        one = STRATEGIES[arm.strategy].fits or (only_the_head and self.views_of(arm) > 0)
        return 1 if one else self.devices

    def rate_of(self, arm: ArmConfig) -> float | None:
        """The head's learning rate at the start of an arm, where no range test finds it; None where it has none."""
        usual = usual_rate(arm.strategy, self.optimizer, arm.weights)
        return usual if usual is None else arm.learning_rate or usual

    def finds_rate_of(self, arm: ArmConfig) -> bool:
        """Whether a range test chooses an arm's learning rate."""
        return self.find_rate and arm.learning_rate is None and not STRATEGIES[arm.strategy].fits
