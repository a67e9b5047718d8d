"""What guessing reaches on some pictures, and how far an accuracy on them may be off: the one rule for all that is said.

An arm has learned something where its accuracy lies more than GUESSING_ERRORS standard errors above chance, on the test
pictures once runs were tested, before that on the validation pictures.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from tl.analysis.gains import figure
from tl.analysis.records import RunRecord, mean
from tl.config import ACCURACY, BALANCED_ACCURACY
from tl.measures import GUESSING_ERRORS

LEAST_LEARNED = 0.15  # of the way from chance to 1: an accuracy below says too little to be timed


@dataclass(frozen=True)
class Pictures:
    """The pictures of a split that answers are counted on."""

    of_class: tuple[float, ...]  # how many of each class; even where only their sum is known
    balanced: bool = False  # whether the mean over the classes of the share recognised is what counts

    @property
    def judge_by(self) -> str:
        """What is counted on them."""
        return BALANCED_ACCURACY if self.balanced else ACCURACY

    @property
    def total(self) -> int:
        """How many there are."""
        return round(sum(self.of_class))

    @property
    def chance(self) -> float:
        """The accuracy of always naming the commonest class; balanced, that of any guess."""
        if self.balanced:
            return 1 / sum(number > 0 for number in self.of_class)
        return max(self.of_class) / sum(self.of_class)

    def error(self, accuracy: float) -> float:
        """Standard error of an accuracy (0..1) of one network, binomial; balanced, the same in each class."""
        each = max(0.0, accuracy * (1 - accuracy))
        if not self.balanced:
            return math.sqrt(each / sum(self.of_class))
        sizes = [number for number in self.of_class if number > 0]
        return math.sqrt(each * sum(1 / number for number in sizes)) / len(sizes)

    @property
    def limit(self) -> float:
        """Guessing may reach accuracies up to this one."""
        return self.chance + GUESSING_ERRORS * self.error(self.chance)

    @property
    def least_target(self) -> float:
        """Times to an accuracy up to this one say nothing of what was learned."""
        return max(self.limit, self.chance + LEAST_LEARNED * (1 - self.chance))


@dataclass(frozen=True)
class Counted:
    """The accuracy an arm is judged by, and the pictures it was counted on."""

    accuracy: float | None  # mean over its runs
    pictures: Pictures | None  # None: not known

    @property
    def above_guessing(self) -> bool | None:
        """Whether it is more than guessing may reach; None where that can't be said."""
        if self.accuracy is None or self.pictures is None:
            return None
        return self.accuracy > self.pictures.limit


def counted(runs: Sequence[RunRecord], validation: Pictures | None, test: Pictures | None) -> Counted:
    """What an arm reached on the test set in its finished runs; on the validation pictures where there are none."""
    if test and (tested := mean(figure(run, test.judge_by) for run in runs)) is not None:
        return Counted(tested, test)
    return Counted(validated(runs, validation), validation)


def validated(runs: Sequence[RunRecord], pictures: Pictures | None) -> float | None:
    """Mean over the runs of the best epoch's accuracy on the validation `pictures`."""
    if pictures is None or not pictures.balanced:
        return mean(run.best_val_accuracy for run in runs)
    return mean(run.result.best_val_balanced_accuracy for run in runs)
