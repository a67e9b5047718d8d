"""Experiments crafted on disk through the real queue and store, in any state; what a page then says."""

import os
import re
import time

import numpy as np
from streamlit.testing.v1 import AppTest

from tl import jobs
from tl.config import ArmConfig, Experiment
from tl.failures import sentence
from tl.jobs.launchers import processes
from tl.jobs.launchers.local import handle_of
from tl.store.files import read_json, write_json, write_parquet
from tl.store.home import Home
from tl.store.metrics import RESOURCES, typed_frame, write_metrics
from tl.store.predictions import ALONE, Predictions, write_predictions
from tl.store.queue import database
from tl.store.queue.rows import RunRow
from tl.ui.compose import arms, network, pictures
from tl.ui.compose.form_state import MAX_ARMS
from tl.ui.parts.text import BREAK

ARMS = (
    ArmConfig(name="scratch", strategy="scratch"),
    ArmConfig(name="**Evil** <b>arm</b> :tada:", strategy="scratch", learning_rate=1e-4),
)


def submit(home: Home, seeds: int = 1, epochs: int = 6, arms=ARMS, **settings) -> str:
    """A queued experiment on blossoms; its id."""
    shared = {"dataset": "blossoms", "samples": 100, "epochs": epochs} | settings
    experiment = Experiment(**shared, arms=arms, seeds=tuple(range(seeds)))
    return jobs.submit(home, experiment)


def rows(home: Home, experiment_id: str) -> list[dict]:
    """The runs of an experiment in the order of training."""
    return database.read_runs(home, experiment_id)


def start(home: Home, row: dict) -> None:
    """Mark a run as trained by this very process, which is sure to live."""
    me = processes.identify(os.getpid())
    assert database.move(home, row, "running", started=time.time())
    database.note(home, row, handle=handle_of(me))


def learn(home: Home, row: dict, epochs: int, accuracy: float = 0.1, phase: str = "training") -> None:
    """Write what a trainer has written after so many epochs."""
    files = home.run(row.run_id)
    written = [
        {
            "run_id": row.run_id,
            "arm": row.arm,
            "seed": row.seed,
            "epoch": epoch,
            "stage": "everything",
            "train_loss": 2.0 / epoch,
            "train_accuracy": accuracy * epoch,
            "val_loss": 2.1 / epoch,
            "val_accuracy": accuracy * epoch,
            "learning_rate": 1e-3,
            "trainable_parameters": 2_200_000,
            "total_parameters": 2_200_000,
            "train_seconds": 2.0,
            "eval_seconds": 1.0,
            "elapsed_seconds": 3.0 * epoch,
            "images_seen": 100 * epoch,
            "images_per_second": 50.0,
            "memory_peak_bytes": 2**30,
        }
        for epoch in range(1, epochs + 1)
    ]
    write_metrics(files.metrics, written)
    ticks = [{"elapsed_seconds": float(tick), "memory_bytes": 2**30, "cpu_percent": 90.0} for tick in range(20)]
    write_parquet(files.resources, typed_frame(ticks, RESOURCES))
    progress = {"phase": phase, "detail": "", "epoch": epochs + 1, "epochs": 6, "step": 1, "steps": 2, "counter": 9}
    write_json(files.progress, progress)


def end(home: Home, row: dict, status: str, epochs: int = 6, accuracy: float = 0.1, **facts) -> None:
    """Write how a run ended, and say so in the queue."""
    learn(home, row, epochs, accuracy, "done")
    finished = status == "finished"
    result = {
        "status": status,
        "reason": None,
        "message": None,
        "epochs": epochs,
        "best_epoch": epochs,
        "stopped_early": False,
        "best_val_accuracy": accuracy * epochs,
        "test_accuracy": accuracy * epochs if finished else None,
        "test_loss": 1.0 if finished else None,
        "elapsed_seconds": 3.0 * epochs,
        "memory_peak_bytes": 2**30,
        "energy_joules": None,
        "device": "CPU, 2 threads",
    } | facts
    files = home.run(row.run_id)
    write_json(files.config, read_json(files.config) | {"precision": "fp32"})  # what the trainer chose
    write_json(files.result, result)
    files.log.write_text("first line\nthe last line of the log\n")
    if row.status == "queued":
        start(home, row)
    database.move(home, row, status, reason=result["reason"], message=result["message"], ended=time.time())


def answer(home: Home, row: RunRow, label: list[int], predicted: list[int]) -> None:
    """Store what a run answered on test pictures 0, 1, ... of three classes."""
    shares = np.eye(3, dtype=np.float16)[predicted]
    told = {"picture": np.arange(len(label)), "label": np.array(label), "predicted": np.array(predicted)}
    found = Predictions(**told, group=np.full(len(label), ALONE), probabilities=shares)
    write_predictions(home.run(row.run_id).predictions, {"test": found})


def classified(home: Home, seeds: int = 1) -> str:
    """As `finished`, with answers on 10 test pictures of the first class and 5 of the second.

    The first arm recognises 5 and 4 of them, the second 8 and 4.
    """
    experiment_id = submit(home, seeds)
    label = [0] * 10 + [1] * 5
    for row in rows(home, experiment_id):
        right = 5 if row.arm == ARMS[0].name else 8
        predicted = [0] * right + [2] * (10 - right) + [1, 1, 1, 1, 0]
        measures = {"test_balanced_accuracy": (right / 10 + 0.8) / 2, "test_macro_f1": 0.7 + right / 100}
        end(home, row, "finished", epochs=1, accuracy=(right + 4) / 15, **measures)
        answer(home, row, label, predicted)
    return experiment_id


def running(home: Home) -> str:
    """An experiment whose first arm trains and whose second waits for its turn."""
    experiment_id = submit(home)
    first, second = rows(home, experiment_id)
    for row, phase, epochs in ((first, "training", 3), (second, "waiting", 2)):
        start(home, row)
        learn(home, row, epochs, phase=phase)
    return experiment_id


def finished(home: Home, seeds: int = 1) -> str:
    """An experiment with all runs finished; the second arm is better."""
    experiment_id = submit(home, seeds)
    for place, row in enumerate(rows(home, experiment_id)):
        end(home, row, "finished", accuracy=0.08 + 0.05 * (place % 2) + 0.001 * row.seed)
    return experiment_id


def failed(home: Home) -> str:
    """An experiment whose second arm diverged."""
    experiment_id = submit(home)
    first, second = rows(home, experiment_id)
    end(home, first, "finished")
    message = sentence("diverged", "the loss became [nan](http://evil.example) in epoch 3")
    notes = ["Resumed from epoch 1: the last *checkpoint* was damaged."]
    end(home, second, "failed", epochs=2, reason="diverged", message=message, notes=notes)
    return experiment_id


SIZES = (100, 300, 1000, 3000)
ACCURACY = {"scratch": (0.3, 0.45, 0.6, 0.66), ARMS[1].name: (0.5, 0.58, 0.64, 0.66)}


def swept(home: Home, sizes=SIZES, seeds: int = 3, ended=lambda run: "finished", **settings) -> str:
    """A sweep whose runs ended as `ended` says (None: still queued); its id."""
    experiment = Experiment(dataset="blossoms", epochs=6, arms=ARMS, seeds=tuple(range(seeds)), **settings)
    sweep_id = jobs.submit_sweep(home, experiment, sizes)
    for run in jobs.sweep(home, sweep_id)["runs"]:
        if status := ended(run):
            accuracy = ACCURACY[run.arm][SIZES.index(run.samples)] + 0.003 * run.seed
            [row] = [row for row in rows(home, run.experiment_id) if row.run_id == run.run_id]
            end(home, row, status, accuracy=accuracy / 6)
    return sweep_id


STATES = {"running": running, "finished": finished, "failed": failed}


def unfold(app: AppTest) -> AppTest:
    """Open every part of the form that is folded away, as somebody who wants to see all of it does."""
    for key in (pictures.OPEN, network.OPEN, arms.OPEN, arms.SETTINGS_OPEN):
        app.session_state[key] = True
    for number in range(2 * MAX_ARMS):
        app.session_state[f"{arms.SETTINGS}_{number}"] = True
    return app


def texts(app: AppTest) -> str:
    """Everything that is written on the page as Markdown, and the lines behind which parts of a form are folded away."""
    kinds = ("title", "header", "subheader", "markdown", "caption", "error", "info", "warning")
    words = [element.value for kind in kinds for element in getattr(app, kind)]
    words += [bar.text for bar in app.progress]
    words += [button.label for button in app.button if (button.key or "").startswith("fold_")]
    return "\n".join(word or "" for word in words)


def unescaped(app: AppTest) -> str:
    """The same as a person reads it."""
    return re.sub(r"\\([!-/:-@\[-`{-~])", r"\1", texts(app).replace(BREAK, "")).replace("\u00a0", " ")


def charts(app: AppTest) -> list:
    """All charts of the page."""
    return app.get("vega_lite_chart")
