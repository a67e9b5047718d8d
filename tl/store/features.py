"""Features of a sample of pictures, one file per data set, split, sample, network, weights and resolution: a cache.

Nothing here is needed again once its scores are known; the files that were not used for longest go when they are too
many or, with what trainers keep beside them (tl.store.frozen_features), too large.
"""

import hashlib
import io
import shutil
from contextlib import suppress
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np

from tl.store.files import sweep, write_bytes
from tl.store.home import Home

MAX_FILES = 60
BUDGET_BYTES = 4 << 30
FREE_SHARE = 0.25  # of the free disk, at most
DISK_SHARE = 0.1  # of what the home may take of the disk, where that is limited
ABANDONED_SECONDS = 3600.0  # since a file with a temporary name was written into: whoever made it was killed
SAMPLES = ".npz"  # files of this module
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
        return home.features_dir / f"{self.digest}{SAMPLES}"


@dataclass(frozen=True)
class Features:
    """What one forward pass gave, in the order of the sample."""

    features: np.ndarray  # (N, D) float32, what reaches the head
    labels: np.ndarray  # (N,) int64
    source_probabilities: np.ndarray | None  # (N, Z) float32, by the head that came with the weights


def fingerprint(home: Home, dataset: str) -> str:
    """Which pictures the data set holds now that lies in `home`; "" before the first download or drawing."""
    return fingerprint_of(home.dataset_dir(dataset))


def fingerprint_of(folder: Path) -> str:
    """Which pictures the data set in `folder` holds; "" where that isn't known."""
    for name in _STAMPS:
        with suppress(FileNotFoundError):
            return hashlib.sha256((folder / name).read_bytes()).hexdigest()[:16]
    return ""


def write_features(home: Home, key: FeatureKey, found: Features) -> None:
    """Keep `found`; whole or not at all."""
    arrays: dict[str, Any] = {"features": found.features, "labels": found.labels}
    if found.source_probabilities is not None:
        arrays["source_probabilities"] = found.source_probabilities
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)
    write_bytes(key.path(home), buffer.getvalue(), durable=False)
    prune(home, key.path(home))


def read_features(home: Home, key: FeatureKey) -> Features | None:
    """What was kept; None where nothing was, or it is damaged."""
    try:
        with np.load(io.BytesIO(key.path(home).read_bytes()), allow_pickle=False) as file:
            return Features(file["features"], file["labels"], file.get("source_probabilities"))
    except (OSError, ValueError, KeyError, EOFError, AttributeError, BadZipFile):
        return None


def budget_bytes(home: Home) -> int:
    """What the cache may take of the disk now, as far as it is not taken by others."""
    policy = home.policy
    folder = next(folder for folder in (home.features_dir, *home.features_dir.parents) if folder.exists())
    free = max(0, shutil.disk_usage(folder).free - policy.free_megabytes * 10**6)
    if policy.disk_megabytes is not None:
        return int(min(DISK_SHARE * policy.disk_megabytes * 10**6, free))
    return min(BUDGET_BYTES, int(free * FREE_SHARE))


def prune(home: Home, newest: Path) -> None:
    """Remove what was not used for longest beyond the cache's budget, of samples' features beyond MAX_FILES, too.

    The newest stays whatever it is. Who has a file open keeps what it holds.
    """
    found, kept, samples = {}, 0, 0
    for path in home.features_dir.glob("[!.]*"):
        with suppress(FileNotFoundError):
            found[path] = path.stat()
    most = budget_bytes(home)
    latest_first = sorted(found, key=lambda path: (path == newest, found[path].st_mtime_ns), reverse=True)
    for place, path in enumerate(latest_first):
        kept += found[path].st_size
        samples += path.suffix == SAMPLES
        if place and (kept > most or (path.suffix == SAMPLES and samples > MAX_FILES)):
            path.unlink(missing_ok=True)
    sweep(home.features_dir, ABANDONED_SECONDS)
