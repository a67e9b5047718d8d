"""What a run has done so far, and the rules that follow from it: which phase is due, which epoch is the best, when to
stop. It is part of each checkpoint. No torch."""

from dataclasses import dataclass, field

from tl.config import RunConfig
from tl.strategies import Phase


@dataclass
class History:
    """What a run has done so far."""

    rows: list[dict] = field(default_factory=list)  # of metrics.parquet
    best_epoch: int = 0  # highest validation accuracy, the earlier of equals with a lower loss; 0: none yet
    best_accuracy: float = -1.0
    best_loss: float = float("inf")  # at the best epoch
    lowest_loss: float = float("inf")  # of validation: what early stopping watches
    epochs_without_lower_loss: int = 0
    stopped_early: bool = False
    phase_starts: list[int] = field(default_factory=list)  # epoch in which each phase of the strategy really began
    phase_lowest: float = float("inf")  # validation loss in this phase
    phase_stale: int = 0  # epochs of this phase without a lower one
    learning_rate: float | None = None  # chosen for the head, before schedule and phase
    rate_test_seconds: float = 0.0  # of the range test, which counts as the first epoch's, as does what it took else
    rate_test_flops: int = 0
    rate_test_joules: float | None = 0.0
    parts: int = 1  # a batch goes through the network in so many, since the GPU's memory was not enough for all at once
    notes: list[str] = field(default_factory=list)  # sentences: what did not go as planned

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

    def add(self, row: dict, seconds: float, pictures: int) -> None:
        """Add an epoch's row and what it makes in sum; what the range test took counts as the first epoch's."""
        before = self.rows[-1] if self.rows else {"elapsed_seconds": self.rate_test_seconds, "images_seen": 0}
        if not self.rows:
            row["flops"] += self.rate_test_flops
            energies = (row["energy_joules"], self.rate_test_joules)
            row["energy_joules"] = None if None in energies else sum(energies)
        row["elapsed_seconds"] = before["elapsed_seconds"] + seconds
        row["images_seen"] = before["images_seen"] + pictures
        self.rows.append(row)

    def judge(self, epoch: int, val_loss: float, val_accuracy: float, config: RunConfig) -> None:
        """Note the best epoch; stop early after `patience` epochs without a lower validation loss."""
        if (val_accuracy, -val_loss) > (self.best_accuracy, -self.best_loss):
            self.best_epoch, self.best_accuracy, self.best_loss = epoch, val_accuracy, val_loss
        self.phase_stale = 0 if val_loss < self.phase_lowest else self.phase_stale + 1
        self.phase_lowest = min(self.phase_lowest, val_loss)
        # What has yet to be unfrozen must get its chance, and so must a network whose BatchNorm statistics are still
        # its initial ones (a few steps leave its validation loss near that of guessing, or above): neither counts.
        coming = config.phases[len(self.phase_starts) :]
        to_come = any(phase.start_epoch <= config.max_epochs for phase in coming)
        if epoch <= config.patience_start or to_come or val_loss < self.lowest_loss:
            self.lowest_loss, self.epochs_without_lower_loss = val_loss, 0
        else:
            self.epochs_without_lower_loss += 1
        self.stopped_early = 0 < config.patience <= self.epochs_without_lower_loss and epoch < config.max_epochs


def describe(status: str, history: History, config: RunConfig) -> dict:
    """What result.json says of a run that ended as `status`, as far as its history tells."""
    rows = history.rows
    peaks = [row["memory_peak_bytes"] for row in rows if row["memory_peak_bytes"] is not None]
    energies = [row["energy_joules"] for row in rows]
    return {
        "status": status,
        "reason": None,
        "message": None,
        "epochs": history.epochs,
        "best_epoch": history.best_epoch or None,
        "stopped_early": history.stopped_early,
        "best_val_accuracy": history.best_accuracy if history.best_epoch else None,
        "test_accuracy": None,
        "test_loss": None,
        "elapsed_seconds": rows[-1]["elapsed_seconds"] if rows else 0.0,
        "memory_peak_bytes": max(peaks, default=None),
        "energy_joules": sum(energies) if energies and None not in energies else None,
        "precision": config.precision,
        "learning_rate": history.learning_rate,
        "rate_found": config.finds_rate,
        "rate_test_seconds": history.rate_test_seconds,
        "phase_starts": history.phase_starts,
        "flops": sum(row["flops"] for row in rows),
        "batch_parts": history.parts,
        "notes": history.notes,
    }
