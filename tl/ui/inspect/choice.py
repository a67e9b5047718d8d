"""What is looked at on the Inspect page: an experiment, two of its arms and a seed. No streamlit."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tl.analysis.adaptation.given_labels import with_labels
from tl.analysis.baselines import held_against
from tl.config import refusal
from tl.datasets.info import UNLABELLED, DatasetInfo
from tl.differences import each_of
from tl.jobs.listing import RunEntry
from tl.languages import say
from tl.store.home import Home
from tl.store.predictions import Answers, Predictions, read_answers, read_predictions
from tl.store.queue.rows import refuse_final
from tl.strategies import SOURCE, STRATEGIES
from tl.ui.parts.view import ExperimentView
from tl.words import count, number_of

TEST = "test"


@dataclass(frozen=True, kw_only=True)
class Choice:
    """One arm, another one to compare it with, one seed."""

    now: ExperimentView
    arm: str  # its name, as in the experiment
    other: str | None  # the arm it is compared with; None where there is no second
    seed: int
    info: DatasetInfo | None  # of the test pictures; None where they are gone: then there are numbers only
    target: DatasetInfo | None = None  # the same of two data sets: what was worked on
    numbers: tuple[int, ...] | None = None  # of two data sets: the number that each class of the runs has in the target
    known: Mapping[int, int] | None = None  # of a target without labels: place -> class of what was labelled here

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of the runs' classes, in label order; none where they are not known."""
        if self.target is None:
            return self.info.classes if self.info else ()
        return self.now.pictures.classes if self.now.pictures else ()

    def stored(self, labels: Sequence[int]) -> list[int]:
        """Labels of test pictures as their data set has them."""
        if self.known is not None:
            return [UNLABELLED] * len(labels)
        if self.numbers is None or not all(0 <= label < len(self.numbers) for label in labels):
            return list(labels)
        return [self.numbers[label] for label in labels]

    @property
    def sides(self) -> list[int]:
        """Pixels a side of the pictures that its arms see."""
        return [own.resolution for own in each_of(self.now.experiment)]

    @property
    def home(self) -> Home:
        return self.now.home

    def run(self, arm: str, seed: int | None = None) -> RunEntry | None:
        """The arm's finished run of a seed (default: the one that is looked at)."""
        wanted = self.seed if seed is None else seed
        return next((run for run in self.now.answered if run.arm == arm and run.seed == wanted), None)

    def answers(self, arm: str, seed: int | None = None) -> Answers | None:
        """What it answered on test pictures, without probabilities; kept in memory. None where nothing was kept, or the file is damaged.

        On a target without labels: on the pictures that were labelled here.
        """
        if self.known is not None:
            return self.predictions(arm, seed)
        run = self.run(arm, seed)
        return read_answers(self.home.run(run.run_id).predictions, TEST) if run else None

    def predictions(self, arm: str, seed: int | None = None, split: str = TEST) -> Predictions | None:
        """The same, or of another split, with how sure it was: read from the disk each time."""
        run = self.run(arm, seed)
        if run is None:
            return None
        path = self.home.run(run.run_id).predictions
        if self.known is not None and split == TEST:
            return with_labels(path, self.known, len(self.classes))
        return read_predictions(path, split)

    def asked(self, number: int) -> str:
        """So many of the pictures that all is said of, in words."""
        if self.known is None:
            return number_of(number, "test picture")  # not shown
        return say("the {number} labelled here", number=count(number))


def initial_choice(now: ExperimentView) -> tuple[str, str | None]:
    """The arm that is looked at first, and the one it is compared with: the first that transfers, and what the verdict holds
    it against.

    Raises Refused for a final model, and where no run has kept what it answered.
    """
    names = [arm.name for arm in now.experiment.arms if any(run.arm == arm.name for run in now.answered)]
    refuse_final(now.experiment_id, now.experiment)
    if not names:
        raise refusal(
            "None of this comparison's runs has kept its answers: wait until one has finished, or run it again."
        )
    strategies = {arm.name: STRATEGIES[arm.strategy] for arm in now.experiment.arms}
    two_sets = now.experiment.target_dataset is not None
    # Of two data sets all arms transfer; what is looked at is what learning from the second one does.
    transfers = {name: own.learns_from != SOURCE if two_sets else own.pretrained for name, own in strategies.items()}
    held = held_against(now.experiment)
    first = next((name for name in names if transfers[name]), next((name for name in names if name in held), names[0]))
    base = held.get(first)
    return first, base if base in names else next((name for name in names if name != first), None)
