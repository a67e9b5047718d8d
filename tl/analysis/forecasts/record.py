"""Every forecast, kept, and held against what was measured later: one JSON file each that outlives runs and data sets.

The rule. A forecast says which accuracy to expect at every number of pictures up to its reach. It is tested by the same
network with the same weights at the same resolution, trained the same way on classes of the same names, measured later
with more training pictures than the forecast had seen, whatever the data set is called: it was right where the accuracy
measured with the most pictures within its reach lies in its interval there, chance among the test pictures allowed for.
(Its interval of pictures is that same band read the other way.) Forecasts from one curve, whatever their targets, are
one case.
"""

import hashlib
import json
import time
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from typing import Annotated

import numpy as np
from msgspec import Meta, Struct, field, to_builtins
from msgspec.structs import replace

from tl import datasets, sources
from tl.analysis.forecasts.curve import MeasuredCurve
from tl.analysis.forecasts.forecast import BandPoint, Forecast
from tl.config import Refused, Training
from tl.store.documents import Count, Finite, Share, all_in, read_result
from tl.store.files import write_json
from tl.store.home import Home
from tl.store.queue.database import read_runs
from tl.store.queue.rows import RunRow
from tl.strategies import STRATEGIES

FEATURES, SWEEP = "features", "sweep"  # what a curve was measured by; a forecast is held against its own kind alone
LARGER = 1.05  # factor of the largest size that was seen, from which on a measurement tests the forecast


@dataclass(frozen=True, kw_only=True)
class ForecastSubject:
    """What a forecast is about, whatever the data set is called."""

    backbone: str
    weights: str  # key of a source; "": none
    resolution: Count
    strategy: str  # key of STRATEGIES
    basis: str  # FEATURES or SWEEP
    classes: tuple[str, ...]  # sorted


def subject(home: Home, training: Training, strategy: str, basis: str, classes: Iterable[str]) -> ForecastSubject:
    """What a forecast of an arm of `training` is about."""
    return ForecastSubject(
        backbone=training.backbone,
        weights=weights_key(home, training) if STRATEGIES[strategy].pretrained else "",
        resolution=training.resolution,
        strategy=strategy,
        basis=basis,
        classes=tuple(sorted(classes)),
    )


def weights_key(home: Home, training: Training) -> str:
    """The key of the weights that "auto" and the like stand for; as it is where they are gone."""
    try:
        return sources.resolve(home, training.backbone, training.weights)
    except Refused:
        return training.weights


@dataclass(frozen=True)
class Evidence:
    """An accuracy that was measured."""

    pictures: Count  # for training
    accuracy: Share  # on the test set
    test_pictures: Annotated[int, Meta(gt=0)]


class Outcome(Struct, frozen=True):
    """The largest test of a forecast so far."""

    pictures: Count
    accuracy: Share
    right: bool


class Stored(Struct, frozen=True, kw_only=True):
    """A forecast as it was kept; its fields are the keys of its file."""

    ident: Annotated[str, Meta(pattern=r"\A[0-9a-f]{24}\Z")] = field(name="id")
    created: Finite  # Unix seconds
    subject: ForecastSubject
    forecast: Forecast
    measured: tuple[Evidence, ...]
    outcome: Outcome | None = None

    @property
    def case(self) -> tuple[ForecastSubject, tuple[Evidence, ...]]:
        """What forecasts from one curve share."""
        return self.subject, self.measured


@dataclass(frozen=True, kw_only=True)
class Record:
    """How often forecasts were right here."""

    right: int
    decided: int
    waiting: int  # not tested yet


def remember(home: Home, subject: ForecastSubject, found: Forecast, curve: MeasuredCurve, test_pictures: int) -> None:
    """Keep a forecast; the same one again changes nothing."""
    measured = [
        asdict(Evidence(size, 1 - float(error), test_pictures))
        for size, error in zip(curve.sizes, curve.means, strict=True)
    ]
    document = {"subject": asdict(subject), "forecast": asdict(found), "measured": measured}
    ident = hashlib.sha256(json.dumps(document, sort_keys=True).encode()).hexdigest()[:24]
    path = home.forecasts_dir / f"{ident}.json"
    if not path.exists():
        write_json(path, {"id": ident, "created": time.time(), **document, "outcome": None})


def record(home: Home) -> Record:
    """How often they were right; outcomes that are new are looked up and written down."""
    kept = all_in(home.forecasts_dir, Stored)
    swept = any(stored.subject.basis == SWEEP for stored in kept)  # else no run can test one
    rows = read_runs(home, statuses=("finished",)) if swept else []
    runs = list(_of_runs(home, rows))
    outcomes: dict[tuple[ForecastSubject, tuple[Evidence, ...]], Outcome | None] = {}
    for stored in sorted(kept, key=lambda one: one.created):
        if not stored.forecast.band:
            continue  # a curve that allowed no forecast said nothing that could be tested
        others = (one for one in kept if one.subject == stored.subject and one.created > stored.created)
        evidence = [*(each for one in others for each in one.measured)] if stored.subject.basis == FEATURES else []
        evidence += [each for subject, ended, each in runs if subject == stored.subject and ended > stored.created]
        outcome = _outcome(stored, evidence)
        if outcome != stored.outcome:
            path = home.forecasts_dir / f"{stored.ident}.json"
            write_json(path, to_builtins(replace(stored, outcome=outcome)))
        outcomes[stored.case] = outcome
    decided = [outcome for outcome in outcomes.values() if outcome]
    right = sum(outcome.right for outcome in decided)
    return Record(right=right, decided=len(decided), waiting=len(outcomes) - len(decided))


def _outcome(stored: Stored, evidence: Iterable[Evidence]) -> Outcome | None:
    """What came of it; what was known stays, unless something with more pictures tests it."""
    known = stored.outcome
    least = LARGER * stored.forecast.largest if known is None else known.pictures + 1
    tests = [each for each in evidence if least <= each.pictures <= stored.forecast.reach]
    if not tests:
        return known
    most = max(each.pictures for each in tests)
    largest = [each for each in tests if each.pictures == most]
    accuracy = float(np.mean([each.accuracy for each in largest]))  # over seeds
    expected = at(stored.forecast.band, most)
    return Outcome(most, accuracy, expected.holds(accuracy, largest[0].test_pictures))


def at(band: tuple[BandPoint, ...], pictures: int) -> BandPoint:
    """What is expected with so many pictures, between two points of the band on straight lines over a log axis."""
    logs = np.log([point.pictures for point in band])
    mean, low, high = (
        float(np.interp(np.log(pictures), logs, [getattr(point, name) for point in band]))
        for name in ("mean", "low", "high")
    )
    return BandPoint(pictures=pictures, mean=mean, low=low, high=high)


def _of_runs(home: Home, rows: list[RunRow]) -> Iterator[tuple[ForecastSubject, float, Evidence]]:
    """What finished runs of this machine measured, and when."""
    infos: dict[str, datasets.DatasetInfo | None] = {}
    for row in rows:
        experiment, files = row.experiment, home.run(row.run_id)
        if experiment.target_dataset:  # tested on other pictures than it learned
            continue
        if experiment.dataset not in infos:
            try:
                infos[experiment.dataset] = datasets.describe(home, experiment.dataset)
            except Refused:
                infos[experiment.dataset] = None
        info, result = infos[experiment.dataset], read_result(files)
        accuracy = result.test_accuracy if result else None
        if info is None or files.imported.exists() or accuracy is None or not info.test:
            continue
        own = experiment.of(row.arm_config)
        about = subject(home, own, row.arm_config.strategy, SWEEP, info.classes)
        pictures = info.train if experiment.samples is None else experiment.samples
        yield about, row.ended or 0.0, Evidence(pictures, accuracy, info.test)
