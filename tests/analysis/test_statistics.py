"""Intervals against numbers worked out by hand and against simulation."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tl.analysis.cost_results import Ratio
from tl.analysis.results import Interval
from tl.analysis.statistics import interval, outcome, pairs_to_settle, probability_better, ratio


def test_the_interval_is_students():
    # mean 0.14, sd 0.02, n 3: t(2, 0.975) = 4.302653, so the half width is 4.302653 * 0.02 / sqrt(3) = 0.049683
    found = interval([0.12, 0.14, 0.16])
    assert (found.mean, found.basis) == (pytest.approx(0.14), "these_pictures")
    assert found.low == pytest.approx(0.14 - 0.049683, abs=1e-6)
    assert found.high == pytest.approx(0.14 + 0.049683, abs=1e-6)


@pytest.mark.parametrize("values", [[0.1], [0.1, 0.3]])
def test_below_three_pairs_there_is_no_interval(values):
    assert interval(values) == Interval(pytest.approx(sum(values) / len(values)), None, None, "none")


def test_nothing_measured_is_nothing_found():
    assert interval([]) is None
    assert probability_better([]) is None
    assert ratio([], []) is None


def test_a_tie_counts_half():
    assert probability_better([0.1, -0.1, 0.0, 0.2]) == pytest.approx(2.5 / 4)


def test_the_ratio_is_that_of_the_means_shown_beside_it():
    assert ratio([2.0, 8.0], [1.0, 1.0]) == Ratio(value=pytest.approx(5.0), low=None, high=None)
    three = ratio([1.0, 2.0, 3.0], [1.0, 1.0, 1.0])
    half = 4.302653 * 0.5 / math.sqrt(3)  # relative deviations -1/2, 0 and 1/2: their sd is 1/2
    assert three.value == pytest.approx(2.0)
    assert three.low == pytest.approx(2 * math.exp(-half), rel=1e-5)
    assert three.high == pytest.approx(2 * math.exp(half), rel=1e-5)


def test_swapping_the_sides_inverts_a_ratio():
    there, back = ratio([3.0, 4.0, 5.0], [1.0, 1.2, 0.7]), ratio([1.0, 1.2, 0.7], [3.0, 4.0, 5.0])
    assert there.value == pytest.approx(1 / back.value)
    assert there.low == pytest.approx(1 / back.high)


def test_what_is_zero_has_no_ratio():
    assert ratio([0.0, 3.0], [1.0, 1.0]).value == pytest.approx(3.0)
    assert ratio([1.0], [0.0]) is None


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (0.02, 0.05, "helps"),
        (-0.05, -0.02, "hurts"),
        (-0.005, 0.005, "no_difference"),
        (0.005, 0.05, "undecided"),
        (-0.05, 0.05, "undecided"),
        (None, None, "undecided"),
    ],
)
def test_the_outcome_follows_from_interval_and_margin(low, high, expected):
    assert outcome(Interval(0.0, low, high, "these_pictures"), 0.01) == expected


@given(st.lists(st.floats(-1, 1), min_size=3, max_size=20))
def test_the_mean_lies_inside_its_interval(values):
    found = interval(values)
    assert found.low <= found.mean <= found.high


@given(st.lists(st.floats(-1, 1), min_size=3, max_size=20))
def test_swapping_the_sides_mirrors_gain_and_outcome(values):
    gain, mirrored = interval(values), interval([-value for value in values])
    assert mirrored.mean == pytest.approx(-gain.mean)
    assert mirrored.low == pytest.approx(-gain.high)
    swapped = {"helps": "hurts", "hurts": "helps"}
    assert outcome(mirrored, 0.01) == swapped.get(outcome(gain, 0.01), outcome(gain, 0.01))


REPETITIONS = 2000
SEEDS = pytest.mark.parametrize("seeds", [3, 5, 10])


def drawn(true_gain: float, seeds: int, spread: float = 0.02) -> np.ndarray:
    """Gains of REPETITIONS made-up experiments, (REPETITIONS, seeds)."""
    return np.random.default_rng(seeds).normal(true_gain, spread, (REPETITIONS, seeds))


def shares(true_gain: float, seeds: int, margin: float = 0.01, spread: float = 0.02) -> dict[str, float]:
    """How often each outcome comes out."""
    found = [outcome(interval(row), margin) for row in drawn(true_gain, seeds, spread)]
    return {name: found.count(name) / REPETITIONS for name in ("helps", "hurts", "no_difference", "undecided")}


@SEEDS
def test_intervals_cover_the_true_gain_as_often_as_they_say(seeds):
    found = [interval(row) for row in drawn(0.05, seeds)]
    covered = np.mean([entry.low <= 0.05 <= entry.high for entry in found])
    assert 0.93 <= covered <= 0.97


@SEEDS
def test_intervals_of_ratios_cover_the_true_ratio_as_often_as_they_say(seeds):
    random = np.random.default_rng(seeds)
    tops, bottoms = (scale * random.lognormal(0, 0.2, (REPETITIONS, seeds)) for scale in (3.0, 1.0))
    found = [ratio(top, bottom) for top, bottom in zip(tops, bottoms, strict=True)]
    covered = np.mean([entry.low <= 3.0 <= entry.high for entry in found])
    assert 0.93 <= covered <= 0.97


@SEEDS
@pytest.mark.parametrize("true_gain", [-0.05, -0.0101, -0.0099, 0.0, 0.005, 0.0099, 0.0101, 0.05])
@pytest.mark.parametrize("spread", [0.002, 0.02])
def test_outcomes_are_wrong_no_more_often_than_stated(seeds, true_gain, spread):
    truth = "no_difference" if abs(true_gain) < 0.01 else "helps" if true_gain > 0 else "hurts"
    found = shares(true_gain, seeds, spread=spread)
    wrong = sum(share for name, share in found.items() if name not in ("undecided", truth))
    assert wrong <= 0.025 + 3 * math.sqrt(0.025 * 0.975 / REPETITIONS)  # one side of 95 %, and the simulation's chance


@SEEDS
def test_the_best_of_three_arms_is_wrong_no_more_often_than_one(seeds):
    random = np.random.default_rng(seeds)
    gains = random.normal(0.0099, 0.02, (REPETITIONS, 3, seeds))  # all just inside the margin
    best = [arms[arms.mean(-1).argmax()] for arms in gains]
    allowed = 0.025 + 3 * math.sqrt(0.025 * 0.975 / REPETITIONS)
    as_one, as_best = (
        np.mean([outcome(interval(row, confidence), 0.01) == "helps" for row in best])
        for confidence in (0.95, 1 - 0.05 / 3)  # Bonferroni: the doubt divided by three
    )
    assert as_one > allowed >= as_best


@SEEDS
def test_outcomes_are_found_where_they_are_plain(seeds):
    assert shares(0.05, seeds, spread=0.005)["helps"] > 0.95
    assert shares(-0.05, seeds, spread=0.005)["hurts"] > 0.95
    assert shares(0.0, seeds, spread=0.002)["no_difference"] > 0.7
    assert shares(0.02, seeds, spread=0.05)["undecided"] > 0.8


@pytest.mark.parametrize(("gain", "spread"), [(0.03, 0.02), (0.025, 0.01), (-0.04, 0.04), (0.0, 0.008), (0.004, 0.01)])
def test_the_seeds_said_to_settle_it_probably_do(gain, spread):
    # three pairs with exactly this mean and this spread
    needed = pairs_to_settle([gain - spread, gain, gain + spread], 0.01)
    settled = 1 - shares(gain, needed, spread=spread)["undecided"]
    assert 0.77 <= settled <= 0.97
    fewer = 1 - shares(gain, max(3, needed // 2), spread=spread)["undecided"]
    assert fewer < 0.77 or needed <= 5, "half as many would have done"


def test_what_no_number_of_seeds_would_settle_is_said_to_be_so():
    assert pairs_to_settle([0.01, 0.03, -0.01], 0.01) is None, "the gain is the margin itself"
    assert pairs_to_settle([0.02, 0.2, -0.17], 0.01) is None, "beyond what an experiment may have"
    assert pairs_to_settle([0.1], 0.01) == 3, "fewer give no interval"
