"""The photographs that all contestants train on: the same pictures as a folder for the peers, as a data set for us."""

import hashlib
import os
import shutil
import time
import zipfile
from pathlib import Path

from tests.benchmarks.row import Skipped
from tests.datasets.crafted import ingest
from tl.datasets import describe, prepare
from tl.store.home import Home

ROOT = Path(__file__).parents[2]
DATA = ROOT.parent / "shared" / "data"
SPLITS = ("train", "valid", "test")  # folder names that ImageFolder, fastai and TL Lab are all given


def archive(variable: str, name: str) -> Path:
    """The zip that the environment variable names, else `name` among the shared data. Raises Skipped without it."""
    path = Path(os.environ.get(variable) or DATA / name)
    if not path.is_file():
        raise Skipped(f"{path} is not there; set {variable} to a zip of class folders")
    return path


def flowers_zip() -> Path:
    """The flower photographs."""
    return archive("TL_FLOWERS_ZIP", "flower-photos.zip")


def flowers_folder(home: Home, train: int, validation: int, test: int = 50) -> Path:
    """`<split>/<class>/<photo>.jpg` as they lie in the zip, stratified, no two alike; written once per home."""
    folder = home.path / "photos" / f"flowers-{train}-{validation}-{test}"
    if folder.is_dir():
        return folder
    unfinished = folder.with_suffix(".part")
    shutil.rmtree(unfinished, ignore_errors=True)
    with zipfile.ZipFile(flowers_zip()) as photos:
        names = evenly(photos)[: train + validation + test]
        splits = [SPLITS[0]] * train + [SPLITS[1]] * validation + [SPLITS[2]] * test
        if len(names) < len(splits):
            raise Skipped(f"{photos.filename} has {len(names)} different photos, {len(splits)} are needed")
        for split, name in zip(splits, names, strict=True):
            path = unfinished / split / Path(name).parent.name / Path(name).name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(photos.read(name))
    unfinished.rename(folder)
    return folder


def evenly(photos: zipfile.ZipFile) -> list[str]:
    """Names of all different photos, in an order whose every slice has the classes in the whole's proportions."""
    classes: dict[str, dict[bytes, str]] = {}
    for name in photos.namelist():
        if name.lower().endswith((".jpg", ".jpeg", ".png")):
            digest = hashlib.sha256(photos.read(name)).digest()
            classes.setdefault(Path(name).parent.name, {})[digest] = name
    places = [
        ((place + 0.5) / len(found), name)
        for found in classes.values()
        for place, (_, name) in enumerate(sorted(found.items()))
    ]
    return [name for _, name in sorted(places)]


def flowers_dataset(home: Home, resolution: int, train: int, validation: int, test: int = 50) -> tuple[str, float]:
    """The photos of `flowers_folder` as a data set of `home`: its name, and the seconds that decoding them took.

    The seconds are 0 where an earlier benchmark in this home has done it.
    """
    folder = flowers_folder(home, train, validation, test)
    name = folder.name
    began = time.monotonic()
    if not (home.dataset_dir(name) / "dataset.json").exists():
        zipped = Path(shutil.make_archive(str(folder), "zip", folder))
        began = time.monotonic()
        ingest(home, zipped, name)
        zipped.unlink()
    prepare(home, name, resolution)
    info = describe(home, name)
    assert (info.train, info.validation, info.test) == (train, validation, test), info
    return name, time.monotonic() - began
