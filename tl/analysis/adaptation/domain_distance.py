"""How different two data sets look to a pretrained network: which features tell it, and what they say once they are kept."""

from dataclasses import dataclass
from functools import lru_cache

from tl import datasets, sources
from tl.analysis.adaptation.distance import Distance, distance
from tl.analysis.forecasts.question import weights_here
from tl.config import Refused, Training, refusal
from tl.store.features import FeatureKey, fingerprint, read_features
from tl.store.home import Home

MOST = 500  # training pictures of each set that are looked at


@dataclass(frozen=True, kw_only=True)
class DistanceQuestion:
    """Which two sets, through which network."""

    source: str  # names of data sets
    target: str
    backbone: str  # key of BACKBONES
    weights: str  # key of a pretrained source
    resolution: int  # pixels


def question(home: Home, training: Training) -> DistanceQuestion:
    """The question about the two data sets of `training`. Raises Refused where it can't be answered here."""
    if training.target_dataset is None:
        raise refusal("There is only one data set; name the one it is to work on (--target-dataset).")
    source = weights_here(home, training)
    for name in training.sets:
        datasets.describe(home, name)
    return DistanceQuestion(
        source=training.dataset,
        target=training.target_dataset,
        backbone=training.backbone,
        weights=source.key,
        resolution=training.resolution,
    )


def keys(home: Home, asked: DistanceQuestion) -> tuple[FeatureKey, FeatureKey]:
    """The features of the two sets. Raises Refused where one is gone."""
    weights = sources.source(home, asked.backbone, asked.weights)
    found = [
        FeatureKey(
            dataset=name,
            fingerprint=fingerprint(datasets.home_of(home, name), name),
            samples=min(MOST, datasets.describe(home, name).train),
            resolution=asked.resolution,
            backbone=asked.backbone,
            weights=asked.weights,
            weights_hash=weights.sha256 or "unknown",
        )
        for name in (asked.source, asked.target)
    ]
    return found[0], found[1]


def answer(home: Home, asked: DistanceQuestion) -> Distance | None:
    """How different they look; None while the features are not kept."""
    found = keys(home, asked)
    return _answer(home.path, *found) if all(key.path(home).is_file() for key in found) else None


def known(home: Home, training: Training) -> Distance | None:
    """How different the two data sets of `training` look; None where there is one, and where that was not looked at."""
    try:
        return answer(home, question(home, training))
    except Refused:
        return None


@lru_cache(maxsize=32)
def _answer(path: object, source: FeatureKey, target: FeatureKey) -> Distance | None:
    home = Home(str(path))
    found = [read_features(home, key) for key in (source, target)]
    return None if found[0] is None or found[1] is None else distance(found[0].features, found[1].features)
