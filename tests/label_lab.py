"""Comparisons whose networks doubt the labels that they are told to doubt."""

import numpy as np

from tests.page_lab import end, rows
from tl.config import ArmConfig
from tl.datasets import prepare
from tl.store.home import Home
from tl.store.predictions import ALONE, SPLITS, Predictions, write_predictions
from tl.store.queue.database import read_experiment

ARMS = (ArmConfig(name="scratch", strategy="scratch"), ArmConfig(name="linear_probe", strategy="linear_probe"))


def answered(home: Home, experiment_id: str, doubted: dict[str, int]) -> None:
    """All runs finished; each is sure of every label but those of the first so many pictures of a split."""
    spec = read_experiment(home, experiment_id)["experiment"]
    for row in rows(home, experiment_id):
        store = prepare(home, spec.dataset, 64)
        found = {}
        for split in SPLITS:
            label = store.labels_of(split)
            shares = np.where(np.arange(len(store.classes)) == label[:, None], 0.9, 0.1 / (len(store.classes) - 1))
            wrong = doubted.get(split, 0)
            shares[:wrong] = np.roll(shares[:wrong], 1, axis=1)
            told = {"picture": store.pictures_of(split), "label": label, "predicted": shares.argmax(1)}
            group = np.full(len(label), ALONE)
            found[split] = Predictions(**told, group=group, probabilities=shares.astype(np.float16))
        accuracy = float((found["test"].predicted == found["test"].label).mean()) - 0.02 * (row.arm == "scratch")
        end(home, row, "finished", epochs=1, accuracy=accuracy)
        write_predictions(home.run(row.run_id).predictions, found)
