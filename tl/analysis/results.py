"""What a comparison found, as typed and frozen values; `to_json` gives the document that `compare --json` prints.

Plain numbers, None where something is not known; accuracies and margins are 0..1.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from tl.analysis.cost_results import Costs, Sides, TimeToTarget, fields_as_json
from tl.config import ACCURACY

# What an interval covers: values of Interval.basis.
NEW_PICTURES = "new_pictures"  # other seeds and other pictures of the kind
NEW_TRAINING = "new_training"  # other training pictures as well
THESE_NETWORKS = "these_networks"  # other pictures, but these very networks (1 or 2 seeds)
THESE_PICTURES = "these_pictures"  # other seeds, but these very test pictures (their answers are not stored)
NO_INTERVAL = "none"


class Learning(StrEnum):
    """How far an arm had got with learning when its runs ended."""

    CONVERGED = "converged"
    STILL_IMPROVING = "still_improving"
    LEARNED_NOTHING = "learned_nothing"
    ONLY_ITS_OWN = (
        "only_its_own"  # of two data sets: the pictures it learned from, and on the others no better than chance
    )
    TOO_FEW_STEPS = "too_few_steps"
    TOO_NOISY = "too_noisy"  # a plateau, but of so few validation pictures that it may be chance
    DIVERGED = "diverged"
    STOPPED = "stopped"  # cut short
    UNKNOWN = "unknown"  # a run goes on, or too little was measured

    @property
    def converged(self) -> bool | None:
        """Whether it had come to rest; None where that can't be said."""
        return {Learning.CONVERGED: True, Learning.STILL_IMPROVING: False}.get(self)


@dataclass(frozen=True)
class Interval:
    """A mean and its interval."""

    mean: float
    low: float | None = None  # None where there is no interval
    high: float | None = None
    basis: str = NO_INTERVAL  # what it covers, see above


@dataclass(frozen=True, kw_only=True)
class Claim:
    """What may be said of an arm, and the interval that decides it."""

    of: int  # arms it was picked from as the best; 1: judged as the only one
    look: int = 1  # how many times the comparison has been judged by now
    confidence: float  # of the interval
    interval: Interval | None  # of the gain on the test set; None where nothing was tested
    outcome: str  # helps, hurts, no_difference or undecided
    more_seeds: int | None = None  # that would probably settle it; 0: settled, None: nothing tested or too many needed
    seeds_can_settle: bool | None = None  # False: however many, the pictures are too few; None: not known
    test_pictures: int | None = None  # it was tested on; None: not known
    more_pictures: int | None = None  # test pictures that would probably settle it; 0: settled, None: not known


@dataclass(frozen=True, kw_only=True)
class ClassRecall:
    """How one arm's networks fared with one class on the test set."""

    name: str
    pictures: int  # of this class, each counted once
    recall: Interval | None  # the share of them that was recognised; None where there are none


@dataclass(frozen=True, kw_only=True)
class ClassResult:
    """How one class fared on the test set with two arms, over runs with the same seed."""

    name: str
    pictures: int  # of this class
    baseline: Interval | None  # its recall: the share of these pictures that were recognised
    arm: Interval | None


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """One arm against the baseline, over runs with the same seed."""

    against: str  # arm it is held against: the baseline, or the one from scratch with its own network and resolution
    differs: tuple[
        str, ...
    ]  # what else differs between the two, of tl.config.TRANSFERRED; weights: where both have some
    seeds: int  # pairs of runs that were tested
    claim: Claim  # judged as the only arm
    test_accuracy_gain: Interval | None  # None where no pair was tested
    test_accuracy: Sides
    validation_accuracy_gain: Interval | None
    validation_accuracy: Sides
    probability_better: float | None  # share of pairs in which the arm did better
    time_to_target: TimeToTarget
    cost: Costs
    learning: Learning  # of the arm
    classes: tuple[ClassResult, ...] | None = None  # None where it is not known what each picture was taken for
    text: str = ""  # in words

    @property
    def gain(self) -> Interval | None:
        """The gain to speak of: on the test set, else on the validation pictures."""
        return self.test_accuracy_gain or self.validation_accuracy_gain

    @property
    def tested(self) -> bool:
        """Whether that gain was measured on the test set."""
        return self.test_accuracy_gain is not None

    def to_json(self) -> dict[str, Any]:
        """As `verdict.arms` has it."""
        own = fields_as_json(self, "claim", "learning")
        if gain := own["test_accuracy_gain"]:
            gain["confidence"] = self.claim.confidence
        told = {"outcome": self.claim.outcome, "more_seeds": self.claim.more_seeds}
        return own | told | {"converged": self.learning.converged}


@dataclass(frozen=True, kw_only=True)
class Ledger:
    """What one arm was given and what it made of it: means over its runs, None where nothing is known."""

    budget: int  # epochs it might take
    reached: str | None  # what trained at most, in words, as the budget was over before the rest; None: all that should
    thawed_from: int  # epoch from which on all trains that should, at the latest
    steps: float | None  # optimizer steps done
    patience: int  # epochs that speak against going on after which early stopping ends it; 0: never
    patience_start: int  # epochs before that begins
    patience_steps: int  # steps before that begins; 0: none, as with pretrained weights
    patience_errors: float  # an epoch counts so many standard errors of its validation loss above the lowest
    learning_rate: float | None  # the head's, at the start
    lowest_rate: float | None  # of its runs: a range test may find another for each seed
    usual_rate: float | None  # of its strategy and optimizer; None: nothing trains by gradient
    # how: default, given, found, partly_found (in some runs), not_found, where it is the usual one, or none
    rate_chosen: str
    stopped_early: int  # number of runs
    out_of_budget: int  # number of runs
    cut_short: int  # number of runs
    late_rise: float | None  # by how much validation accuracy still rose over the last fifth
    late_slope: float | None  # accuracy per epoch there
    counted_accuracy: float | None  # on the test set, before a run was tested on the validation pictures
    chance: float | None  # what guessing reaches on those pictures
    validation_pictures: int | None
    learning: Learning

    def to_json(self) -> dict[str, Any]:
        """With whether it had converged."""
        return vars(self) | {"converged": self.learning.converged}


@dataclass(frozen=True, kw_only=True)
class ArmSummary:
    """One arm by itself: means over its runs, None where nothing was measured."""

    strategy: str  # key of tl.strategies.STRATEGIES
    backbone: str  # key of BACKBONES
    weights: str | None  # pretrained source; None: it begins with random ones
    resolution: int  # pixels
    runs: int
    statuses: dict[str, int]  # status -> number of runs
    reasons: tuple[str, ...]  # why runs failed, each once
    test_accuracy: Interval | None
    best_val_accuracy: float | None
    above_guessing: bool | None  # whether it reached more than guessing may, on the pictures counted
    epochs: float | None
    best_epoch: float | None
    elapsed_seconds: float | None
    images_seen: float | None
    memory_peak_bytes: float | None
    energy_joules: float | None
    flops: float | None
    ledger: Ledger
    test_plain_accuracy: float | None = None  # whatever it is judged by
    test_balanced_accuracy: float | None = None
    test_macro_f1: float | None = None
    classes: tuple[ClassRecall, ...] | None = None  # None where it is not known what each picture was taken for

    def to_json(self) -> dict[str, Any]:
        """As `verdict.summary` has it: the ledger beside the rest; plain accuracies are those of the runs."""
        return fields_as_json(self, "ledger", "test_plain_accuracy") | self.ledger.to_json()


def both_guess(summary: Mapping[str, ArmSummary], *sides: str) -> bool:
    """Whether none of these arms is known to have learned anything."""
    return all(summary[side].above_guessing is False for side in sides)


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """Which arm is better, by how much, how sure that is, how much sooner and at what cost."""

    baseline: str  # arm
    margin: float  # a smaller difference doesn't matter
    target_accuracy: float | None  # on the validation pictures, of the headline arm's comparison
    chance: float | None  # the accuracy that guessing reaches, see tl.analysis.guessing
    judge_by: str = ACCURACY  # what test accuracies and gains are: accuracy, or balanced_accuracy
    judge_by_wanted: str = ACCURACY  # another one where these runs kept no predictions to judge by it
    headline: str | None  # the arm with the largest gain
    headline_claim: Claim | None  # what may be said of it, allowing for its having been picked
    # Arms beside the headline that do worse than what they are held against, each by itself.
    hurting: tuple[str, ...] = ()
    comparisons: dict[str, Comparison]  # arm -> against the baseline
    # arm -> against one that is trained alike and transfers something else, where neither is the baseline: the best of such
    between: dict[str, Comparison] = field(default_factory=dict)
    summary: dict[str, ArmSummary]  # arm -> by itself, the baseline too
    works_on: str | None = (
        None  # the data set it was tested on, as people call it, where that is another than it learned
    )
    text: str = ""  # in words

    def against(self, name: str) -> str:
        """The arm that `name` is held against."""
        return self.comparisons[name].against if name in self.comparisons else self.baseline

    @property
    def one_baseline(self) -> bool:
        """Whether all arms are held against the same one."""
        return all(entry.against == self.baseline for entry in self.comparisons.values())

    def to_json(self) -> dict[str, Any]:
        """As `verdict` of `compare --json` has it."""
        own = fields_as_json(self, *([] if self.works_on else ["works_on"]))
        return own | {"arms": own.pop("comparisons")}
