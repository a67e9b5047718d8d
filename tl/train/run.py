"""Train one run: take turns, train and validate epoch by epoch, keep the best, test once at the end."""

import math
import time

import numpy as np
import torch
from torch import nn

from tl.config import RunConfig
from tl.datasets import prepare
from tl.pretrained import source
from tl.schedules import SCHEDULES
from tl.store.download import download
from tl.store.files import write_json
from tl.store.home import Run
from tl.store.metrics import write_metrics
from tl.strategies import STRATEGIES, phase_at
from tl.train.batches import number_of_batches, training_batches
from tl.train.checkpoint import History, load_best, load_last, save_best, save_last
from tl.train.device import choose_device, gpu_identity
from tl.train.evaluate import evaluate
from tl.train.events import write_events
from tl.train.network import Stages, build_network, load_pretrained
from tl.train.progress import Progress
from tl.train.resources import ResourceMonitor
from tl.train.turn import Turn

SMALLEST_AREA = 0.5  # of a training crop, as a part of the picture's area


class Diverged(Exception):
    """The training loss is no longer a finite number."""


class Trainer:
    """One arm with one seed. `stop` is asked after each step and raises when the run has to end."""

    def __init__(self, run: Run, config: RunConfig, turn: Turn, stop):
        self.run, self.config, self.turn, self.stop = run, config, turn, stop
        self.progress = Progress(run, config.max_epochs)
        self.device = choose_device()
        self.history = History()
        self.monitor = ResourceMonitor(run.resources, **gpu_identity(self.device))

    def train(self) -> dict:
        """Train to the end; gives what result.json says. Raises what went wrong. The caller holds the turn."""
        self.monitor.start()
        try:
            self._prepare()
            while not self._finished():
                self._epoch(self.history.epochs + 1)
                self._hand_over()
            return self._result("finished", **self._test())
        finally:
            self.monitor.stop()

    def stopped(self) -> dict:
        """What result.json says of a run that was stopped: the best so far is kept, the test set stays untouched."""
        return self._result("stopped")

    def failed(self, reason: str, message: str) -> dict:
        """What result.json says of a run that failed."""
        return self._result("failed", reason=reason, message=message)

    def _prepare(self) -> None:
        config = self.config
        self.progress.phase("preparing")
        self.store = prepare(self.run.home, config.dataset, config.resolution, config.samples, self._preparing)
        self.pixels = self.store.pixels("train", config.samples)
        self.labels = self.store.labels_of("train", config.samples)
        torch.manual_seed(config.seed)
        self.network = build_network(config.backbone, len(self.store.classes), config.resolution)
        if STRATEGIES[config.arm.strategy].pretrained:
            self._load_weights()
        self.network.to(self.device)
        self.stages = Stages(self.network, config.backbone)
        self.optimizer = self._make_optimizer()
        self.history = load_last(self.run.checkpoints, self.network, self.optimizer) or History()
        write_metrics(self.run.metrics, self.history.rows)
        write_events(self.run.tensorboard, config, self.history.rows, None)

    def _preparing(self, done: int, total: int, what: str) -> None:
        self.progress.step(done, total, what)
        self.stop()

    def _load_weights(self) -> None:
        weights = source(self.run.home, self.config.backbone, self.config.weights)
        if weights.file is None:
            what = f"downloading {weights.place.name}"
            size = weights.size_bytes
            tell = lambda done, total: self._preparing(done, total or size, what)  # noqa: E731
            download(weights.url, weights.place, weights.sha256, size, tell)
        load_pretrained(self.network, self.config.backbone, weights.place)

    def _make_optimizer(self) -> torch.optim.Optimizer:
        # Every stage is in the optimizer from the start; a frozen one has no gradients and is passed over.
        groups = [{"params": weights, "stage": name} for name, weights in self.stages.parameters.items() if weights]
        decay = self.config.weight_decay
        match self.config.optimizer:
            case "adam":
                return torch.optim.Adam(groups, lr=0.0, weight_decay=decay, fused=True)
            case "adamw":
                return torch.optim.AdamW(groups, lr=0.0, weight_decay=decay, fused=True)
            case "sgd":
                return torch.optim.SGD(groups, lr=0.0, weight_decay=decay, momentum=0.9, fused=True)
        raise AssertionError(self.config.optimizer)

    def _finished(self) -> bool:
        return self.history.epochs >= self.config.max_epochs or self.history.stopped_early

    def _hand_over(self) -> None:
        """Let the other arm have its epoch; waiting is nobody's computing time."""
        self.turn.give()
        self.progress.phase("waiting", epoch=self.history.epochs)
        self.turn.take()
        self.stop()

    def _epoch(self, epoch: int) -> None:
        config, history = self.config, self.history
        phase = phase_at(config.phases, epoch)
        self.stages.apply(phase)
        if self.device.type == "cuda":
            torch.cuda.reset_peak_memory_stats()
        self.monitor.epoch_mark()
        began = time.monotonic()
        train_loss, train_accuracy, rate = self._train_epoch(epoch, phase)
        trained = time.monotonic()
        val_loss, val_accuracy = self._evaluate("validation", epoch)
        evaluated = time.monotonic()
        load = self.monitor.epoch_mark()
        before = history.rows[-1] if history.rows else {"elapsed_seconds": 0.0, "images_seen": 0}
        history.rows.append(
            {
                "run_id": config.run_id,
                "arm": config.arm.name,
                "seed": config.seed,
                "epoch": epoch,
                "stage": phase.name,
                "train_loss": train_loss,
                "train_accuracy": train_accuracy,
                "val_loss": val_loss,
                "val_accuracy": val_accuracy,
                "learning_rate": rate,
                "trainable_parameters": self.stages.trainable_parameters,
                "total_parameters": self.stages.total_parameters,
                "train_seconds": trained - began,
                "eval_seconds": evaluated - trained,
                "elapsed_seconds": before["elapsed_seconds"] + evaluated - began,
                "images_seen": before["images_seen"] + len(self.pixels),
                "images_per_second": len(self.pixels) / (trained - began),
                "memory_peak_bytes": self._memory_peak(load),
                "gpu_utilisation": load["gpu_utilisation"],
                "energy_joules": load["energy_joules"],
            }
        )
        self._judge(epoch, val_loss, val_accuracy)
        save_last(self.run.checkpoints, self.network, self.optimizer, history)
        write_metrics(self.run.metrics, history.rows)
        write_events(self.run.tensorboard, config, history.rows, None)
        print(
            f"epoch {epoch}/{config.max_epochs} ({phase.name}): train loss {train_loss:.4f}, "
            f"validation loss {val_loss:.4f}, accuracy {val_accuracy:.1%}, {evaluated - began:.1f} s",
            flush=True,
        )

    def _train_epoch(self, epoch: int, phase) -> tuple[float, float, float]:
        """One pass over the training pictures: mean loss, accuracy, the head's last learning rate."""
        config = self.config
        torch.manual_seed(config.seed * 100_003 + epoch)  # dropout: so that a resumed run draws the same
        self.stages.train_mode()
        steps = number_of_batches(len(self.pixels), config.batch_size)
        self.progress.phase("training", epoch=epoch, steps=steps)
        batches = training_batches(
            self.pixels,
            self.labels,
            resolution=config.resolution,
            batch_size=config.batch_size,
            seed=config.seed,
            epoch=epoch,
            device=self.device,
            smallest_area=SMALLEST_AREA if config.augmentation else None,
        )
        loss_sum, right, rate = 0.0, 0, 0.0
        for step, (batch, target) in enumerate(batches):
            rate = self._set_rates(epoch - 1 + step / steps, phase)
            scores = self.network(batch)
            loss = nn.functional.cross_entropy(scores, target)
            value = loss.item()
            if not math.isfinite(value):
                raise Diverged(f"the training loss became {value} in epoch {epoch}, step {step + 1}")
            self.optimizer.zero_grad(set_to_none=True)
            loss.backward()
            self.optimizer.step()
            loss_sum += value * len(target)
            right += (scores.argmax(1) == target).sum().item()
            self.progress.step(step + 1, steps)
            self.stop()
        return loss_sum / len(self.pixels), right / len(self.pixels), rate

    def _set_rates(self, epochs_done: float, phase) -> float:
        config = self.config
        schedule = SCHEDULES[config.schedule]
        rate = config.arm.rate * schedule(epochs_done, config.max_epochs, config.step_epochs, config.step_factor)
        for group in self.optimizer.param_groups:
            group["lr"] = rate * phase.rates.get(group["stage"], 0.0)
        return rate * phase.rates["head"]

    def _evaluate(self, split: str, epoch: int) -> tuple[float, float]:
        pixels, labels = self.store.pixels(split), self.store.labels_of(split)
        self.progress.phase("testing" if split == "test" else "validating", epoch=epoch, steps=len(labels))

        def tick(done: int) -> None:
            self.progress.step(done, len(labels))
            self.stop()

        return evaluate(self.network, pixels, labels, self.config.resolution, self.device, tick)

    def _judge(self, epoch: int, val_loss: float, val_accuracy: float) -> None:
        """Keep the best epoch; stop early after `patience` epochs without a lower validation loss."""
        history, config = self.history, self.config
        if (val_accuracy, -val_loss) > (history.best_accuracy, -history.best_loss):
            history.best_epoch, history.best_accuracy, history.best_loss = epoch, val_accuracy, val_loss
            save_best(self.run.checkpoints, self.network, {"epoch": epoch, "config": config.to_json()})
        # What has yet to be unfrozen must get its chance, and so must a network whose BatchNorm statistics are still
        # its initial ones (a few steps leave its validation loss near that of guessing, or above): neither counts.
        ignored = max(config.patience_start, config.phases[-1].start_epoch - 1)
        if epoch <= ignored or val_loss < history.lowest_loss:
            history.lowest_loss, history.epochs_without_lower_loss = val_loss, 0
        else:
            history.epochs_without_lower_loss += 1
        history.stopped_early = 0 < config.patience <= history.epochs_without_lower_loss and epoch < config.max_epochs

    def _test(self) -> dict:
        """The one use of the test set: the best epoch's network."""
        load_best(self.run.checkpoints, self.network)
        loss, accuracy = self._evaluate("test", self.history.epochs)
        self.progress.phase("done", epoch=self.history.epochs)
        return {"test_loss": loss, "test_accuracy": accuracy, "test_images": self.store.sizes["test"]}

    def _memory_peak(self, load: dict) -> int | None:
        if self.device.type == "cuda":
            return torch.cuda.max_memory_allocated()
        return load["memory_bytes"]

    def _result(self, status: str, **facts) -> dict:
        history = self.history
        peaks = [row["memory_peak_bytes"] for row in history.rows if row["memory_peak_bytes"] is not None]
        energies = [row["energy_joules"] for row in history.rows]
        document = {
            "status": status,
            "reason": None,
            "message": None,
            "epochs": history.epochs,
            "best_epoch": history.best_epoch or None,
            "stopped_early": history.stopped_early,
            "best_val_accuracy": history.best_accuracy if history.best_epoch else None,
            "test_accuracy": None,
            "test_loss": None,
            "elapsed_seconds": history.rows[-1]["elapsed_seconds"] if history.rows else 0.0,
            "waited_seconds": self.turn.waited_seconds,
            "memory_peak_bytes": max(peaks, default=None),
            "energy_joules": sum(energies) if energies and None not in energies else None,
            "device": device_name(self.device),
            "versions": {"torch": torch.__version__, "numpy": np.__version__},
        } | facts
        write_events(self.run.tensorboard, self.config, history.rows, document)
        write_json(self.run.result, document)
        return document


def device_name(device: torch.device) -> str:
    """What a person calls the device."""
    if device.type == "cuda":
        return torch.cuda.get_device_name()
    return f"CPU, {torch.get_num_threads()} threads" if device.type == "cpu" else "Apple GPU"
