"""Features of a sample of pictures, one file per data set, split, sample, network, weights and resolution: a cache.

Nothing here is needed again once its scores are known; the oldest files go when they are too many or, hosted, too large.
"""

import hashlib
import io
from contextlib import suppress
from dataclasses import astuple, dataclass
from math import inf
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np

from tl.limits import limits
from tl.store.files import write_bytes
from tl.store.home import Home

MAX_FILES = 60
DISK_SHARE = 0.1  # of what a visitor's workspace may take of the disk
TRAIN = "train"
RANDOM = "random"  # in place of a source's key: random weights, what pretrained ones are measured against
_STAMPS = ("index.parquet", "drawing.json")  # what names every picture of a data set, or the code that draws them


@dataclass(frozen=True, kw_only=True)
class FeatureKey:
    """What features depend on."""

    dataset: str
    fingerprint: str  # of the data set's pictures: the same name may come to mean others
    samples: int  # the first so many pictures of the split, stratified
    resolution: int  # pixels
    backbone: str
    weights: str  # key of a source, or RANDOM
    weights_hash: str  # hex digest of the weights' file, or the part of it that is known
    split: str = TRAIN  # of tl.store.pictures.SPLITS

    @property
    def digest(self) -> str:
        """A name for all of it."""
        parts = astuple(self)
        if self.split == TRAIN:  # as when there were features of training pictures only: scores kept by it stay
            parts = parts[:-1]
        return hashlib.sha256(repr(parts).encode()).hexdigest()[:24]

    def path(self, home: Home) -> Path:
        """The file."""
        return home.features_dir / f"{self.digest}.npz"


@dataclass(frozen=True)
class Features:
    """What one forward pass gave, in the order of the sample."""

    features: np.ndarray  # (N, D) float32, what reaches the head
    labels: np.ndarray  # (N,) int64
    source_probabilities: np.ndarray | None  # (N, Z) float32, by the head that came with the weights


def fingerprint(home: Home, dataset: str) -> str:
    """Which pictures the data set holds now that lies in `home`; "" before the first download or drawing."""
    for name in _STAMPS:
        with suppress(FileNotFoundError):
            return hashlib.sha256((home.dataset_dir(dataset) / name).read_bytes()).hexdigest()[:16]
    return ""


def write_features(home: Home, key: FeatureKey, found: Features) -> None:
    """Keep `found`; whole or not at all."""
    arrays: dict[str, Any] = {"features": found.features, "labels": found.labels}
    if found.source_probabilities is not None:
        arrays["source_probabilities"] = found.source_probabilities
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)
    write_bytes(key.path(home), buffer.getvalue(), durable=False)
    _prune(home, key.path(home))


def read_features(home: Home, key: FeatureKey) -> Features | None:
    """What was kept; None where nothing was, or it is damaged."""
    try:
        with np.load(io.BytesIO(key.path(home).read_bytes()), allow_pickle=False) as file:
            return Features(file["features"], file["labels"], file.get("source_probabilities"))
    except (OSError, ValueError, KeyError, EOFError, AttributeError, BadZipFile):
        return None


def _prune(home: Home, newest: Path) -> None:
    """Remove the oldest files beyond MAX_FILES and, hosted, beyond the visitor's share; the newest stays whatever it is."""
    megabytes, kept, found = limits().disk_megabytes, 0, {}
    most = inf if megabytes is None else DISK_SHARE * megabytes * 10**6
    for path in home.features_dir.glob("*.npz"):
        with suppress(FileNotFoundError):
            found[path] = path.stat()
    youngest_first = sorted(found, key=lambda path: (path == newest, found[path].st_mtime_ns), reverse=True)
    for place, path in enumerate(youngest_first):
        kept += found[path].st_size
        if place and (place >= MAX_FILES or kept > most):
            path.unlink(missing_ok=True)
