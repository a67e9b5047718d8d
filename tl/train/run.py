"""Train one run: take turns, train and validate epoch by epoch, keep the best, test once at the end."""

import math
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import pandas as pd
import torch

from tl.config import BALANCED_ACCURACY, RunConfig
from tl.datasets import prepare_for
from tl.languages import english, later, say, store_sentence
from tl.measures import estimated_accuracy
from tl.schedules import SCHEDULES
from tl.sources import input_of
from tl.store.device_lock import Turn
from tl.store.documents import in_english, read_memory_kills
from tl.store.files import write_json, write_parquet
from tl.store.home import Run
from tl.store.metrics import write_metrics
from tl.store.paired import TARGET_VALIDATION
from tl.store.predictions import read_predictions, write_predictions
from tl.store.trash import keep_best_network
from tl.strategies import HEAD, STRATEGIES, TARGET, Phase
from tl.train.batches import number_of_batches
from tl.train.checkpoints.checkpoint import load_best, load_last, reconcile_best, save_best, save_last
from tl.train.checkpoints.history import History, describe
from tl.train.checkpoints.sealed import reached
from tl.train.devices.peers import NoTurn
from tl.train.devices.ranks import ALONE, Ranks
from tl.train.epoch_sums import EpochSums
from tl.train.evaluate import Evaluation
from tl.train.events import write_events
from tl.train.frozen import VALIDATION
from tl.train.hardware import threads
from tl.train.hardware.device import choose_device, device_name, gpu_identity, versions
from tl.train.hardware.precision import choose_precision
from tl.train.hardware.resources import ResourceMonitor, together
from tl.train.learner import Learner
from tl.train.network import new_network
from tl.train.obtain import weights_here
from tl.train.progress import ProgressWriter
from tl.train.rate_test import none_shown


class Diverged(Exception):
    """A loss is no longer a finite number; what was learnt before is kept."""


class Trainer:
    """One arm with one seed. `stop` is asked after each step and raises when the run has to end. `ranks`: the processes that
    compute it, of which all do this and the first one writes."""

    def __init__(
        self,
        run: Run,
        config: RunConfig,
        turn: Turn | NoTurn,
        stop: Callable[[], None],
        ranks: Ranks = ALONE,
    ):
        self.run, self.config, self.turn, self.stop, self.ranks = run, config, turn, stop, ranks
        self.progress = ProgressWriter(run, config.max_epochs, writes=ranks.first)
        self.device = choose_device()
        self.threads = threads.govern(self.device, config.threads, ranks.count)
        self.threads.among(turn.places)
        self.device_name = device_name(self.device, ranks.count)  # asked now: a GPU that was lost can't tell
        self._history: History | None = None  # until it is known whether the last checkpoint can be used
        self.monitor = ResourceMonitor(run.resources, **gpu_identity(self.device))

    @property
    def history(self) -> History:
        """What the run has reached, once it has gone on."""
        assert self._history is not None
        return self._history

    def train(self) -> dict[str, Any]:
        """Train to the end; gives what result.json says. Raises what went wrong. The caller holds the turn."""
        self.ranks.once(self.monitor.start)
        try:
            self._prepare()
            while not self._finished():
                self._epoch(self.history.epochs + 1)
                self._hand_over()
            result = self._result("finished", **self._test())
            # It has finished, whatever becomes of what it doesn't need any more.
            self.ranks.once(keep_best_network, self.run)
            return result
        finally:
            self.monitor.stop()

    def stopped(self) -> dict[str, Any]:
        """What result.json says of a run that was stopped: its best so far is kept, the test set untouched."""
        return self._result("stopped")

    def failed(self, reason: str, message: str) -> dict[str, Any]:
        """What result.json says of a run that failed."""
        return self._result("failed", reason=reason, message=message)

    def _prepare(self) -> None:
        config = self.config
        self.progress.phase("preparing")
        self.store = self.ranks.in_turn(lambda: prepare_for(self.run.home, self.config, self._preparing))
        weights, expects = None, input_of(self.run.home, config.backbone, config.weights)
        if config.arm.pretrained:
            wanted = (self.run.home, config.backbone, config.weights, self._preparing)
            weights = self.ranks.in_turn(lambda: weights_here(*wanted))
        self.threads.resume()  # only now: it is other processes that decode pictures, and theirs is no load of others
        if config.precision == "auto":
            config = self.config = self._choose_precision()
        folder = self.run.folder
        self.learner = Learner(config, self.store, self.device, weights, expects, folder, self._tick, self.ranks)
        self._resume()
        if self.history.learning_rate is None:
            self.history.learning_rate = self._find_rate() if config.finds_rate else config.rate_of(config.arm)
        self._write_rows()

    def _resume(self) -> None:
        """Go on from the last checkpoint, if there is one; what is written after a checkpoint may be older or gone."""
        learner, folder = self.learner, self.run.checkpoints
        kept = (folder, learner.network, learner.optimizer, self.config, learner.moving)
        last = self.ranks.in_turn(lambda: load_last(*kept))  # the first removes a damaged one
        self._history, version = last or (History(), torch.__version__)
        if last:
            learner.restored()
        if version != torch.__version__:
            self.history.note(
                say("Resumed with torch {now}, begun with {before}.", now=torch.__version__, before=version)
            )
        self._say()
        self.progress.goes_on(self.history.epochs)
        for sentence in self._of_devices():
            if store_sentence(sentence) not in self.history.notes:
                self.history.note(sentence)
        if read_memory_kills(self.run) and learner.divides:
            learner.spare_memory()
            if self.history.parts == 1:  # not known yet
                self.history.parts = 2
                self._note_parts(
                    later(
                        "The system ended the trainer for lack of memory in epoch {epoch}: each batch of {batch} went through "
                        "the network in {parts} parts from there on, whose gradients were added up; BatchNorm saw each part by "
                        "itself."
                    ),
                    epoch=self.history.epochs + 1,
                )
        learner.parts = self.history.parts
        learner.goes_on(self.history.epochs)
        self.ranks.once(reconcile_best, folder, learner.network, self.history, self.config, learner.moving)

    def _of_devices(self) -> list[str]:
        """What is to be said of how many of its devices compute the run."""
        if (asked := self.config.devices) == self.config.devices_of(self.config.arm):
            return []
        sentence = later(
            "Only its head is computed, on features that are kept: one of the {devices} devices did all of it."
        )
        return [say(sentence, devices=asked)]

    def _note(self, sentence: str) -> None:
        """Keep what did not go as planned: it ends up in result.json."""
        self.history.note(sentence)
        self._say()

    def _say(self) -> None:
        for sentence in self.history.notes:
            if sentence not in self.progress.notes:
                print(english(sentence), flush=True)
        self.progress.notes = list(self.history.notes)

    def _write_rows(self) -> None:
        """What others read of the epochs; made again from the checkpoint where a crash came between."""
        self.ranks.once(write_metrics, self.run.metrics, self.history.rows)
        self.ranks.once(write_events, self.run.tensorboard, self.config, self.history.rows, None)

    def _preparing(self, done: int, total: int, what: str) -> None:
        self.progress.step(done, total, what)
        self.stop()
        if not total:  # others have what this one waits for, and may need the turn to get done with it
            self.turn.give()
            self.turn.take(self.stop)
            self.threads.among(self.turn.places)

    def _tick(self) -> None:
        self.progress.tick()
        self._between()

    def _between(self) -> None:
        """To be called between two pieces of work."""
        threads.tick()
        self.stop()

    def _choose_precision(self) -> RunConfig:
        """Every arm finds the same answer; it becomes part of the configuration. Nobody's computing time."""
        config = self.config
        self.progress.phase("preparing", detail=say("trying fp32 and bf16"))
        build = partial(new_network, config.backbone, len(self.store.classes), config.resolution, self.device)
        about = (config.backbone, config.resolution, config.batch_size)
        chosen = self.ranks.broadcast(lambda: choose_precision(self.run.home, build, *about, self.device))
        config = replace(config, precision=chosen)
        self.ranks.once(write_json, self.run.config, config.to_json())
        return config

    def _find_rate(self) -> float | None:
        """By a range test, whose time is this run's time."""
        history, found, began = self.history, [], time.monotonic()
        self.progress.phase("training", detail=say("finding the learning rate"), epoch=1)
        self.monitor.epoch_mark()
        for phase in self.config.rate_tests_of(self.config.arm):
            rate, curve, flops = self.learner.find_rate(phase)
            usual = self.config.rate_of(self.config.arm)
            assert usual is not None, "a strategy without a rate makes no test"
            found.append((rate or usual, curve, rate is not None))
            history.rate_test_flops += flops
            print(f"range test ({phase.name}): learning rate {rate or 'none'}", flush=True)  # not shown
        rate, curve, history.rate_shown = min(found, key=lambda each: each[0])
        if not history.rate_shown:
            self._note(none_shown(rate))
        self.ranks.once(write_parquet, self.run.rate_test, pd.DataFrame(curve))
        history.rate_test_seconds = time.monotonic() - began
        history.rate_test_joules = self._load()["energy_joules"]
        return rate

    def _finished(self) -> bool:
        return self.history.epochs >= self.config.max_epochs or self.history.stopped_early

    def _hand_over(self) -> None:
        """Let another run have its epoch; waiting is nobody's computing time."""
        self.turn.give()
        self.threads.pause()
        self.progress.phase("waiting", epoch=self.history.epochs)
        self.turn.take(self.stop)
        self.threads.among(self.turn.places)
        self.ranks.wait()
        self.threads.resume()
        self.progress.phase("training", epoch=self.history.epochs)  # no longer waiting: who watches expects movement

    def _epoch(self, epoch: int) -> None:
        config, history, learner = self.config, self.history, self.learner
        phase = history.phase(epoch, config.phases)
        if self.device.type == "cuda":
            torch.cuda.reset_peak_memory_stats()
        self.monitor.epoch_mark()
        self.threads.take_share()
        began, passes, before = time.monotonic(), learner.frozen_passes, learner.reused_seconds
        train_loss, train_accuracy, rate = self._train_epoch(epoch, phase)
        trained, reused = time.monotonic(), learner.reused_seconds - before
        validation = None if config.final else self._evaluate(VALIDATION, epoch)
        if validation and not math.isfinite(validation.loss):
            raise Diverged(
                say("the validation loss became {loss} in epoch {epoch}", loss=str(validation.loss), epoch=epoch)
            )
        evaluated, spared = time.monotonic(), learner.reused_seconds - before
        load, pictures = self._load(), learner.per_epoch
        frozen_flops, flops = learner.flops(phase)
        history.add(
            {
                "run_id": config.run_id,
                "arm": config.arm.name,
                "seed": config.seed,
                "epoch": epoch,
                "stage": phase.name,
                "train_loss": train_loss,
                "train_accuracy": train_accuracy,
                **(validation.row("val", errors=True) if validation else {}),
                "learning_rate": rate,
                "trainable_parameters": learner.stages.trainable_parameters,
                "total_parameters": learner.stages.total_parameters,
                "train_seconds": trained - began + reused,
                "eval_seconds": evaluated - trained + spared - reused,
                "reused_seconds": spared,
                "images_per_second": pictures / (trained - began + reused),
                **load,
                "energy_joules": None if spared else load["energy_joules"],
                "flops": pictures * (flops + frozen_flops * (learner.frozen_passes - passes)),
                **self._on_target(epoch, validation),
                **learner.noted(),
            },
            evaluated - began + spared,
            pictures,
        )
        if validation:
            judged = validation.judged(config.judge_by == BALANCED_ACCURACY)
            steps = epoch * number_of_batches(len(learner.pixels), config.batch_size)
            history.judge(epoch, *judged, steps, config)
        else:
            history.keep(epoch)
        self._commit()
        told = (
            f"validation loss {validation.loss:.4f}, accuracy {validation.accuracy:.1%}, " if validation else ""
        )  # not shown
        said = f"epoch {epoch}/{config.max_epochs} ({phase.name}): train loss {train_loss:.4f}, {told}"  # not shown
        print(f"{said}{evaluated - began:.1f} s", flush=True)  # not shown

    def _load(self) -> dict[str, float | None]:
        """What was taken of the machine since the last mark, by columns of the metrics, by all devices together."""
        load, share, gpu = self.monitor.epoch_mark(), self.threads.take_share(), self.device.type == "cuda"
        own = {
            "memory_peak_bytes": torch.cuda.max_memory_allocated() if gpu else load["memory_bytes"],
            "gpu_utilisation": load["gpu_utilisation"],
            "energy_joules": load["energy_joules"],
            **(share.row() if share else {}),
            **({"others_load": load["gpu_others"]} if gpu else {}),
        }
        return together(self.ranks.gathered(own), gpu)

    def _commit(self) -> None:
        """The epoch counts once the checkpoint is there; all the rest follows from it."""
        history, learner, folder = self.history, self.learner, self.run.checkpoints
        about = (history, self.config, learner.moving)
        self.ranks.once(save_last, folder, learner.network, learner.optimizer, *about)
        if history.best_epoch == history.epochs:
            self.ranks.once(save_best, folder, learner.network, history.epochs, self.config, learner.moving)
        self._write_rows()

    def _train_epoch(self, epoch: int, phase: Phase) -> tuple[float, float, float | None]:
        """One pass over the training pictures: mean loss, accuracy, the head's last learning rate."""
        config, learner, schedule = self.config, self.learner, SCHEDULES[self.config.schedule]
        learner.begin(epoch, phase)
        if learner.fits:
            return *self._fit(epoch), None
        steps = number_of_batches(len(learner.pixels), config.batch_size)
        self.progress.phase("training", epoch=epoch, steps=steps)
        sums, rate, start = EpochSums(self.device), 0.0, self.history.learning_rate
        assert start is not None, "only what is fitted has no rate"
        for step, (batch, target) in enumerate(learner.batches(epoch)):
            done = epoch - 1 + step / steps
            factor = schedule(done, config.budget, config.step_epochs, config.step_factor)
            rate = start * factor
            loss, scores = learner.step(batch, target, phase, rate, done / config.budget)
            if learner.parts != self.history.parts:
                self._halved(epoch, step + 1)
            self._look(epoch, sums.add(step + 1, loss, learner.batch_sums(loss, scores, target)))
            self.progress.step(step + 1, steps)
            self._between()
        self._look(epoch, sums.rest())
        if (most := max(self.ranks.gathered(learner.parts))) > learner.parts:  # another device had too little memory
            learner.parts = most
            self._halved(epoch, steps)
        self.ranks.average_statistics(learner.network)
        return *sums.means(self.ranks), rate * phase.rates[HEAD]

    def _fit(self, epoch: int) -> tuple[float, float]:
        """The head computed in one go: mean loss and accuracy on the training pictures, then."""
        steps = len(self.learner.pixels)
        self.progress.phase("training", epoch=epoch, steps=steps)
        found = self.learner.fit(self._ticking(steps))
        return found.loss, found.accuracy

    def _look(self, epoch: int, lost: tuple[int, float] | None) -> None:
        """Raise Diverged for a (step, loss) that is not finite."""
        if lost:
            raise Diverged(
                say(
                    "the training loss became {loss} in epoch {epoch}, step {step}",
                    loss=str(lost[1]),
                    epoch=epoch,
                    step=lost[0],
                )
            )

    def _halved(self, epoch: int, step: int) -> None:
        self.history.parts = self.learner.parts
        self._note_parts(
            later(
                "The GPU's memory was not enough in epoch {epoch}, step {step}: each batch of {batch} went through the network "
                "in {parts} parts from there on, whose gradients were added up; BatchNorm saw each part by itself."
            ),
            epoch=epoch,
            step=step,
        )

    def _note_parts(self, sentence: str, **where: int) -> None:
        self._note(say(sentence, batch=self.config.batch_size, parts=self.history.parts, **where))

    def _evaluate(self, split: str, epoch: int, whole: bool = False) -> Evaluation:
        steps = self.store.sizes[split]
        self.progress.phase("testing" if split == "test" else "validating", epoch=epoch, steps=steps)
        return self.learner.evaluate(split, self._ticking(steps), whole)

    def _ticking(self, steps: int) -> Callable[[int], None]:
        def tick(done: int) -> None:
            self.progress.step(done, steps)
            self._between()

        return tick

    def _on_target(self, epoch: int, validation: Evaluation | None) -> dict[str, float | None]:
        """Accuracy on the target's validation pictures, where there are labels, and what it is estimated to be without any, by
        columns of the metrics. It decides nothing and is nobody's computing time. Nothing where there is one data set, or
        the network is not yet as it would be asked."""
        if STRATEGIES[self.config.arm.strategy].learns_from == TARGET and validation:
            return {"target_val_accuracy": validation.accuracy}
        if TARGET_VALIDATION not in self.store.sizes or self.learner.adapts or validation is None:
            return {}
        found, right = self._evaluate(TARGET_VALIDATION, epoch), validation.labels == validation.predicted
        estimated = estimated_accuracy(validation.probabilities, validation.labels, right, found.probabilities)
        return {"target_val_accuracy": found.row("val")["val_accuracy"], "estimated_accuracy": estimated}

    def _test(self) -> dict[str, Any]:
        """The one use of the test set: what the best epoch's network answers is kept, then follows the result. A final model
        has none.

        Killed between the two, the run does it again when it is resumed, and finds the same.
        """
        learner, history, folder = self.learner, self.history, self.run.checkpoints
        whole = load_best(folder, learner.network, history.best_epoch, learner.moving)
        if not whole:
            learner.restored()
        learner.begin(history.epochs, self.config.phases[len(history.phase_starts) - 1])
        tested = {} if self.config.final else self._answers(ended=whole and learner.moving is not None)
        if learner.moving is not None:  # whoever takes over the network needs all of it
            learner.finish()
            self.ranks.once(save_best, folder, learner.network, history.best_epoch, self.config)
        self.progress.phase("done", epoch=history.epochs)
        return tested

    def _answers(self, ended: bool) -> dict[str, float | int | None]:
        """Keep what the network answers on validation and test pictures; what the result says of the latter.

        A network that adapts is asked about the source before it does. `ended`: it had done so when it was killed.
        """
        before = read_predictions(self.run.predictions, VALIDATION) if ended and self.learner.adapts else None
        if before is None:
            before = self._evaluate(VALIDATION, self.history.epochs, whole=True).predictions(self.store, VALIDATION)
        if self.learner.adapts and (told := self.learner.adapt(self._ticking(len(self.store.beside or ())))):
            self._note(told)
        tested = self._evaluate("test", self.history.epochs, whole=True)
        answers = {VALIDATION: before, "test": tested.predictions(self.store, "test")}
        self.ranks.once(write_predictions, self.run.predictions, answers)
        return tested.row("test") | {"test_images": self.store.sizes["test"]}

    def _result(self, status: str, **facts: Any) -> dict[str, Any]:
        history = self._history or reached(self.run.checkpoints)  # it may end before it has gone on
        document = describe(status, history, self.config) | {
            "waited_seconds": self.turn.waited_seconds,
            "device": self.device_name,
            "devices": self.ranks.count,
            "versions": versions(),
        }
        document = in_english(document | facts)
        try:
            self.ranks.once(write_events, self.run.tensorboard, self.config, history.rows, document)
        except OSError as error:
            if status == "finished":
                raise
            print(f"TensorBoard's files lack how the run ended: {error}", flush=True)  # not shown
        self.ranks.once(write_json, self.run.result, document)
        return document
