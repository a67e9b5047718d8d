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
from typing import Any

import numpy as np

from tl import datasets, pretrained
from tl.analysis.forecasts.curve import MeasuredCurve
from tl.analysis.forecasts.forecast import BandPoint, Forecast
from tl.config import Experiment, Refused, Training
from tl.store.database import read_experiment, read_runs
from tl.store.documents import is_count, is_number, is_text, is_texts, read_result
from tl.store.files import read_json, write_json
from tl.store.home import Home
from tl.strategies import STRATEGIES

FEATURES, SWEEP = "features", "sweep"  # what a curve was measured by; a forecast is held against its own kind alone
LARGER = 1.05  # factor of the largest size that was seen, from which on a measurement tests the forecast
_TEXTS = ("backbone", "weights", "strategy", "basis")


@dataclass(frozen=True, kw_only=True)
class Subject:
    """What a forecast is about, whatever the data set is called."""

    backbone: str
    weights: str  # key of a source; "": none
    resolution: int
    strategy: str  # key of STRATEGIES
    basis: str  # FEATURES or SWEEP
    classes: tuple[str, ...]  # sorted


def subject(home: Home, training: Training, strategy: str, basis: str, classes: Iterable[str]) -> Subject:
    """What a forecast of an arm of `training` is about."""
    weights = ""  # random ones, whatever the other arms start from
    if STRATEGIES[strategy].pretrained:
        weights = weights_key(home, training)
    return Subject(
        backbone=training.backbone,
        weights=weights,
        resolution=training.resolution,
        strategy=strategy,
        basis=basis,
        classes=tuple(sorted(classes)),
    )


def weights_key(home: Home, training: Training) -> str:
    """The key of the weights that "auto" and the like stand for; as it is where they are gone."""
    try:
        return pretrained.resolve(home, training.backbone, training.weights)
    except Refused:
        return training.weights


@dataclass(frozen=True)
class Evidence:
    """An accuracy that was measured."""

    pictures: int  # for training
    accuracy: float  # on the test set
    test_pictures: int


@dataclass(frozen=True)
class Stored:
    """A forecast as it was kept."""

    ident: str
    created: float  # Unix seconds
    subject: Subject
    forecast: Forecast
    measured: tuple[Evidence, ...]
    outcome: dict[str, Any] | None  # {"pictures", "accuracy", "right"} of the largest test so far

    @property
    def case(self) -> tuple[Subject, tuple[Evidence, ...]]:
        """What forecasts from one curve share."""
        return self.subject, self.measured


@dataclass(frozen=True, kw_only=True)
class Record:
    """How often forecasts were right here."""

    right: int
    decided: int
    waiting: int  # not tested yet


def remember(home: Home, subject: Subject, found: Forecast, curve: MeasuredCurve, test_pictures: int) -> None:
    """Keep a forecast; the same one again changes nothing."""
    measured = [
        asdict(Evidence(size, 1 - float(error), test_pictures))
        for size, error in zip(curve.sizes, curve.means, strict=True)
    ]
    document = {"subject": asdict(subject), "forecast": found.to_json(), "measured": measured}
    ident = hashlib.sha256(json.dumps(document, sort_keys=True).encode()).hexdigest()[:24]
    path = home.forecasts_dir / f"{ident}.json"
    if not path.exists():
        write_json(path, {"id": ident, "created": time.time(), **document, "outcome": None})


def record(home: Home) -> Record:
    """How often they were right; outcomes that are new are looked up and written down."""
    kept = [stored for path in sorted(home.forecasts_dir.glob("*.json")) if (stored := _read(read_json(path)))]
    swept = any(stored.subject.basis == SWEEP for stored in kept)  # else no run can test one
    rows = read_runs(home, statuses=("finished",)) if swept else []
    runs = list(_of_runs(home, rows))
    outcomes: dict[tuple[Subject, tuple[Evidence, ...]], dict[str, Any] | None] = {}
    for stored in sorted(kept, key=lambda one: one.created):
        if not stored.forecast.band:
            continue  # a curve that allowed no forecast said nothing that could be tested
        others = (one for one in kept if one.subject == stored.subject and one.created > stored.created)
        evidence = [*(each for one in others for each in one.measured)] if stored.subject.basis == FEATURES else []
        evidence += [each for subject, ended, each in runs if subject == stored.subject and ended > stored.created]
        outcome = _outcome(stored, evidence)
        if outcome != stored.outcome:
            path = home.forecasts_dir / f"{stored.ident}.json"
            write_json(path, read_json(path) | {"outcome": outcome})
        outcomes[stored.case] = outcome
    decided = [outcome for outcome in outcomes.values() if outcome]
    right = sum(bool(outcome["right"]) for outcome in decided)
    return Record(right=right, decided=len(decided), waiting=len(outcomes) - len(decided))


def _outcome(stored: Stored, evidence: Iterable[Evidence]) -> dict[str, Any] | None:
    """What came of it; what was known stays, unless something with more pictures tests it."""
    known = stored.outcome
    least = LARGER * stored.forecast.largest if known is None else known["pictures"] + 1
    tests = [each for each in evidence if least <= each.pictures <= stored.forecast.reach]
    if not tests:
        return known
    most = max(each.pictures for each in tests)
    largest = [each for each in tests if each.pictures == most]
    accuracy = float(np.mean([each.accuracy for each in largest]))  # over seeds
    expected = at(stored.forecast.band, most)
    return {"pictures": most, "accuracy": accuracy, "right": expected.holds(accuracy, largest[0].test_pictures)}


def at(band: tuple[BandPoint, ...], pictures: int) -> BandPoint:
    """What is expected with so many pictures, between two points of the band on straight lines over a log axis."""
    logs = np.log([point.pictures for point in band])
    mean, low, high = (
        float(np.interp(np.log(pictures), logs, [getattr(point, name) for point in band]))
        for name in ("mean", "low", "high")
    )
    return BandPoint(pictures=pictures, mean=mean, low=low, high=high)


def _of_runs(home: Home, rows: list[dict[str, Any]]) -> Iterator[tuple[Subject, float, Evidence]]:
    """What finished runs of this machine measured, and when."""
    infos: dict[str, datasets.DatasetInfo | None] = {}
    experiments: dict[str, Experiment] = {}
    for row in rows:
        spec, files = row["spec"], home.run(row["run_id"])
        if row["experiment_id"] not in experiments:
            experiments[row["experiment_id"]] = read_experiment(home, row["experiment_id"])["experiment"]
        if spec["dataset"] not in infos:
            try:
                infos[spec["dataset"]] = datasets.describe(home, spec["dataset"])
            except Refused:
                infos[spec["dataset"]] = None
        info = infos[spec["dataset"]]
        result = read_result(files) or {}
        if info is None or files.imported.exists() or result.get("test_accuracy") is None or not info.test:
            continue
        experiment = experiments[row["experiment_id"]]
        strategy = next(arm.strategy for arm in experiment.arms if arm.name == row["arm"])
        about = subject(home, experiment, strategy, SWEEP, info.classes)
        pictures = info.train if experiment.samples is None else experiment.samples
        yield about, row["ended"] or 0.0, Evidence(pictures, result["test_accuracy"], info.test)


def _read(document: object) -> Stored | None:
    """A forecast that was kept; None where its file is damaged: it counts as lost."""
    if not isinstance(document, dict) or not is_text(document.get("id")) or not is_number(document.get("created")):
        return None
    about, measured, outcome = (document.get(name) for name in ("subject", "measured", "outcome"))
    if not isinstance(about, dict) or not isinstance(measured, list):
        return None
    whole = all(is_text(about.get(name)) for name in _TEXTS) and is_count(about.get("resolution"))
    if not whole or not is_texts(about.get("classes")) or not all(map(_is_evidence, measured)):
        return None
    if outcome is not None and not (isinstance(outcome, dict) and is_count(outcome.get("pictures"))):
        return None
    try:
        return Stored(
            document["id"],
            document["created"],
            Subject(**about | {"classes": tuple(about["classes"])}),
            Forecast.from_json(document.get("forecast")),
            tuple(Evidence(**each) for each in measured),
            outcome if outcome is None or isinstance(outcome.get("right"), bool) else None,
        )
    except (TypeError, ValueError):
        return None


def _is_evidence(value: object) -> bool:
    return (
        isinstance(value, dict)
        and {*value} == {"pictures", "accuracy", "test_pictures"}
        and is_count(value["pictures"])
        and is_number(value["accuracy"])
        and is_count(value["test_pictures"])
        and value["test_pictures"] > 0
    )
