"""Forecasts: what they hold in simulations of known curves, what is refused and why, and how it is said."""

import json
from dataclasses import asdict, replace

import numpy as np
import pytest

from tests.forecast_lab import curve, power
from tl.analysis.forecasts import forecast as module
from tl.analysis.forecasts.curve import MeasuredCurve, _training_noise, fits
from tl.analysis.forecasts.forecast import Forecast, forecast
from tl.analysis.forecasts.wording import notes, wording
from tl.config import Refused
from tl.store.documents import of_type


def test_a_clean_power_law_is_continued_to_where_it_reaches_the_target():
    found = forecast(curve(power(2.0, 0.4, 0.02), spread=0.0005, tests=100_000), "linear_probe", 0.9, 800)
    truth = (2.0 / 0.08) ** (1 / 0.4)  # 3,125
    assert found.refused is None and not found.bound
    assert found.low is not None and found.high is not None and found.more is not None
    assert 800 + found.low < truth < 800 + found.high
    assert found.low <= found.more <= found.high
    assert 0.6 < (800 + found.more) / truth < 1.6


@pytest.mark.parametrize("law", [(2.0, 0.4, 0.02), (1.2, 0.25, 0.0), (3.0, 0.6, 0.1), (1.0, 0.5, 0.15)])
def test_the_interval_holds_a_later_training_in_eight_of_ten_cases(law):
    a, b, c = law
    held = 0
    for seed in range(15):
        measured = curve(power(*law), spread=0.01, tests=500, seed=seed)
        shift = np.random.default_rng(100 + seed).multivariate_normal(np.zeros(5), measured.covariance)
        errors = tuple(
            tuple(value + one for value in values) for values, one in zip(measured.errors, shift, strict=True)
        )
        found = fits(replace(measured, errors=errors))
        place = np.array([int(np.abs(np.log(found.grid / 2400)).argmin())])
        _, low, high = module.expected(found, measured, place)
        held += bool(low[0] <= a * 2400**-b + c <= high[0])
    assert held >= 12, held


def test_with_noisier_measurements_the_interval_is_wider():
    narrow, wide = (fits(curve(power(2.0, 0.4, 0.02), spread=spread)) for spread in (0.002, 0.02))
    spreads = [np.std(found.draws[:, -1]) for found in (narrow, wide)]
    assert spreads[1] > 1.5 * spreads[0]
    for found in (narrow, wide):
        at = [int(np.abs(found.grid - size).argmin()) for size in (800, 8000)]
        ends = np.quantile(found.draws[:, at], (0.1, 0.9), axis=0)
        assert np.diff(ends, axis=0)[0][1] > np.diff(ends, axis=0)[0][0], "the further away, the less is known"


def test_beyond_ten_times_the_largest_size_there_is_a_bound_alone():
    found = forecast(curve(power(1.0, 0.1, 0.0)), "scratch", 0.7, 800)
    assert found.bound and found.more is None and found.high is None and found.refused is None
    assert found.low is not None and found.low <= found.reach - 800 and found.reach == 8000


def reason(measured: MeasuredCurve | None, target: float = 0.9) -> tuple[str, dict]:
    found = forecast(measured, "linear_probe", target, 800)
    assert found.refused and found.more is None and found.low is None
    return found.refused.reason, found.refused.values


def test_what_the_curve_does_not_allow_is_refused_with_the_reason():
    assert reason(None) == ("few_sizes", {"sizes": 0, "needed": 4})
    assert reason(curve(power(2.0, 0.4, 0.02)[:3])) == ("few_sizes", {"sizes": 3, "needed": 4})
    name, values = reason(curve([0.3, 0.31, 0.32, 0.33, 0.34]))
    assert name == "not_falling" and values["first"] > values["last"]
    assert reason(curve([0.30, 0.298, 0.296, 0.294, 0.292], spread=0.02))[0] == "scatter"
    name, values = reason(curve(power(5.0, 1.2, 0.14), spread=0.001, tests=100_000), 0.95)
    assert name == "levels_off" and values["level"] == pytest.approx(0.86, abs=0.01)
    name, values = reason(curve(power(2.0, 0.4, 0.02)), 0.7)
    assert name == "reached" and values["pictures"] == 200 and values["accuracy"] > 0.8


@pytest.mark.parametrize("target", [0, 1, 1.5, -0.1, float("nan")])
def test_a_target_that_is_no_accuracy_is_refused(target):
    with pytest.raises(Refused, match="target is"):
        forecast(curve(power(2.0, 0.4, 0.02)), "linear_probe", target, 800)


@pytest.mark.parametrize("errors", [power(2.0, 0.4, 0.02), [0.3, 0.31, 0.32, 0.33, 0.34], power(2.0, 0.4, 0.02)[:2]])
def test_a_forecast_and_its_curve_come_back_from_json(errors):
    measured = curve(errors)
    found = forecast(measured, "linear_probe", 0.9, 800)
    assert of_type(listed(asdict(measured)), MeasuredCurve) == measured
    assert of_type(listed(asdict(found)), Forecast) == found


def listed(document):
    """As JSON gives it back: lists in place of tuples."""
    return json.loads(json.dumps(document))


@pytest.mark.parametrize(
    "damage",
    [
        None,
        [],
        {},
        {"band": None},
        {"more": "many"},
        {"low": -1},
        {"target": None},
        {"now": {"mean": 1}},
        {"now": {"mean": "x", "low": 0, "high": 1}},
        {"refused": {"reason": "bad weather", "values": {}}},
        {"refused": {"reason": "few_sizes", "values": {"sizes": 1}}},
        {"refused": 7},
        {"band": [{"pictures": 3}]},
    ],
)
def test_a_damaged_forecast_is_none(damage):
    whole = listed(asdict(forecast(curve(power(2.0, 0.4, 0.02)), "linear_probe", 0.9, 800)))
    assert of_type(whole, Forecast)
    assert of_type(whole | damage if isinstance(damage, dict) and damage else damage, Forecast) is None


@pytest.mark.parametrize(
    "damage",
    [
        {"sizes": [50, 100, 200, 800, 400]},
        {"sizes": []},
        {"sizes": [0, 100, 200, 400, 800]},
        {"sizes": [50, 100, 200, 400]},
        {"errors": [[0.1]] * 4},
        {"errors": [[0.1], [], [0.1], [0.1], [0.1]]},
        {"errors": [[1.5]] * 5},
        {"covariance": [[0.1] * 5] * 4},
        {"covariance": [[0.1] * 4] * 5},
        {"pool": 0},
    ],
)
def test_a_damaged_curve_is_none(damage):
    whole = listed(asdict(curve(power(2.0, 0.4, 0.02))))
    assert of_type(whole, MeasuredCurve)
    assert of_type(whole | damage, MeasuredCurve) is None


NUMBER = Forecast(
    arm="linear_probe",
    target=0.9,
    there=200,
    largest=200,
    now=module.AccuracyInterval(mean=0.8, low=0.78, high=0.82),
    more=140,
    low=90,
    high=260,
    bound=False,
    reach=2000,
    refused=None,
    band=(),
)
BOUND = replace(NUMBER, arm="scratch", more=None, low=2123, high=None, bound=True)


def test_it_is_said_as_a_colleague_would_say_it():
    assert wording([BOUND, NUMBER]) == (
        "Label about 140 more pictures (90 to 260) to reach 90 % with a linear probe; from scratch 2,100 or more."
    )
    assert wording([BOUND]) == "Label at least 2,100 more pictures to reach 90 % from scratch."
    assert wording([replace(NUMBER, more=0, low=0, high=0)]) == (
        "The 200 training pictures you have should be enough to reach 90 % with a linear probe."
    )
    assert "(at least 90)" in wording([replace(NUMBER, high=None)])
    assert "more pictures (at most 260) to" in wording([replace(NUMBER, low=0)])
    loose = replace(NUMBER, more=874, target=0.75, low=0, high=None)
    assert wording([loose]) == (
        "Label about 870 more pictures to reach 75 % with a linear probe; the curve is too uncertain to give limits."
    )
    assert wording([loose, BOUND]) == (
        "Label about 870 more pictures to reach 75 % with a linear probe; from scratch 2,100 or more. "
        "The curve of a linear probe is too uncertain to give limits for its number."
    )
    assert "label in rounds" in " ".join(notes([replace(NUMBER, high=None)]))
    assert "label in rounds" not in " ".join(notes([NUMBER]))
    assert wording([replace(BOUND, low=0)]) == (
        "The curve is too uncertain to say how many more pictures it takes to reach 90 % from scratch."
    )
    assert wording([NUMBER, replace(BOUND, low=0)]).endswith("; from scratch the curve is too uncertain to say.")


@pytest.mark.parametrize(("name", "values"), [*module.REASONS.items()])
def test_every_reason_has_its_sentence(name, values):
    refused = module.Refusal(reason=name, values=dict.fromkeys(values, 0.86))
    text = wording([replace(NUMBER, more=None, low=None, high=None, refused=refused)])
    assert text.endswith(".") and text[0].isupper() and "linear probe" in text
    assert name != "levels_off" or "levels off at about 86 %" in text


@pytest.mark.parametrize(("pool", "of_mean"), [(None, 0.02), (20, 0.04 * (0.5 / 2 + 0.5))], ids=["seeds", "subsets"])
def test_the_noise_of_a_training_is_worked_out_from_how_far_trainings_lie_apart(pool, of_mean):
    # Two trainings, 0.1 on either side of their mean: a variance of 0.02 with one degree of freedom. Subsets that are half
    # of the pool have half of their noise in common, which their spread does not show: it is 0.04, half of it averaged.
    measured = MeasuredCurve(sizes=(10,), errors=((0.4, 0.6),), covariance=((0.0,),), pool=pool)
    single, mean = _training_noise(measured)
    assert single**2 == pytest.approx(0.02 if pool is None else 0.04)
    assert mean == pytest.approx(of_mean, abs=1e-6)
    assert _training_noise(replace(measured, errors=((0.4,),)))[0] == 0, "one training shows no spread"
