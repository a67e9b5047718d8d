"""What a sweep found, as typed and frozen values; `to_json` gives the document that `sweep --json` prints.

Sizes are numbers of training pictures, here numbers and in JSON text. Accuracies and errors are 0..1.
"""

from dataclasses import dataclass
from typing import Any

from tl.analysis.cost_results import TimeToTarget, as_json, fields_as_json
from tl.analysis.experiment_results import ComparisonSetting
from tl.analysis.results import NO_INTERVAL, Interval, Learning
from tl.config import ACCURACY


@dataclass(frozen=True, kw_only=True)
class Curve:
    """A fitted learning curve, error = a * n**-b + c, and what it leaves unexplained."""

    a: float
    b: float
    c: float
    largest: int  # size it was fitted to
    residuals: dict[int, float]  # size -> measured error minus fitted error


@dataclass(frozen=True, kw_only=True)
class SizeResult:
    """What one arm reached at one size."""

    accuracy: Interval | None  # on the test set, mean over seeds; None before a run has finished
    seconds: float | None  # mean computing time of a run
    seeds: int  # finished runs
    test_accuracies: dict[int, float]  # seed -> accuracy
    learning: Learning
    above_guessing: bool | None  # whether it reached more than guessing may, on the pictures counted
    reached: str | None  # what trained at most where its epochs were over before the rest began; None where all did
    budget: int  # epochs it might take

    def to_json(self) -> dict[str, Any]:
        """The accuracy and its interval beside the rest."""
        nothing = {"mean": None, "low": None, "high": None, "basis": NO_INTERVAL}
        own = fields_as_json(self, "learning", "reached", "budget") | {"converged": self.learning.converged}
        return (own.pop("accuracy") or nothing) | own


@dataclass(frozen=True, kw_only=True)
class BreakEven:
    """The size at which an arm's fitted advantage falls below the margin, with its 95 % interval."""

    n: int | None  # None: not up to `beyond`
    beyond: int | None = None  # twice the largest size, where the advantage lasts so far
    low: int | None  # None where there is no interval
    high: int | None = None
    at_most: bool = False  # whether the advantage is below the margin from the smallest size, `n`, on
    low_at_most: bool = False  # whether the interval may begin below `low`, the smallest size
    high_beyond: int | None = None  # where the interval has no upper end: what it reaches beyond

    def to_json(self) -> dict[str, Any]:
        """What there is to say: with `beyond` there is no `n`; marks only where they hold."""
        found: dict[str, Any] = {"low": self.low}
        found |= {"beyond": self.beyond} if self.n is None else {"n": self.n, "high": self.high}
        found |= {name: True for name in ("at_most", "low_at_most") if getattr(self, name)}
        return found if self.high_beyond is None else found | {"high_beyond": self.high_beyond}


@dataclass(frozen=True, kw_only=True)
class Worth:
    """With how many pictures the baseline does as well as the arm at one size."""

    pictures: int
    ratio: float  # pictures as a multiple of the size
    low: float | None  # interval of the ratio; None where there is none
    high: float | None
    bound: str | None  # at_least or at_most, where it is no more than that


@dataclass(frozen=True, kw_only=True)
class SweepComparison:
    """One arm against the baseline at every size."""

    gain: dict[int, Interval | None]  # size -> paired difference on the test set
    seeds: dict[int, int]  # size -> pairs that were tested
    break_even: BreakEven | None  # None for fewer sizes than a curve needs
    worth_in_pictures: dict[int, Worth]  # without sizes where one side guesses
    time_to_target: dict[int, TimeToTarget]  # as in the verdict at that size
    basis: str = NO_INTERVAL  # what the intervals of break-even and worth in pictures cover, see Interval
    against: str = ""  # arm it is held against, as in the verdict at every size; "": the baseline
    caveat: str = ""  # sentence on what else differs between the two, where that is more than transfer

    def to_json(self) -> dict[str, Any]:
        """By name, but for the caveat, which is part of the text."""
        return fields_as_json(self, "caveat")


@dataclass(frozen=True, kw_only=True)
class SweepFinding:
    """One sweep with its learning curves; whatever has finished counts."""

    sweep_id: str
    setting: ComparisonSetting
    experiments: dict[int, str]  # size, ascending -> id of its experiment
    statuses: dict[str, int]  # status -> number of runs
    baseline: str  # arm
    margin: float  # a smaller difference doesn't matter
    chance: float | None  # accuracy of always naming the commonest class
    judge_by: str = ACCURACY  # what test accuracies and gains are: accuracy, or balanced_accuracy
    arms: dict[str, dict[int, SizeResult]]
    curves: dict[str, Curve | None]  # None for fewer than 4 sizes
    headline: str | None  # the arm with the largest mean gain; None before a size has a finished pair
    comparisons: dict[str, SweepComparison]
    works_on: str | None = None  # the data set it was tested on, where that is another than it learned; see Verdict
    text: str = ""  # in words

    @property
    def sizes(self) -> tuple[int, ...]:
        """Ascending."""
        return tuple(self.experiments)

    @property
    def best(self) -> SweepComparison | None:
        """The headline arm's comparison."""
        return None if self.headline is None else self.comparisons[self.headline]

    @property
    def opponent(self) -> str:
        """The arm that the headline arm is held against."""
        return (self.best.against if self.best else "") or self.baseline

    def to_json(self) -> dict[str, Any]:
        """The document of `sweep --json`; what the headline arm gained stands at the top too.

        There `worth_in_pictures` is size -> ratio and `worth_in_pictures_bounds` size -> "at_least" or "at_most", where
        the ratio is only that.
        """
        best = self.best
        worth = best.worth_in_pictures if best else {}
        own = fields_as_json(self, "works_on")
        return {
            **own.pop("setting"),
            **own,
            "sizes": list(self.sizes),
            "break_even": best and as_json(best.break_even),
            "worth_in_pictures": {str(size): entry.ratio for size, entry in worth.items()},
            "worth_in_pictures_bounds": {str(size): entry.bound for size, entry in worth.items() if entry.bound},
        }
