"""Runs of two arms that had a fair chance, or had not: for the ledger, what remedies it, and what is said of it."""

from dataclasses import replace

from tl.analysis.records import RunRecord
from tl.config import ArmConfig, Experiment
from tl.store.documents import Result
from tl.store.metrics import METRICS, typed_frame

ARMS = (
    ArmConfig(name="scratch", strategy="scratch", learning_rate=3e-3),
    ArmConfig(name="full_finetuning", strategy="full_finetuning", epochs=8),
)


def experiment(**settings) -> Experiment:
    """Two arms of 500 pictures in batches of 32: 16 steps an epoch."""
    return Experiment(**{"dataset": "blossoms", "samples": 500, "epochs": 20, "arms": ARMS} | settings)


def run(arm: str, accuracies, status: str = "finished", **result) -> RunRecord:
    """A run with one epoch per validation accuracy."""
    rows = [{"epoch": epoch, "val_accuracy": accuracy} for epoch, accuracy in enumerate(accuracies, 1)]
    record = {"run_id": arm, "arm": arm, "seed": 0, "status": status}
    return RunRecord(
        **record, metrics=typed_frame(rows, METRICS), result=Result(**{"status": status, "test_accuracy": 0.5} | result)
    )


FLAT = [0.5] * 20  # 20 epochs of 16 steps


def exploding(train: float, validation: float, **result) -> RunRecord:
    """Twenty epochs at chance that end with these losses."""
    losses = {"train_loss": train, "val_loss": validation}
    rows = [{"epoch": epoch, "val_accuracy": 0.1} | losses for epoch in range(1, 21)]
    return replace(run("scratch", [], **{"test_accuracy": 0.1} | result), metrics=typed_frame(rows, METRICS))


RISING = [0.3] * 19 + [0.5]
