"""Bundles to export, to change and to import."""

import io
import json
import zipfile

import numpy as np
import pytest

from tests import page_lab
from tl import jobs
from tl.config import Refused
from tl.report.bundle import export_bundle
from tl.report.bundle_import import import_bundle
from tl.store.home import Home
from tl.store.predictions import ALONE, SPLITS, Predictions, write_predictions
from tl.store.shifted import AS_THEY_ARE, SHIFTS, Shifted

ENDS = {100: "finished", 300: "failed"}  # how the runs of a sweep with so many pictures end


def answer(home: Home, experiment_id: str, pictures: int = 30) -> None:
    """Give each of its runs random predictions."""
    for run in jobs.list_runs(home, experiment_id):
        write_predictions(home.run(run.run_id).predictions, answers(pictures, run.seed))


def answers(pictures: int, seed: int = 0, classes: int = 12) -> dict[str, Predictions]:
    """Random answers on so many validation pictures and as many test pictures."""
    found = {}
    for place, split in enumerate(SPLITS):
        rng = np.random.default_rng([seed, place])
        shares = rng.dirichlet(np.ones(classes), pictures).astype(np.float16)
        found[split] = Predictions(
            picture=np.arange(place * pictures, (place + 1) * pictures),
            label=rng.integers(0, classes, pictures),
            predicted=shares.argmax(1),
            probabilities=shares,
            group=rng.integers(ALONE, 4, pictures),
        )
    return found


def shifted(pictures: int) -> Shifted:
    """Random answers on so many test pictures, shifted."""
    rng = np.random.default_rng(pictures)
    label, alone = rng.integers(0, 12, pictures), np.full(pictures, ALONE)
    predicted = {shift: rng.integers(0, 12, pictures) for shift in ((AS_THEY_ARE, 0), *SHIFTS)}
    return Shifted(np.arange(pictures), label, alone, predicted)


def contents(bundle: bytes) -> dict[str, bytes]:
    """Name -> bytes."""
    with zipfile.ZipFile(io.BytesIO(bundle)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def files_below(home: Home) -> list[str]:
    """Everything a home holds but its locks and queue."""
    kept = (path for path in home.path.rglob("*") if path.is_file() and path.parent.name != "locks")
    return sorted(str(path.relative_to(home.path)) for path in kept if not path.name.startswith("tl.sqlite"))


def packed(path, files: dict[str, bytes]):
    """A zip of these files."""
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return path


def exported(home: Home, **changes) -> dict[str, bytes]:
    """The files of a bundle of a finished experiment, bundle.json with these changes."""
    files = contents(export_bundle(home, page_lab.finished(home)))
    told = json.loads(files["bundle.json"])
    for name, value in changes.items():
        (told if name in told else told["experiments"][0])[name] = value
    return files | {"bundle.json": json.dumps(told).encode()}


def swept(home: Home) -> tuple[str, dict[str, bytes]]:
    """A small sweep with a run that failed: its id, the files of its bundle."""
    sweep_id = page_lab.swept(home, sizes=(100, 300), seeds=1, ended=lambda run: ENDS.get(run.samples))
    return sweep_id, contents(export_bundle(home, sweep_id))


def refused(home: Home, path, words: str | None = None) -> None:
    """One sentence with these words, and nothing was written."""
    with pytest.raises(Refused, match=words) as refusal:
        import_bundle(home, path, "b.zip")
    text = str(refusal.value)
    assert text.endswith(".") and "\n" not in text and len(text) < 400
    assert "class folder" not in text, "that is the advice for pictures"
    assert files_below(home) == []
    assert jobs.list_runs(home) == []
