"""An epoch's training: the network sees every training picture once, in batches or, where it is fitted, in one go."""

import time
from collections.abc import Callable

import pandas as pd

from tl.config import RunConfig
from tl.languages import later, say
from tl.phases import HEAD, Phase
from tl.schedules import SCHEDULES
from tl.store.files import write_parquet
from tl.store.home import Run
from tl.train.batches import number_of_batches
from tl.train.checkpoints.history import History
from tl.train.devices.ranks import Ranks
from tl.train.epoch_sums import EpochSums
from tl.train.hardware.meter import Meter
from tl.train.learner import Learner
from tl.train.progress import ProgressWriter
from tl.train.rate_test import none_shown


class Diverged(Exception):
    """A loss is no longer a finite number; what was learned before is kept."""


class Epochs:
    """The epochs of a run; `note` keeps a sentence on what did not go as planned."""

    def __init__(
        self,
        config: RunConfig,
        learner: Learner,
        history: History,
        progress: ProgressWriter,
        ranks: Ranks,
        note: Callable[[str], None],
    ):
        self._config, self._learner, self._history, self._progress = config, learner, history, progress
        self._ranks, self._note = ranks, note

    def train(self, epoch: int, phase: Phase) -> tuple[float, float, float | None]:
        """Train on all pictures once: mean loss, accuracy, the head's last learning rate. Raises Diverged."""
        config, learner, schedule = self._config, self._learner, SCHEDULES[self._config.schedule].factor
        learner.begin(epoch, phase)
        if learner.method.fits:
            return *self._fit(epoch), None
        steps = number_of_batches(len(learner.pixels), config.batch_size)
        self._progress.phase("training", epoch=epoch, steps=steps)
        count = self._progress.counter(steps)
        sums, rate, start = EpochSums(learner.device), 0.0, self._history.learning_rate
        assert start is not None, "only what is fitted has no rate"
        for step, (batch, target) in enumerate(learner.batches(epoch)):
            done = epoch - 1 + step / steps
            factor = schedule(done, config.budget, config.step_epochs, config.step_factor)
            rate = start * factor
            loss, scores = learner.step(batch, target, phase, rate, done / config.budget)
            if learner.parts != self._history.parts:
                self._halved(epoch, step + 1)
            _check_finite(epoch, sums.add(step + 1, loss, learner.batch_sums(loss, scores, target)))
            count(step + 1)
        _check_finite(epoch, sums.rest())
        if (most := max(self._ranks.gathered(learner.parts))) > learner.parts:  # another device had too little memory
            learner.parts = most
            self._halved(epoch, steps)
        self._ranks.average_statistics(learner.network)
        return *sums.means(self._ranks), rate * phase.rates[HEAD]

    def find_rate(self, run: Run, meter: Meter) -> float | None:
        """The head's learning rate by a range test, whose time is this run's time; its curve is kept."""
        config, history, found, began = self._config, self._history, [], time.monotonic()
        self._progress.phase("training", detail=say("finding the learning rate"), epoch=1)
        meter.mark()
        for phase in config.rate_tests_of(config.arm):
            rate, curve, flops = self._learner.find_rate(phase)
            usual = config.rate_of(config.arm)
            assert usual is not None, "a strategy without a rate makes no test"
            found.append((rate or usual, curve, rate is not None))
            history.rate_test_flops += flops
            print(f"range test ({phase.name}): learning rate {rate or 'none'}", flush=True)  # not shown
        rate, curve, history.rate_shown = min(found, key=lambda each: each[0])
        if not history.rate_shown:
            self._note(none_shown(rate))
        self._ranks.once(write_parquet, run.rate_test, pd.DataFrame(curve))
        history.rate_test_seconds = time.monotonic() - began
        history.rate_test_joules = meter.taken()["energy_joules"]
        return rate

    def _fit(self, epoch: int) -> tuple[float, float]:
        """The head computed in one go: mean loss and accuracy on the training pictures, then."""
        steps = len(self._learner.pixels)
        self._progress.phase("training", epoch=epoch, steps=steps)
        found = self._learner.fit(self._progress.counter(steps))
        return found.loss, found.accuracy

    def _halved(self, epoch: int, step: int) -> None:
        self._history.parts = self._learner.parts
        self._note(
            say(
                "The GPU's memory was not enough in epoch {epoch}, step {step}: each batch of {batch} went through the network "
                "in {parts} parts from there on, whose gradients were added up; BatchNorm saw each part by itself.",
                epoch=epoch,
                step=step,
                batch=self._config.batch_size,
                parts=self._history.parts,
            )
        )


def _check_finite(epoch: int, lost: tuple[int, float] | None) -> None:
    """Raise Diverged for a (step, loss) that is not finite."""
    if lost:
        step, loss = lost
        text = later("the training loss became {loss} in epoch {epoch}, step {step}")
        raise Diverged(say(text, loss=str(loss), epoch=epoch, step=step))
