"""What a forecast is asked about, and the curve of the linear probe that was measured for it."""

import hashlib
from dataclasses import asdict, dataclass
from pathlib import Path

from msgspec import Struct

from tl import datasets, sources
from tl.analysis.forecasts.curve import MeasuredCurve
from tl.analysis.forecasts.probe import MOST_PICTURES
from tl.config import Training, refusal
from tl.languages import later, read_sentence, store_sentence
from tl.store.documents import of_type
from tl.store.features import FeatureKey, fingerprint
from tl.store.files import read_json, write_json
from tl.store.home import Home
from tl.store.pictures import SPLITS

CURVES = "2"  # how they are measured; another number when that changes, so that older ones are not taken for them


@dataclass(frozen=True, kw_only=True)
class ForecastQuestion:
    """Which network is to learn which pictures."""

    dataset: str
    backbone: str  # key of BACKBONES
    weights: str  # key of a pretrained source
    resolution: int  # pixels


def question(home: Home, training: Training) -> ForecastQuestion:
    """The question about `training` with all its pictures. Raises Refused where its features can't be computed here."""
    info, source = datasets.source_of(home, training.dataset), weights_here(home, training)
    for words, pictures in (
        (later("{data} has {number} training pictures; a forecast needs at least 2."), info.train),
        (later("{data} has {number} validation pictures; a forecast needs at least 2."), info.validation),
        (later("{data} has {number} test pictures; a forecast needs at least 2."), info.test),
    ):
        if pictures < 2:
            raise refusal(words, data=info.called, number=pictures)
    return ForecastQuestion(
        dataset=info.name, backbone=training.backbone, weights=source.key, resolution=training.resolution
    )


def weights_here(home: Home, training: Training) -> sources.Source:
    """The pretrained weights of `training`. Raises Refused where they are a download away."""
    source = sources.source(home, training.backbone, training.weights)
    if source.file is None:
        away = later(
            "The weights {weights} of {backbone} are not on this computer; `python -m tl compare` downloads them."
        )
        raise refusal(away, weights=source.title, backbone=training.backbone)
    return source


def feature_keys(home: Home, asked: ForecastQuestion) -> dict[str, FeatureKey]:
    """Split -> the features that the probe's curve is measured from. Raises Refused where the data set is gone."""
    info = datasets.describe(home, asked.dataset)
    source = sources.source(home, asked.backbone, asked.weights)
    stamp = fingerprint(datasets.home_of(home, asked.dataset), asked.dataset)
    most = home.policy.at_most("samples", MOST_PICTURES)
    return {
        split: FeatureKey(
            dataset=asked.dataset,
            fingerprint=stamp,
            samples=min(most, getattr(info, split)),
            resolution=asked.resolution,
            backbone=asked.backbone,
            weights=asked.weights,
            weights_hash=source.sha256 or "unknown",
            split=split,
        )
        for split in SPLITS
    }


class _Kept(Struct, frozen=True):
    """What the measuring left behind."""

    curve: MeasuredCurve | None = None
    problem: str | None = None


def _path(home: Home, asked: ForecastQuestion) -> Path:
    digests = CURVES + "".join(key.digest for key in feature_keys(home, asked).values())
    return home.probe_curves_dir / f"{hashlib.sha256(digests.encode()).hexdigest()[:24]}.json"


def keep_curve(home: Home, asked: ForecastQuestion, curve: MeasuredCurve) -> None:
    """Keep what was measured."""
    write_json(_path(home, asked), {"curve": asdict(curve)})


def keep_problem(home: Home, asked: ForecastQuestion, problem: str) -> None:
    """Keep, in one sentence, why nothing could be measured."""
    write_json(_path(home, asked), {"problem": store_sentence(problem)})


def probe_curve(home: Home, asked: ForecastQuestion) -> tuple[MeasuredCurve | None, str | None]:
    """The curve that was measured, or why there is none; neither before it was tried, or where the file is damaged."""
    found = of_type(read_json(_path(home, asked)), _Kept) or _Kept()
    return found.curve, read_sentence(found.problem)
