"""Every forecast is kept and held against what was measured later; what is damaged counts as lost."""

import json
from dataclasses import replace

import pytest

from tests import page_lab
from tests.forecast_lab import curve, power
from tl import jobs
from tl.analysis.forecasts import record as module
from tl.analysis.forecasts.curve import MeasuredCurve
from tl.analysis.forecasts.forecast import BandPoint, forecast
from tl.analysis.forecasts.record import FEATURES, SWEEP, ForecastSubject, Record, record, remember
from tl.analysis.forecasts.wording import record_in_words
from tl.config import Experiment
from tl.datasets import BUILT_IN
from tl.store.files import read_json, write_json

ABOUT = ForecastSubject(
    backbone="mobilenet_v2",
    weights="own",
    resolution=64,
    strategy="linear_probe",
    basis=FEATURES,
    classes=("daisy", "rose"),
)
FIRST = curve(power(2.0, 0.4, 0.02))


def later(size: int, error: float) -> MeasuredCurve:
    """The same pictures and more."""
    return MeasuredCurve(
        sizes=(*FIRST.sizes, size),
        errors=(*FIRST.errors, (error,)),
        covariance=tuple(tuple(1e-5 for _ in range(6)) for _ in range(6)),
        pool=size,
    )


@pytest.fixture
def clock(monkeypatch):
    """Seconds that pass between two forecasts."""
    ticks = iter(range(1000, 2000))
    monkeypatch.setattr(module.time, "time", lambda: float(next(ticks)))


def keep(home, measured=FIRST, about=ABOUT, target=0.9, tests=2000):
    remember(home, about, forecast(measured, "linear_probe", target, measured.largest), measured, tests)


@pytest.mark.usefixtures("clock")
@pytest.mark.parametrize(("error", "right"), [(2.0 * 2000**-0.4 + 0.02, 1), (0.3, 0), (0.01, 0)])
def test_it_was_right_where_a_later_measurement_with_more_pictures_lies_in_its_interval(home, error, right):
    keep(home)
    assert record(home) == Record(right=0, decided=0, waiting=1)
    keep(home, later(2000, error))
    found = record(home)
    assert (found.right, found.decided) == (right, 1)


@pytest.mark.usefixtures("clock")
def test_only_more_pictures_of_the_same_subject_within_its_reach_test_it(home):
    keep(home)
    keep(home, later(820, 0.3))  # hardly more
    keep(home, later(9000, 0.3))  # beyond what it said anything about
    for changed in ({"resolution": 32}, {"weights": "imagenet"}, {"basis": SWEEP}, {"classes": ("daisy",)}):
        keep(home, later(2000, 0.3), replace(ABOUT, **changed))
    [first] = [path for path in home.forecasts_dir.iterdir() if read_json(path)["forecast"]["largest"] == 800]
    record(home)
    assert read_json(first)["outcome"] is None


@pytest.mark.usefixtures("clock")
def test_several_targets_of_one_curve_are_one_case_and_the_same_forecast_is_kept_once(home):
    for target in (0.9, 0.92, 0.9):
        keep(home, target=target)
    assert len(list(home.forecasts_dir.iterdir())) == 2
    assert record(home).waiting == 1


@pytest.mark.usefixtures("clock")
def test_an_outcome_outlives_what_it_rests_on_and_gives_way_to_more_pictures(home):
    keep(home)
    keep(home, later(1600, 2.0 * 1600**-0.4 + 0.02))
    assert record(home).right == 1
    for path in home.forecasts_dir.iterdir():
        if read_json(path)["forecast"]["largest"] == 1600:
            path.unlink()
    assert record(home) == Record(right=1, decided=1, waiting=0)
    keep(home, later(3200, 0.4))
    assert record(home) == Record(right=0, decided=1, waiting=0), "the last one rises, and forecasts nothing"


def test_runs_that_finished_later_test_a_forecast_from_a_sweep(home):
    about = replace(ABOUT, basis=SWEEP, strategy="scratch", classes=tuple(sorted(BUILT_IN["blossoms"].classes)))
    experiment = Experiment(dataset="blossoms", samples=2000, epochs=6, arms=page_lab.ARMS[:1])
    experiment_id = jobs.submit(home, experiment)
    [row] = page_lab.rows(home, experiment_id)
    about = replace(about, weights="")
    keep(home, about=about)
    assert record(home).decided == 0
    page_lab.end(home, row, "finished", accuracy=(1 - 2.0 * 2000**-0.4 - 0.02) / 6)
    assert record(home) == Record(right=1, decided=1, waiting=0)


@pytest.mark.parametrize("damage", ["{", "[]", '{"id": "x"}', "null"])
def test_a_damaged_file_counts_as_lost(home, damage):
    keep(home)
    [path] = home.forecasts_dir.iterdir()
    whole = read_json(path)
    path.write_text(damage)
    assert record(home) == Record(right=0, decided=0, waiting=0)
    for name in whole:
        write_json(path, whole | {name: 7})
        assert record(home).decided == 0
    for name in whole["subject"]:
        write_json(path, whole | {"subject": whole["subject"] | {name: None}})
        assert record(home).waiting == 0


def test_chance_among_the_test_pictures_is_allowed_for():
    point = BandPoint(pictures=100, mean=0.8, low=0.79, high=0.81)
    assert not point.holds(0.83, 100_000) and point.holds(0.83, 100)


def test_between_two_points_the_band_is_read_on_a_line():
    band = (BandPoint(pictures=100, mean=0.5, low=0.4, high=0.6), BandPoint(pictures=400, mean=0.7, low=0.6, high=0.8))
    assert module.at(band, 200).mean == pytest.approx(0.6)


def test_the_record_is_said_in_a_sentence():
    assert record_in_words(Record(right=7, decided=9, waiting=0)) == "Such forecasts were right in 7 of 9 cases here."
    assert "No record yet" in record_in_words(Record(right=0, decided=0, waiting=3))
    assert json.dumps(record_in_words(Record(right=1, decided=1, waiting=1))).count("case ") == 1
