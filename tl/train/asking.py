"""What the network of a run is asked: validation in each epoch, the target beside it, test pictures once, at the end."""

from collections.abc import Callable

from tl.config import RunConfig
from tl.measures import estimated_accuracy
from tl.store.home import Run
from tl.store.predictions import read_predictions, write_predictions
from tl.store.two_sets import TARGET_VALIDATION, Pictures
from tl.strategies import STRATEGIES, TARGET
from tl.train.devices.ranks import Ranks
from tl.train.evaluate import Evaluation
from tl.train.frozen import VALIDATION
from tl.train.learner import Learner
from tl.train.progress import ProgressWriter


class Asking:
    """Asks the network of a run; `note` keeps a sentence on what did not go as planned."""

    def __init__(
        self,
        run: Run,
        config: RunConfig,
        store: Pictures,
        learner: Learner,
        progress: ProgressWriter,
        ranks: Ranks,
        note: Callable[[str], None],
    ):
        self._run, self._config, self._store, self._learner = run, config, store, learner
        self._progress, self._ranks, self._note = progress, ranks, note

    def about(self, split: str, epoch: int, whole: bool = False) -> Evaluation:
        """What it answers on a split after `epoch`; `whole`: as `Learner.evaluate` has it."""
        steps = self._store.sizes[split]
        self._progress.phase("testing" if split == "test" else "validating", epoch=epoch, steps=steps)
        return self._learner.evaluate(split, self._progress.counter(steps), whole)

    def on_target(self, epoch: int, validation: Evaluation | None) -> dict[str, float | None]:
        """Accuracy on the target's validation pictures, where there are labels, and what it is estimated to be without any, by
        columns of the metrics. It decides nothing and is nobody's computing time. Nothing where there is one data set, or
        the network is not yet as it would be asked."""
        if STRATEGIES[self._config.arm.strategy].learns_from == TARGET and validation:
            return {"target_val_accuracy": validation.accuracy}
        if TARGET_VALIDATION not in self._store.sizes or self._learner.method.adapts or validation is None:
            return {}
        found, right = self.about(TARGET_VALIDATION, epoch), validation.labels == validation.predicted
        estimated = estimated_accuracy(validation.probabilities, validation.labels, right, found.probabilities)
        return {"target_val_accuracy": found.row("val")["val_accuracy"], "estimated_accuracy": estimated}

    def at_the_end(self, epochs: int, ended: bool) -> dict[str, float | int | None]:
        """Keep what it answers on validation and test pictures after its `epochs`; what the result says of the latter.

        A network that adapts is asked about the source before it does. `ended`: it had done so when it was killed.
        """
        adapts = self._learner.method.adapts
        before = read_predictions(self._run.predictions, VALIDATION) if ended and adapts else None
        if before is None:
            before = self.about(VALIDATION, epochs, whole=True).predictions(self._store, VALIDATION)
        if adapts and (told := self._learner.adapt(self._progress.counter(len(self._store.beside or ())))):
            self._note(told)
        tested = self.about("test", epochs, whole=True)
        answers = {VALIDATION: before, "test": tested.predictions(self._store, "test")}
        self._ranks.once(write_predictions, self._run.predictions, answers)
        return tested.row("test") | {"test_images": self._store.sizes["test"]}
