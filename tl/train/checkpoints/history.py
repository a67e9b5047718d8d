"""What a run has done so far, and the rules that follow from it: which phase is due, which epoch is the best, when to
stop. It is part of each checkpoint. No torch."""

import math
from dataclasses import dataclass, field
from typing import Any

from tl.config import RunConfig
from tl.languages import store_sentence
from tl.measures import MEASURES
from tl.phases import Phase
from tl.strategies import PRETRAINED, STRATEGIES, TARGET


@dataclass
class History:
    """What a run has done so far."""

    rows: list[dict[str, Any]] = field(default_factory=list)  # of metrics.parquet
    # What epochs are judged by follows `judge_by`: accuracy and loss of validation, over the pictures or the classes.
    best_epoch: int = 0  # highest accuracy, the earlier of equals with a lower loss; 0: none yet
    best_accuracy: float = -1.0
    best_loss: float = float("inf")  # at the best epoch
    lowest_loss: float = float("inf")  # what early stopping watches
    epochs_without_lower_loss: int = 0  # that count: see `judge`
    stopped_early: bool = False
    phase_starts: list[int] = field(default_factory=list)  # epoch in which each phase of the strategy really began
    phase_lowest: float = float("inf")  # validation loss in this phase
    phase_stale: int = 0  # epochs of this phase without a lower one
    learning_rate: float | None = None  # chosen for the head, before schedule and phase
    rate_shown: bool = True  # by the range test, where one was made; else it is the usual rate
    rate_test_seconds: float = 0.0  # of the range test, which counts as the first epoch's, as does what it took else
    rate_test_flops: int = 0
    rate_test_joules: float | None = 0.0
    parts: int = 1  # a batch goes through the network in so many, since memory was not enough for all at once
    notes: list[str] = field(default_factory=list)  # what did not go as planned: sentences as tl.languages stores them

    def note(self, sentence: str) -> None:
        """Keep what did not go as planned."""
        self.notes.append(store_sentence(sentence) or "")

    @property
    def epochs(self) -> int:
        """Epochs done."""
        return len(self.rows)

    def phase(self, epoch: int, phases: tuple[Phase, ...]) -> Phase:
        """What trains in `epoch`: the next phase once it is due, or earlier where it waits for progress to end."""
        while len(self.phase_starts) < len(phases):
            coming = phases[len(self.phase_starts)]
            if epoch < coming.start_epoch and not 0 < coming.patience <= self.phase_stale:
                break
            self.phase_starts.append(epoch)
            self.phase_lowest, self.phase_stale = float("inf"), 0
        return phases[len(self.phase_starts) - 1]

    def add(self, row: dict[str, Any], seconds: float, pictures: int) -> None:
        """Add an epoch's row and what it makes in sum; what the range test took counts as the first epoch's."""
        before = self.rows[-1] if self.rows else {"elapsed_seconds": self.rate_test_seconds, "images_seen": 0}
        if not self.rows:
            row["flops"] += self.rate_test_flops
            energies = (row["energy_joules"], self.rate_test_joules)
            row["energy_joules"] = None if None in energies else sum(energies)
        row["elapsed_seconds"] = before["elapsed_seconds"] + seconds
        row["images_seen"] = before["images_seen"] + pictures
        self.rows.append(row)

    def judge(self, epoch: int, loss: float, error: float, accuracy: float, steps: int, config: RunConfig) -> None:
        """Note the best epoch; stop early after `patience` epochs that speak against going on.

        Such is an epoch whose validation `loss` lies more than `patience_errors` of its standard `error`s (NaN: not
        known, as none) above the lowest; a lower one starts the count again, one between does neither: a plateau within
        the noise of the validation pictures is no end. `steps`: optimizer steps done so far.
        """
        if (accuracy, -loss) > (self.best_accuracy, -self.best_loss):
            self.best_epoch, self.best_accuracy, self.best_loss = epoch, accuracy, loss
        self.phase_stale = 0 if loss < self.phase_lowest else self.phase_stale + 1
        self.phase_lowest = min(self.phase_lowest, loss)
        if self._too_early(epoch, steps, config) or loss < self.lowest_loss:
            self.lowest_loss, self.epochs_without_lower_loss = loss, 0
        else:
            noise = config.patience_errors * (0.0 if math.isnan(error) else error)
            self.epochs_without_lower_loss += not noise or loss > self.lowest_loss + noise
        self.stopped_early = 0 < config.patience <= self.epochs_without_lower_loss and epoch < config.max_epochs

    def _too_early(self, epoch: int, steps: int, config: RunConfig) -> bool:
        """Whether patience has yet to begin.

        What has yet to be unfrozen must get its chance, and so must a network whose BatchNorm statistics are still its
        initial ones (a few steps leave its validation loss near that of guessing, or above), and random weights, which
        may seem to stand still at first.
        """
        coming = config.phases[len(self.phase_starts) :]
        to_come = any(phase.start_epoch <= config.max_epochs for phase in coming)
        random = config.arm.initialisation != PRETRAINED
        return epoch <= config.patience_start or to_come or (random and steps < config.patience_steps)


def constant_threads(rows: list[dict[str, Any]]) -> int | None:
    """The number of threads that computed all epochs; None where it followed what else the machine did."""
    numbers = {row.get("threads") for row in rows}
    if len(numbers) != 1 or (number := numbers.pop()) is None:
        return None
    return round(number) if abs(number - round(number)) < 1e-9 else None


def _chosen(rows: list[dict[str, Any]], config: RunConfig) -> dict[str, Any]:
    """Of a run with two data sets: whose validation pictures chose the best epoch, and which epoch the target's would have
    chosen, had their labels been used."""
    if config.target_dataset is None:
        return {}
    known = [row for row in rows if row.get("target_val_accuracy") is not None]
    oracle = max(known, key=lambda row: (row["target_val_accuracy"], -row["epoch"]), default=None)
    by = "target" if STRATEGIES[config.arm.strategy].learns_from == TARGET else "source"
    return {"chosen_by": by, "oracle_epoch": oracle and oracle["epoch"]}


def describe(status: str, history: History, config: RunConfig) -> dict[str, Any]:
    """What result.json says of a run that ended as `status`, as far as its history tells."""
    rows = history.rows
    peaks = [row["memory_peak_bytes"] for row in rows if row["memory_peak_bytes"] is not None]
    energies = [row["energy_joules"] for row in rows]
    best = rows[history.best_epoch - 1] if history.best_epoch else {}
    return {
        "status": status,
        "reason": None,
        "message": None,
        "epochs": history.epochs,
        "best_epoch": history.best_epoch or None,
        "stopped_early": history.stopped_early,
        "best_val_accuracy": best.get("val_accuracy"),
        "best_val_balanced_accuracy": best.get("val_balanced_accuracy"),
        **{f"test_{name}": None for name in (*MEASURES, "loss")},
        **_chosen(rows, config),
        "elapsed_seconds": rows[-1]["elapsed_seconds"] if rows else 0.0,
        "reused_seconds": sum(row.get("reused_seconds") or 0.0 for row in rows),
        "memory_peak_bytes": max(peaks, default=None),
        "energy_joules": sum(energies) if energies and None not in energies else None,
        "precision": config.precision,
        "threads": constant_threads(rows),
        "learning_rate": history.learning_rate,
        "rate_found": config.finds_rate_of(config.arm) and history.rate_shown,
        "rate_test_seconds": history.rate_test_seconds,
        "phase_starts": history.phase_starts,
        "flops": sum(row["flops"] for row in rows),
        "batch_parts": history.parts,
        "notes": history.notes,
    }
