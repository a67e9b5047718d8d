"""Train one run: take turns, train and validate epoch by epoch, keep the best, test once at the end."""

import math
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import torch

from tl.config import BALANCED_ACCURACY, RunConfig
from tl.datasets import prepare_for
from tl.languages import english, say, store_sentence
from tl.sources import input_of
from tl.store.device_lock import DeviceLock
from tl.store.documents import in_english, read_memory_kills
from tl.store.files import write_json
from tl.store.home import Run
from tl.store.metrics import write_metrics
from tl.store.trash import keep_best_network
from tl.train.asking import Asking
from tl.train.batches import number_of_batches
from tl.train.checkpoints.checkpoint import load_best, load_last, reconcile_best, save_best, save_last
from tl.train.checkpoints.history import History, describe
from tl.train.checkpoints.sealed import reached
from tl.train.devices.peers import NoDeviceLock
from tl.train.devices.ranks import ALONE, Ranks
from tl.train.epochs import Diverged, Epochs
from tl.train.events import write_events
from tl.train.frozen import VALIDATION
from tl.train.hardware import threads
from tl.train.hardware.device import choose_device, device_name, versions
from tl.train.hardware.meter import Meter
from tl.train.hardware.precision import choose_precision
from tl.train.learner import Learner
from tl.train.network import new_network
from tl.train.obtain import weights_here
from tl.train.progress import ProgressWriter


class Trainer:
    """One arm with one seed. `stop` is asked after each step and raises when the run has to end. `ranks`: the processes that
    compute it, of which all do this and the first one writes."""

    def __init__(
        self,
        run: Run,
        config: RunConfig,
        device_lock: DeviceLock | NoDeviceLock,
        stop: Callable[[], None],
        ranks: Ranks = ALONE,
    ):
        self.run, self.config, self.device_lock, self.stop, self.ranks = run, config, device_lock, stop, ranks
        self.progress = ProgressWriter(run, config.max_epochs, writes=ranks.first, between=self._between)
        self.device = choose_device()
        self.device_name = device_name(self.device, ranks.count)  # asked now: a GPU that was lost can't tell
        self._history: History | None = None  # until it is known whether the last checkpoint can be used
        self.meter = Meter(run.resources, self.device, config.threads, ranks)
        self.meter.threads.among(device_lock.places)

    @property
    def history(self) -> History:
        """What the run has reached, once it has gone on."""
        assert self._history is not None
        return self._history

    def train(self) -> dict[str, Any]:
        """Train to the end; gives what result.json says. Raises what went wrong. The caller holds the device lock."""
        self.ranks.once(self.meter.monitor.start)
        try:
            self._prepare()
            while not self._finished():
                self._epoch(self.history.epochs + 1)
                self._hand_over()
            result = self.result("finished", **self._test())
            # It has finished, whatever becomes of what it doesn't need any more.
            self.ranks.once(keep_best_network, self.run)
            return result
        finally:
            self.meter.monitor.stop()

    def _prepare(self) -> None:
        config = self.config
        self.progress.phase("preparing")
        self.store = self.ranks.first_before_others(lambda: prepare_for(self.run.home, self.config, self._preparing))
        weights, expects = None, input_of(self.run.home, config.backbone, config.weights)
        if config.arm.pretrained:
            wanted = (self.run.home, config.backbone, config.weights, self._preparing)
            weights = self.ranks.first_before_others(lambda: weights_here(*wanted))
        self.meter.threads.resume()  # only now: it is other processes that decode pictures, and theirs is no load of others
        if config.precision == "auto":
            config = self.config = self._choose_precision()
        folder = self.run.folder
        self.learner = Learner(config, self.store, self.device, weights, expects, folder, self._tick, self.ranks)
        self._resume()
        shared = (self.progress, self.ranks, self._note)
        self.epochs = Epochs(config, self.learner, self.history, *shared)
        self.asking = Asking(self.run, config, self.store, self.learner, *shared)
        if self.history.learning_rate is None:
            tested = config.finds_rate_of(config.arm)
            found = self.epochs.find_rate(self.run, self.meter) if tested else config.rate_of(config.arm)
            self.history.learning_rate = found
        self._write_rows()

    def _resume(self) -> None:
        """Go on from the last checkpoint, if there is one; what is written after a checkpoint may be older or gone."""
        learner, folder = self.learner, self.run.checkpoints
        kept = (folder, learner.network, learner.optimizer, self.config, learner.moving)
        last = self.ranks.first_before_others(lambda: load_last(*kept))  # the first removes a damaged one
        self._history, version = last or (History(), torch.__version__)
        if last:
            learner.method.restored()
        if version != torch.__version__:
            resumed = say("Resumed with torch {now}, begun with {before}.", now=torch.__version__, before=version)
            self.history.note(resumed)
        self._say()
        self.progress.goes_on(self.history.epochs)
        if (asked := self.config.devices) != self.config.devices_of(self.config.arm):
            only_one = say(
                "Only its head is computed, on features that are kept: one of the {devices} devices did all of it.",
                devices=asked,
            )
            if store_sentence(only_one) not in self.history.notes:
                self.history.note(only_one)
        if read_memory_kills(self.run) and learner.divides:
            learner.spare_memory()
            if self.history.parts == 1:  # not known yet
                self.history.parts = 2
                self._note(
                    say(
                        "The system ended the trainer for lack of memory in epoch {epoch}: each batch of {batch} went through "
                        "the network in {parts} parts from there on, whose gradients were added up; BatchNorm saw each part by "
                        "itself.",
                        epoch=self.history.epochs + 1,
                        batch=self.config.batch_size,
                        parts=self.history.parts,
                    )
                )
        learner.parts = self.history.parts
        learner.frozen.goes_on(self.history.epochs)
        self.ranks.once(reconcile_best, folder, learner.network, self.history, self.config, learner.moving)

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
        if not total:  # others have what this one waits for, and may need the device to get done with it
            self.device_lock.give()
            self.device_lock.take(self.stop)
            self.meter.threads.among(self.device_lock.places)

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

    def _finished(self) -> bool:
        return self.history.epochs >= self.config.max_epochs or self.history.stopped_early

    def _hand_over(self) -> None:
        """Let another run have its epoch; waiting is nobody's computing time."""
        self.device_lock.give()
        self.meter.threads.pause()
        self.progress.phase("waiting", epoch=self.history.epochs)
        self.device_lock.take(self.stop)
        self.meter.threads.among(self.device_lock.places)
        self.ranks.wait()
        self.meter.threads.resume()
        self.progress.phase("training", epoch=self.history.epochs)  # no longer waiting: who watches expects movement

    def _epoch(self, epoch: int) -> None:
        config, history, learner = self.config, self.history, self.learner
        phase = history.phase(epoch, config.phases)
        self.meter.mark()
        began, passes, before = time.monotonic(), learner.frozen.passes, learner.frozen.reused_seconds
        train_loss, train_accuracy, rate = self.epochs.train(epoch, phase)
        trained, reused = time.monotonic(), learner.frozen.reused_seconds - before
        validation = None if config.final else self.asking.about(VALIDATION, epoch)
        if validation and not math.isfinite(validation.loss):
            lost = say("the validation loss became {loss} in epoch {epoch}", loss=str(validation.loss), epoch=epoch)
            raise Diverged(lost)
        evaluated, spared = time.monotonic(), learner.frozen.reused_seconds - before
        load, pictures = self.meter.taken(), learner.inputs.per_epoch
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
                "flops": pictures * (flops + frozen_flops * (learner.frozen.passes - passes)),
                **self.asking.on_target(epoch, validation),
                **learner.method.noted(),
            },
            evaluated - began + spared,
            pictures,
        )
        if validation:
            judged = validation.judged(config.judge_by == BALANCED_ACCURACY)
            steps = epoch * number_of_batches(len(learner.pixels), config.batch_size)
            history.judge(epoch, *judged, steps, config)
        else:
            history.best_epoch = epoch  # there are no pictures to judge it by
        self._commit()
        said = f"epoch {epoch}/{config.max_epochs} ({phase.name}): train loss {train_loss:.4f}, "  # not shown
        if validation:
            said += f"validation loss {validation.loss:.4f}, accuracy {validation.accuracy:.1%}, "  # not shown
        print(f"{said}{evaluated - began:.1f} s", flush=True)  # not shown

    def _commit(self) -> None:
        """The epoch counts once the checkpoint is there; all the rest follows from it."""
        history, learner, folder = self.history, self.learner, self.run.checkpoints
        self.ranks.once(save_last, folder, learner.network, learner.optimizer, history, self.config, learner.moving)
        if history.best_epoch == history.epochs:
            self.ranks.once(save_best, folder, learner.network, history.epochs, self.config, learner.moving)
        self._write_rows()

    def _test(self) -> dict[str, Any]:
        """The one use of the test set: what the best epoch's network answers is kept, then follows the result. A final model
        has none.

        Killed between the two, the run does it again when it is resumed, and finds the same.
        """
        learner, history, folder = self.learner, self.history, self.run.checkpoints
        whole = load_best(folder, learner.network, history.best_epoch, learner.moving)
        if not whole:
            learner.method.restored()
        learner.begin(history.epochs, self.config.phases[len(history.phase_starts) - 1])
        ended = whole and learner.moving is not None
        tested = {} if self.config.final else self.asking.at_the_end(history.epochs, ended)
        if learner.moving is not None:  # whoever takes over the network needs all of it
            learner.method.finish(learner.network)
            self.ranks.once(save_best, folder, learner.network, history.best_epoch, self.config)
        self.progress.phase("done", epoch=history.epochs)
        return tested

    def result(self, status: str, **facts: Any) -> dict[str, Any]:
        """Write what result.json says of a run that ended so, now, and give it."""
        history = self._history or reached(self.run.checkpoints)  # it may end before it has gone on
        document = describe(status, history, self.config) | {
            "waited_seconds": self.device_lock.waited_seconds,
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
