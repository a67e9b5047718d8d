"""Backtest: forecasts of the linear probe from the smaller sizes, held against what the two largest sizes then showed.

Whoever has the pictures of a size knows no others, so a case draws a pool of that many, forecasts from subsets of it, and
is then given more pictures, twice. The forecast sees half of the test pictures; what came later is measured on the others.
`python -m tests.benchmarks forecast --json FILE` keeps the figures.
"""

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tests.benchmarks.pictures import ROOT, archive, flowers_zip
from tests.benchmarks.row import Row
from tests.benchmarks.scale import Scale
from tests.datasets.crafted import ingest
from tl.analysis.forecasts.curve import fits
from tl.analysis.forecasts.forecast import CONFIDENCE, LEVELS_OFF, REACHED, BandPoint, Forecast, expected, forecast
from tl.analysis.forecasts.probe import Split, measure
from tl.datasets import describe
from tl.sources import source
from tl.store.features import FeatureKey, fingerprint, read_features
from tl.store.home import Home

RESOLUTIONS = (64, 32)
SEEDS = 2
HELD = 0.8  # share of the cases whose interval must hold the truth
MOST = {"train": 2_500, "validation": 600, "test": 1_200}
FIRST_SHARE, NEXT_SHARE = 0.4, 0.63  # of all pictures: what is known at first; then the next size, then all
BACKBONE = "mobilenet_v2"


@dataclass(frozen=True)
class Case:
    """One question and what came of it."""

    name: str
    held: tuple[bool, ...]  # whether the interval of the accuracy held what was measured, at each of the two sizes
    number_held: bool | None  # whether the interval of the pictures held the largest size; None: nothing was forecast
    factor: float | None  # pictures that were forecast over those that it took
    text: str  # of what happened


def forecast_backtest(home: Home, scale: Scale) -> list[Row]:
    """How often a forecast from the smaller sizes held what the two largest sizes then showed."""
    found = [case for name, splits in _sources(home, scale) for case in cases(name, splits, scale)]
    for case in found:
        if not all(case.held) or case.number_held is False:
            print(f"missed: {case.name}: {case.text}", flush=True)
    accuracies = [held for case in found for held in case.held]
    numbers = [case.number_held for case in found if case.number_held is not None]
    factors = [case.factor for case in found if case.factor]
    middle = float(np.exp(np.median(np.log(factors)))) if factors else None
    words = f"{sum(accuracies)} of {len(accuracies)}, {len(found)} cases, intervals of {CONFIDENCE:.0%}"
    return [
        Row(what="accuracy within its interval", measured=_share(accuracies), unit="", at_least=HELD, note=words),
        Row(
            what="pictures within their interval",
            measured=_share(numbers),
            unit="",
            at_least=HELD,
            note=f"{sum(numbers)} of {len(numbers)}",
        ),
        Row(what="pictures forecast over pictures it took, median", measured=middle, unit="x", note=f"{len(factors)}"),
    ]


def _share(held: list[bool]) -> float | None:
    return sum(held) / len(held) if held else None


def _sources(home: Home, scale: Scale) -> Iterator[tuple[str, dict[str, Split]]]:
    """(name, features of the three splits) of both sets at every resolution."""
    for name, path in (("flowers", flowers_zip()), ("cifar10", archive("TL_CIFAR10_ZIP", "cifar10-images.zip"))):
        for resolution in RESOLUTIONS if scale.forecast_seeds > 1 else RESOLUTIONS[1:]:
            yield f"{name}, {resolution} px", features_of(home, path, f"forecast-{name}", resolution, scale)


def features_of(home: Home, path: Path, dataset: str, resolution: int, scale: Scale) -> dict[str, Split]:
    """Split -> its features, by the trainer's own command; the zip at `path` is taken in once per home."""
    if not (home.dataset_dir(dataset) / "dataset.json").exists():
        ingest(home, path, dataset)
    info, weights = describe(home, dataset), source(home, BACKBONE, "auto")
    most = {split: min(number, scale.forecast_pictures, getattr(info, split)) for split, number in MOST.items()}
    command = [sys.executable, "-m", "tl.train.features", "--home", str(home.path), "--dataset", dataset]
    command += ["--samples", str(most["train"]), "--resolution", str(resolution)]
    command += [f"--also={split}:{most[split]}" for split in ("validation", "test")]
    subprocess.run([*command, f"{BACKBONE}:{weights.key}:{weights.sha256}"], cwd=ROOT, check=True, capture_output=True)
    found = {}
    for split, number in most.items():
        key = FeatureKey(
            dataset=dataset,
            fingerprint=fingerprint(home, dataset),
            samples=number,
            resolution=resolution,
            backbone=BACKBONE,
            weights=weights.key,
            weights_hash=weights.sha256,
            split=split,
        )
        kept = read_features(home, key)
        if kept is None:
            raise RuntimeError(f"{dataset} has no features at {resolution} px")
        found[split] = Split(kept.features, kept.labels)
    return found


def cases(name: str, splits: dict[str, Split], scale: Scale) -> Iterator[Case]:
    """Cases of one source: all its classes, the first half of them and the others, each with several draws."""
    classes = np.unique(splits["train"].labels)
    half = (len(classes) + 1) // 2
    for words, kept in (("all classes", classes), ("first classes", classes[:half]), ("last classes", classes[half:])):
        chosen = {split: _only(part, kept) for split, part in splits.items()}
        for seed in range(scale.forecast_seeds):
            yield _case(f"{name}, {words}, draw {seed}", chosen, seed)


def _only(split: Split, classes: np.ndarray) -> Split:
    rows = np.isin(split.labels, classes)
    return Split(split.features[rows], np.searchsorted(classes, split.labels[rows]))


def _case(name: str, splits: dict[str, Split], seed: int) -> Case:
    train, validation, test = (splits[split] for split in ("train", "validation", "test"))
    random = np.random.default_rng((seed, 7))
    halves = random.permutation(len(test.labels))
    seen, unseen = (Split(test.features[halves[half::2]], test.labels[halves[half::2]]) for half in (0, 1))
    order = random.permutation(len(train.labels))
    pool, *later = (
        Split(train.features[order[:number]], train.labels[order[:number]])
        for number in (round(share * len(order)) for share in (FIRST_SHARE, NEXT_SHARE, 1.0))
    )
    curve = measure(pool, validation, seen, seed=seed)
    found, held, texts = fits(curve), [], []
    for part in later:
        truth = _accuracy(part, validation, unseen, seed)
        place = np.array([int(np.abs(np.log(found.grid / len(part.labels))).argmin())])
        middle, low, high = (1 - float(ends[0]) for ends in expected(found, curve, place))  # ends of the error
        point = BandPoint(pictures=len(part.labels), mean=middle, low=high, high=low)
        held.append(point.holds(truth, len(unseen.labels)))
        texts.append(f"{point.pictures:,}: {point.low:.1%} to {point.high:.1%} ({middle:.1%}), measured {truth:.1%}")
    # How many pictures it takes is asked of the test pictures that were seen, where all of them together got to.
    asked = forecast(curve, "linear_probe", _accuracy(train, validation, seen, seed), len(pool.labels))
    number_held, factor, words = _number(asked, len(train.labels))
    return Case(name, tuple(held), number_held, factor, "; ".join([*texts, words]))


def _accuracy(train: Split, validation: Split, test: Split, seed: int) -> float:
    return 1 - float(measure(train, validation, test, sizes=[len(train.labels)], seed=seed).means[0])


def _number(asked: Forecast, took: int) -> tuple[bool | None, float | None, str]:
    if asked.refused:
        if asked.refused.reason == REACHED:
            return None, None, "what came later was no better"
        return (False if asked.refused.reason == LEVELS_OFF else None), None, f"refused: {asked.refused.reason}"
    assert asked.low is not None
    low = asked.there + asked.low
    high = np.inf if asked.high is None else asked.there + asked.high
    factor = None if asked.more is None else (asked.there + asked.more) / took
    return bool(low <= took <= high), factor, f"pictures: {low:,} to {high:,}, it took {took:,}"
