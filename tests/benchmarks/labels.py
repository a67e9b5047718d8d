"""Suspicious labels: how many of those that were flipped on purpose are found, and how many others are doubted, too."""

import random
import tempfile
import zipfile
from pathlib import Path

import numpy as np

from tests.benchmarks.pictures import evenly, flowers_zip
from tests.benchmarks.row import Row, Skipped
from tests.benchmarks.scale import Scale
from tests.datasets.crafted import ingest
from tl.analysis.forecasts.question import question
from tl.analysis.inspection import held_out
from tl.config import Refused, Training
from tl.datasets import describe
from tl.datasets.preparing import index_of
from tl.jobs.measurements import label_checks
from tl.store.home import Home

FLIPPED = 0.05  # of the labels
FIRST = 100  # suspects that a patient person looks at
BACKBONE, WEIGHTS, RESOLUTIONS = "efficientnet_lite0", "imagenet", (64, 128)


def labels(home: Home, scale: Scale) -> list[Row]:
    """Suspicious labels of flower photos, 5 % of which were flipped: what is found, by a probe of all pictures."""
    with tempfile.TemporaryDirectory() as folder:
        own = Home(folder)
        truth = _flipped(Path(folder) / "flipped.zip", scale.labelled_pictures)
        ingest(own, Path(folder) / "flipped.zip", "flipped")
        return [row for resolution in RESOLUTIONS for row in _rows(own, truth, resolution)]


def _flipped(path: Path, pictures: int) -> dict[str, str]:
    """Write the zip; name of a picture that was given another class -> the class it had."""
    chance, truth = random.Random(1), {}
    with zipfile.ZipFile(flowers_zip()) as photos, zipfile.ZipFile(path, "w") as written:
        names = sorted(evenly(photos)[:pictures])
        classes = sorted({Path(name).parent.name for name in names})
        for name in names:
            own = told = Path(name).parent.name
            if chance.random() < FLIPPED:
                told = chance.choice([other for other in classes if other != own])
                truth[f"{told}/{Path(name).name}"] = own
            written.writestr(f"{told}/{Path(name).name}", photos.read(name))
    return truth


def _rows(home: Home, truth: dict[str, str], resolution: int) -> list[Row]:
    training = Training(dataset="flipped", backbone=BACKBONE, weights=WEIGHTS, resolution=resolution)
    try:
        asked = question(home, training)
        label_checks.measure(home, asked)
    except Refused as refusal:
        raise Skipped(str(refusal)) from None
    info = describe(home, "flipped")
    names = index_of(home.dataset_dir("flipped"), info)["name"].tolist()
    found = held_out.doubts({}, held_out.out_of_fold(home, asked))
    suspects = found.issues.suspects
    wrong = [names[one.picture] in truth for one in suspects]
    named = [info.classes[one.looks_like] == truth.get(names[one.picture]) for one in suspects]
    (judge,) = found.judges
    figures = {
        "agrees with the labels": judge.right,
        f"flipped, of {len(suspects)} suspicious ones": np.mean(wrong),
        f"flipped, of the first {FIRST}": np.mean(wrong[:FIRST]),
        f"found, of {len(truth)} flipped ones": sum(wrong) / len(truth),
        "of those taken for what they were": sum(named) / max(1, sum(wrong)),
    }
    return [
        Row(what=f"{resolution} px: {what}", measured=100 * float(share), unit="%") for what, share in figures.items()
    ]
