"""Experiment -> arms x seeds -> RunConfig: the contract between the page, the command line and the trainer.

Imports neither torch nor streamlit. Everything a run needs is in its RunConfig, saved as JSON beside the results.
"""

import re
import secrets
import time
from collections.abc import Collection
from dataclasses import asdict, dataclass, field, fields, replace
from itertools import pairwise
from typing import Any

from tl.backbones import BACKBONES, unknown
from tl.languages import later, plural, say
from tl.schedules import OPTIMIZERS, SCHEDULES
from tl.setting_names import setting_name
from tl.strategies import HEAD, PARAMETERS, RANDOM, STRATEGIES, Phase, arm_title, english_title, phase_at
from tl.words import CONTROL, plain

MIN_RESOLUTION, MAX_RESOLUTION = 32, 224
MOST_THREADS = 1024
MOST_DEVICES = 64
PRECISIONS = ("auto", "fp32", "bf16")  # of the computations; weights and optimizer stay fp32
ACCURACY, BALANCED_ACCURACY = "accuracy", "balanced_accuracy"
# What best epoch, early stopping and verdict go by; "auto": balanced where the largest class has over 3 times the smallest
JUDGES = ("auto", ACCURACY, BALANCED_ACCURACY)
BALANCES = ("none", "loss", "sampling")  # how classes of uneven size are made to count alike in training
CROP_FLIP, TRIVIAL = AUGMENTS = ("crop_flip", "trivial")  # how training pictures are varied, where they are
# By what BatchNorm normalises on several devices: each one's share of a batch, or all of it.
LOCAL, SYNC = BATCHNORMS = ("local", "sync")
DATASET, SEED = VIEWS_BY = ("dataset", "seed")  # whose crops kept views show
AUTO, BUNDLED, IMAGENET = "auto", "bundled", "imagenet"  # weights that any network may have: no model's name
TRANSFERRED = ("backbone", "weights", "resolution")  # settings of a training that an arm may have of its own
# Settings that earlier versions did not have, with the values that do what those versions did: for stored documents.
EARLIER = {"resplit": False, "judge_by": ACCURACY, "patience_steps": 0, "patience_errors": 0.0}
# Settings that a trainer decides where they hold this, and writes into the run's config.json.
DECIDED = {"precision": "auto"}
OF_DEVICES = ("devices", "batchnorm")  # settings that mean something on several devices
OF_TWO_SETS = ("target_dataset", "unmatched")  # settings that mean something where there are two data sets
# Of an experiment, a run or an arm: written where they are not the usual ones, so that earlier versions read all else.
OPTIONAL = (
    *("final", *OF_DEVICES, *OF_TWO_SETS, *TRANSFERRED),
    *("adaptation", "domain_rate", "labelled_per_class"),
)
STOP, LEAVE_OUT = UNMATCHED = ("stop", "leave_out")  # what becomes of classes that only one of two data sets has
# A step of a range test: at least so many pictures, in at most so many batches.
RATE_TEST_PICTURES, RATE_TEST_BATCHES = 32, 8
PLANNED_LOOKS = (3, 5, 10, 20)  # numbers of seeds at which a comparison that is to be settled is judged
RESOLUTIONS = (32, 48, 64, 96, 128, 160, 192, 224)  # what the page offers; any multiple of 16 between is accepted
ID_PATTERN = re.compile(r"[0-9a-v]{26}")
NAME_PATTERN = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")
_DIGITS = "0123456789abcdefghijklmnopqrstuv"


class Refused(ValueError):
    """A user's input that can't be accepted; the text is one sentence: what, which value or file, what to do."""


def newer(what: str, found: "Newer") -> str:
    """What to say of a file that a newer TL Lab has written."""
    return plural(
        "{what} was written by a newer TL Lab, which has the setting {names}; update this one.",
        "{what} was written by a newer TL Lab, which has the settings {names}; update this one.",
        len(found.unknown),
        what=what,
        names=", ".join(found.unknown)[:190],
    )


class Newer(Refused):
    """A stored document has all settings of this version and others besides."""

    def __init__(self, unknown: list[str]):
        self.unknown = unknown
        super().__init__(newer(say("It"), self))


def new_id() -> str:
    """A fresh 26-character id: 10 digits of time in milliseconds (so ids sort by age), 16 random ones."""
    number = int(time.time() * 1000) << 80 | secrets.randbits(80)
    return "".join(_DIGITS[number >> shift & 31] for shift in range(125, -1, -5))


# What is set, by its name with spaces for underscores, as refusals call it.
FROM_TO = later("{low} to {high}")
ONE_OF = later("one of {names}")
DIFFERENT = later("different from each other")


def must_be(name: str, value: object, allowed: str) -> "Refused":
    """The refusal of a setting's value; `allowed`, in words: what it may be."""
    said = {"setting": setting_name(name), "value": f"{value!r:.200}", "allowed": allowed}
    return Refused(say("{setting} is {value}; it must be {allowed}.", **said))


def _require(holds: bool, field_name: str, value: object, allowed: str, **values: object) -> None:
    """Raise Refused where it doesn't hold; `allowed` with its `values` is worded then."""
    if not holds:
        raise must_be(field_name, value, say(allowed, **values))


def _in_range(field_name: str, value: float, low: float, high: float) -> None:
    _require(low <= value <= high, field_name, value, FROM_TO, low=f"{low:.12g}", high=f"{high:.12g}")


def _one_of(field_name: str, value: str, names: Collection[str]) -> None:
    _require(value in names, field_name, value, ONE_OF, names=", ".join(names))


@dataclass(frozen=True, kw_only=True)
class ArmConfig:
    """One side of a comparison: how the network is initialised and what trains when."""

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
        _require(fits, "arm_name", self.name, later("1 to 60 characters long, without control characters"))
        _one_of("strategy", self.strategy, STRATEGIES)
        rate = self.learning_rate
        _require(rate is None or 0 < rate <= 10, "learning_rate", rate, later("above 0 and at most 10"))
        _in_range("epochs", 1 if self.epochs is None else self.epochs, 1, 1000)
        for name, bounds in PARAMETERS.items():
            _in_range(name, getattr(self, name), bounds.low, bounds.high)
        either = [key for key, strategy in STRATEGIES.items() if strategy.either_start]
        allowed = later(
            "a pretrained source for {strategy}; with random weights begin scratch and, of two data sets, {others}"
        )
        fits = self.weights != RANDOM or self.strategy in either
        _require(fits, "weights", self.weights, allowed, strategy=self.strategy, others=", ".join(either))

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

    def to_json(self) -> dict[str, Any]:
        """JSON-ready dict, without what it has not of its own: earlier versions read that, too."""
        return _written(self)


def of_arm(arm: ArmConfig, problem: object) -> str:
    """A refusal that names the arm it is about."""
    return say("Arm {arm!r:.70}: {problem}", arm=arm_title(arm.name), problem=str(problem))


def usual_rate(strategy: str, optimizer: str, weights: str | None = None) -> float | None:
    """The head's learning rate at the start where nobody says another; None where nothing trains by gradient. `weights`:
    the arm's own."""
    rate = STRATEGIES["scratch" if weights == RANDOM else strategy].learning_rate
    return None if rate is None else rate * OPTIMIZERS[optimizer].rate_factor


def check_side(resolution: int) -> None:
    """Refuse what no network here looks at."""
    allowed = later("a multiple of 16 from {low} to {high}")
    fits = MIN_RESOLUTION <= resolution <= MAX_RESOLUTION and resolution % 16 == 0
    _require(fits, "resolution", resolution, allowed, low=MIN_RESOLUTION, high=MAX_RESOLUTION)


@dataclass(frozen=True, kw_only=True)
class Training:
    """What all arms of an experiment share, so that the comparison is fair."""

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
        _require(bool(NAME_PATTERN.fullmatch(self.dataset)), "dataset", self.dataset, later("the name of a data set"))
        target = self.target_dataset
        fits = target is None or (bool(NAME_PATTERN.fullmatch(target)) and target != self.dataset)
        allowed = later("the name of a data set, another than the one learned from")
        _require(fits, "target_dataset", target, allowed)
        _one_of("unmatched", self.unmatched, UNMATCHED)
        in_range = self.samples is None or 2 <= self.samples <= 10**9
        _require(in_range, "samples", self.samples, later("2 to 1000000000, or left out for all"))
        if self.backbone not in BACKBONES:
            raise Refused(unknown(self.backbone))
        fits = 1 <= len(self.weights) <= 100 and not CONTROL.search(self.weights)
        allowed = later("a source's name of 1 to 100 characters, without control characters")
        _require(fits, "weights", self.weights, allowed)
        check_side(self.resolution)
        if not BACKBONES[self.backbone].takes(self.resolution):
            raise Refused(BACKBONES[self.backbone].refusal(self.backbone, self.resolution))
        _in_range("epochs", self.epochs, 1, 1000)
        _in_range("batch_size", self.batch_size, 2, 4096)
        _one_of("optimizer", self.optimizer, OPTIMIZERS)
        _in_range("weight_decay", self.weight_decay, 0, 1)
        _one_of("schedule", self.schedule, SCHEDULES)
        _in_range("step_epochs", self.step_epochs, 1, 1000)
        _require(0 < self.step_factor <= 1, "step_factor", self.step_factor, later("above 0 and at most 1"))
        _require(0 <= self.patience <= 1000, "patience", self.patience, later("0 (never) to 1000"))
        _in_range("patience_start", self.patience_start, 0, 1000)
        _in_range("patience_steps", self.patience_steps, 0, 10**6)
        _in_range("patience_errors", self.patience_errors, 0, 10)
        _one_of("judge_by", self.judge_by, JUDGES)
        _one_of("balance", self.balance, BALANCES)
        _one_of("augment", self.augment, AUGMENTS)
        _one_of("precision", self.precision, PRECISIONS)
        in_range = self.threads is None or 1 <= self.threads <= MOST_THREADS
        allowed = later("1 to {most}, or left out for as many as the machine can spare")
        _require(in_range, "threads", self.threads, allowed, most=MOST_THREADS)
        self._check_devices()
        _require(0 <= self.views <= 100, "views", self.views, later("0 (nothing is kept) to 100"))
        _one_of("views_by", self.views_by, VIEWS_BY)

    def _check_devices(self) -> None:
        _in_range("devices", self.devices, 1, MOST_DEVICES)
        _one_of("batchnorm", self.batchnorm, BATCHNORMS)
        fits = self.devices == 1 or 2 * self.devices <= self.batch_size
        allowed = later("1, or at most half the batch size, which is {batch_size}")
        _require(fits, "devices", self.devices, allowed, batch_size=self.batch_size)
        fits = self.devices == 1 or self.target_dataset is None
        allowed = later("1 where there are two data sets: their pictures share each batch")
        _require(fits, "devices", self.devices, allowed)

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


@dataclass(frozen=True, kw_only=True)
class Final:
    """A finished run's recipe trained once more on all pictures, those of validation and test, too: none is left to test it."""

    of: str  # id of the run whose recipe it is
    epochs: int  # it ends after so many, those up to that run's best one; the schedule stays that of its whole budget
    phase_starts: tuple[int, ...] = (1,)  # epochs at which that run's phases began: nothing is left to decide them by

    def __post_init__(self) -> None:
        _require(bool(ID_PATTERN.fullmatch(self.of)), "final_of", self.of, later("the id of a run"))
        _in_range("final_epochs", self.epochs, 1, 1000)
        grows = self.phase_starts[:1] == (1,) and all(a < b for a, b in pairwise(self.phase_starts))
        _require(grows, "final_phase_starts", self.phase_starts, later("epochs that grow from 1"))

    @classmethod
    def from_json(cls, document: dict[str, Any] | None) -> "Final | None":
        """What its dict, as JSON has it, stands for; None for None."""
        if document is None:
            return None
        return cls(**document | {"phase_starts": tuple(document["phase_starts"])})


@dataclass(frozen=True, kw_only=True)
class RunConfig(Training):
    """One arm with one seed: all that `python -m tl.train RUN_DIR` needs, saved as the run's config.json."""

    run_id: str  # 26 characters, sorts by age
    experiment_id: str  # the same for all arms and seeds of one experiment
    arm: ArmConfig  # how this run starts and what trains when
    arm_position: int  # place of the arm in its experiment, from 0: decides its colour and its turn
    seed: int  # decides initial head and weights, order and augmentation; the same seeds in every arm
    final: Final | None = None  # of a final model

    def decided(self, like: "RunConfig") -> "RunConfig":
        """The same, with what a trainer decided in the run `like` where it is open here."""
        return replace(
            self, **{name: getattr(like, name) for name, left in DECIDED.items() if getattr(self, name) == left}
        )

    @property
    def max_epochs(self) -> int:
        """Epochs this run may take."""
        return self.final.epochs if self.final else self.budget

    @property
    def budget(self) -> int:
        """Epochs by which its schedule goes."""
        return self.epochs_of(self.arm)

    @property
    def finds_rate(self) -> bool:
        """Whether a range test chooses the learning rate."""
        return self.finds_rate_of(self.arm)

    @property
    def phases(self) -> tuple[Phase, ...]:
        """What trains when in this run."""
        planned = self.phases_of(self.arm)
        if self.final is None:
            return planned
        began = zip(planned, self.final.phase_starts)  # those that were reached
        return tuple(replace(phase, start_epoch=start, patience=0) for phase, start in began)

    def to_json(self) -> dict[str, Any]:
        """JSON-ready dict; `from_json` gives the same RunConfig back."""
        return _written(self) | {"arm": self.arm.to_json()}

    @classmethod
    def from_json(cls, document: dict[str, Any]) -> "RunConfig":
        """Read back what `to_json` wrote; unknown fields of newer versions are refused."""
        final = Final.from_json(document.get("final"))
        return cls(**_known(cls, document) | {"arm": ArmConfig(**_known(ArmConfig, document["arm"])), "final": final})


@dataclass(frozen=True, kw_only=True)
class Experiment(Training):
    """All arms x seeds on one data set, sample count and resolution."""

    arms: tuple[ArmConfig, ...] = field(default=())  # at least one; names are unique
    seeds: tuple[int, ...] = (0,)  # arms are paired by seed
    # Numbers of seeds at which it was judged or will be, where seeds were added; (): once, with all its seeds.
    looks: tuple[int, ...] = ()
    final: Final | None = None  # of a final model, whose only run it is

    def __post_init__(self) -> None:
        super().__post_init__()
        names = [arm.name for arm in self.arms]
        _in_range("number_of_arms", len(names), 1, 8)
        shown = {plain(english_title(name)) for name in names}
        _require(len(shown) == len(names), "arm_names", ", ".join(names), DIFFERENT)
        seeds = self.seeds
        _in_range("number_of_seeds", len(seeds), 1, 100)
        _require(len(set(seeds)) == len(seeds), "seeds", seeds, DIFFERENT)
        _require(all(0 <= seed < 2**31 for seed in seeds), "seeds", seeds, later("whole numbers from 0 on"))
        for arm in self.arms:
            self.of(arm)
            if STRATEGIES[arm.strategy].needs_target and self.target_dataset is None:
                needs = say("it takes two data sets; name the one to work on (--target-dataset NAME).")
                raise Refused(of_arm(arm, needs))
        one_set = self.final is None or self.target_dataset is None
        _require(one_set, "final", self.final, later("of a run that learned from one data set alone"))
        grows = all(0 < earlier < later for earlier, later in pairwise(self.looks))
        fits = not self.looks or (grows and self.looks[0] > 0 and self.looks[-1] == len(seeds))
        _require(fits, "looks", self.looks, later("numbers of seeds that grow up to all of them"))
        alone = self.final is None or (
            len(names) == len(seeds) == 1 and self.final.epochs <= self.epochs_of(self.arms[0])
        )
        allowed = later("of one arm with one seed, and of no more epochs than that may take")
        _require(alone, "final", self.final, allowed)

    def runs(self, experiment_id: str) -> list[RunConfig]:
        """One RunConfig per seed and arm with fresh run ids, seed by seed: the order in which they are trained."""
        of_arms = [vars(self.of(arm)) for arm in self.arms]
        return [
            RunConfig(
                **of_arms[position],
                run_id=new_id(),
                experiment_id=experiment_id,
                arm=arm,
                arm_position=position,
                seed=seed,
                final=self.final,
            )
            for seed in self.seeds
            for position, arm in enumerate(self.arms)
        ]

    def to_json(self) -> dict[str, Any]:
        """JSON-ready dict; `from_json` gives the same Experiment back."""
        return _written(self) | {"arms": tuple(arm.to_json() for arm in self.arms)}

    @classmethod
    def from_json(cls, document: dict[str, Any]) -> "Experiment":
        """Read back what `to_json` wrote; unknown fields of newer versions are refused."""
        arms = tuple(ArmConfig(**_known(ArmConfig, arm)) for arm in document["arms"])
        looks, final = tuple(document.get("looks", ())), Final.from_json(document.get("final"))
        own = {"arms": arms, "seeds": tuple(document["seeds"]), "looks": looks, "final": final}
        return cls(**_known(cls, document) | own)


def _written(settings: "RunConfig | Experiment | ArmConfig") -> dict[str, Any]:
    """Its fields as JSON takes them, without what is optional and as usual: earlier versions read that, too."""
    usual = {entry.name: entry.default for entry in fields(settings) if entry.name in _optional_of(type(settings))}
    return {name: value for name, value in asdict(settings).items() if name not in usual or value != usual[name]}


def _optional_of(cls: type) -> frozenset[str]:
    """What may be missing in a document: of a run or an experiment, networks and weights are always written."""
    return frozenset(OPTIONAL) - (frozenset() if cls is ArmConfig else frozenset(TRANSFERRED))


def _known(cls: type[RunConfig | Experiment | ArmConfig], document: dict[str, Any]) -> dict[str, Any]:
    known = {entry.name for entry in fields(cls)}
    unknown = sorted(set(document) - known)
    needed = known - _optional_of(cls)
    if unknown and needed <= set(document):  # settings are added and never renamed: else a name was damaged
        raise Newer(unknown)
    _require(not unknown, "settings", ", ".join(unknown), later("known to this version of TL Lab; update it"))
    earlier = {name: value for name, value in EARLIER.items() if name in known}
    return earlier | document


def listed_in(text: str) -> str:
    """A list that somebody typed, with the commas that are on their keyboard, joined by plain ones."""
    return text.replace("，", ",").replace("、", ",")


def parse_seeds(text: str) -> tuple[int, ...]:
    """`"3"` means three seeds 0, 1, 2; `"4,8"` names them, `"4,"` one. Raises Refused for anything else."""
    try:
        numbers = tuple(int(part) for part in listed_in(text).removesuffix(",").split(","))
    except ValueError:
        raise Refused(say("seeds is {text!r}; give a number of seeds (3) or a list (0,1,2).", text=text)) from None
    if "," in text:
        return numbers
    _in_range("number_of_seeds", numbers[0], 1, 100)
    return tuple(range(numbers[0]))
