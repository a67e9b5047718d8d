"""Features of a sample of pictures, one file per data set, sample, network, weights and resolution: a cache.

Nothing here is needed again once its scores are known; the oldest files go when there are too many.
"""

import hashlib
import io
from contextlib import suppress
from dataclasses import astuple, dataclass
from pathlib import Path
from zipfile import BadZipFile

import numpy as np

from tl.store.files import write_bytes
from tl.store.home import Home

MAX_FILES = 60
RANDOM = "random"  # in place of a source's key: random weights, what pretrained ones are measured against
_STAMPS = ("index.parquet", "drawing.json")  # what names every picture of a data set, or the code that draws them


@dataclass(frozen=True, kw_only=True)
class FeatureKey:
    """What features depend on."""

    dataset: str
    fingerprint: str  # of the data set's pictures: the same name may come to mean others
    samples: int  # the first so many training pictures, stratified
    resolution: int  # pixels
    backbone: str
    weights: str  # key of a source, or RANDOM
    weights_hash: str  # hex digest of the weights' file, or the part of it that is known

    @property
    def digest(self) -> str:
        """A name for all of it."""
        return hashlib.sha256(repr(astuple(self)).encode()).hexdigest()[:24]

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
    arrays = {"features": found.features, "labels": found.labels}
    if found.source_probabilities is not None:
        arrays["source_probabilities"] = found.source_probabilities
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)
    write_bytes(key.path(home), buffer.getvalue(), durable=False)
    _prune(home)


def read_features(home: Home, key: FeatureKey) -> Features | None:
    """What was kept; None where nothing was, or it is damaged."""
    try:
        with np.load(io.BytesIO(key.path(home).read_bytes()), allow_pickle=False) as file:
            return Features(file["features"], file["labels"], file.get("source_probabilities"))
    except (OSError, ValueError, KeyError, EOFError, AttributeError, BadZipFile):
        return None


def _prune(home: Home) -> None:
    """Remove the oldest files beyond MAX_FILES."""
    ages = {}
    for path in home.features_dir.glob("*.npz"):
        with suppress(FileNotFoundError):
            ages[path] = path.stat().st_mtime
    for path in sorted(ages, key=ages.get)[: max(0, len(ages) - MAX_FILES)]:
        path.unlink(missing_ok=True)
