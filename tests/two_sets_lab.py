"""Comparisons of two data sets, crafted on disk: what networks answered on the source and on a target, labelled or not."""

from pathlib import Path

import numpy as np

from tests.datasets.crafted import ingest, pictures, zipped
from tests.page_lab import end, rows, submit
from tl.config import ArmConfig
from tl.datasets import describe, match, prepare
from tl.store.home import Home
from tl.store.predictions import ALONE, Predictions, write_predictions
from tl.store.queue.database import read_experiment

ARMS = tuple(ArmConfig(name=key, strategy=key) for key in ("source_only", "mcc"))


def sets(home: Home, folder: Path, *, labelled: bool, count: int = 40) -> None:
    """`photos` with the classes rose and tulip, and `sketches`, of `count` pictures, with tulip, Rose and oak or without
    labels."""
    ingest(home, zipped(folder / "p.zip", pictures("rose", 80) | pictures("tulip", 80)), "photos")
    names = ("tulip", "Rose", "oak") if labelled else ("x",)
    files = {k: v for name in names for k, v in pictures(name, count, seed=9000).items()}
    if labelled:  # three classes of the same noise would be the same pictures
        files = {k: v for n, name in enumerate(names) for k, v in pictures(name, count, seed=9000 * (n + 1)).items()}
    ingest(home, zipped(folder / "s.zip", files), "sketches", unlabelled=not labelled)


def compared(home: Home, right: dict[str, float], seeds: int = 3, own: float = 0.9, **settings) -> str:
    """A finished comparison whose arms are right about so large a share of the target's test pictures, and about `own` of
    the source's; its id. What a picture without label shows is `shows(place)`."""
    arms = tuple(arm for arm in ARMS if arm.name in right)
    told = {"dataset": "photos", "target_dataset": "sketches", "samples": None, "resplit": False} | settings
    experiment_id = submit(home, seeds=seeds, arms=arms, **told)
    spec = read_experiment(home, experiment_id)["experiment"]
    source, target = (prepare(home, name, 64) for name in spec.sets)
    found = match(describe(home, "photos").classes, describe(home, "sketches").classes)
    for row in rows(home, experiment_id):
        label = found.of_target(target.labels_of("test"))
        kept = label >= 0 if describe(home, "sketches").labelled else np.full(len(label), True)
        places = target.pictures_of("test")[kept]
        truth = label[kept] if describe(home, "sketches").labelled else shows(places)
        chance = np.random.default_rng([row.seed, row.arm == "mcc"])
        parts = {
            "validation": _answers(chance, source.pictures_of("validation"), source.labels_of("validation"), None, own),
            "test": _answers(chance, places, label[kept], truth, right[row.arm]),
        }
        known = (parts["test"].label >= 0).all()
        accuracy = float(parts["test"].right.mean()) if known else None
        end(home, row, "finished", epochs=3, test_accuracy=accuracy, best_val_accuracy=own)
        write_predictions(home.run(row.run_id).predictions, parts)
    return experiment_id


def shows(places: np.ndarray) -> np.ndarray:
    """(n,) what the pictures at these places of an unlabelled target really show: 0 rose, 1 tulip."""
    return np.asarray(places, np.int64) % 2


def _answers(
    chance: np.random.Generator, place: np.ndarray, label: np.ndarray, truth: np.ndarray | None, right: float
) -> Predictions:
    truth = label if truth is None else truth
    wrong = np.zeros(len(place), bool)
    wrong[chance.permutation(len(place))[: round((1 - right) * len(place))]] = True
    predicted = np.where(wrong, 1 - truth, truth)
    sure = np.where(wrong, 0.6, 0.95)[:, None]
    shares = np.where(np.arange(2) == predicted[:, None], sure, 1 - sure).astype(np.float16)
    group = np.full(len(place), ALONE)
    return Predictions(picture=place, label=label, predicted=predicted, probabilities=shares, group=group)
