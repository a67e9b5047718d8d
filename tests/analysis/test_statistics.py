"""Intervals against numbers worked out by hand and against simulation."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tl.analysis.statistics import interval, outcome, probability_better, ratio


def test_the_interval_is_students():
    # mean 0.14, sd 0.02, n 3: t(2, 0.975) = 4.302653, so the half width is 4.302653 * 0.02 / sqrt(3) = 0.049683
    found = interval([0.12, 0.14, 0.16])
    assert found["mean"] == pytest.approx(0.14)
    assert found["low"] == pytest.approx(0.14 - 0.049683, abs=1e-6)
    assert found["high"] == pytest.approx(0.14 + 0.049683, abs=1e-6)


@pytest.mark.parametrize("values", [[0.1], [0.1, 0.3]])
def test_below_three_pairs_there_is_no_interval(values):
    assert interval(values) == {"mean": pytest.approx(sum(values) / len(values)), "low": None, "high": None}


def test_nothing_measured_is_nothing_found():
    assert interval([]) is None
    assert probability_better([]) is None
    assert ratio([], []) is None


def test_a_tie_counts_half():
    assert probability_better([0.1, -0.1, 0.0, 0.2]) == pytest.approx(2.5 / 4)


def test_the_ratio_is_a_geometric_mean():
    # twice and eight times: geometric mean 4
    assert ratio([2.0, 8.0], [1.0, 1.0]) == {"ratio": pytest.approx(4.0), "low": None, "high": None}
    three = ratio([2.0, 4.0, 8.0], [1.0, 1.0, 1.0])
    half = 4.302653 * math.log(2) / math.sqrt(3)  # the logarithms are 1, 2 and 3 times log 2, their sd is log 2
    assert three["low"] == pytest.approx(4 * math.exp(-half), rel=1e-5)
    assert three["high"] == pytest.approx(4 * math.exp(half), rel=1e-5)


def test_what_is_zero_has_no_ratio():
    assert ratio([0.0, 3.0], [1.0, 1.0])["ratio"] == pytest.approx(3.0)
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
    assert outcome({"mean": 0.0, "low": low, "high": high}, 0.01) == expected


@given(st.lists(st.floats(-1, 1), min_size=3, max_size=20))
def test_the_mean_lies_inside_its_interval(values):
    found = interval(values)
    assert found["low"] <= found["mean"] <= found["high"]


@given(st.lists(st.floats(-1, 1), min_size=3, max_size=20))
def test_swapping_the_sides_mirrors_gain_and_outcome(values):
    gain, mirrored = interval(values), interval([-value for value in values])
    assert mirrored["mean"] == pytest.approx(-gain["mean"])
    assert mirrored["low"] == pytest.approx(-gain["high"])
    swapped = {"helps": "hurts", "hurts": "helps"}
    assert outcome(mirrored, 0.01) == swapped.get(outcome(gain, 0.01), outcome(gain, 0.01))


@pytest.mark.parametrize("seeds", [3, 5, 10])
def test_intervals_cover_the_true_gain_as_often_as_they_say(seeds):
    gains = np.random.default_rng(seeds).normal(0.05, 0.02, (2000, seeds))
    found = [interval(row) for row in gains]
    covered = np.mean([entry["low"] <= 0.05 <= entry["high"] for entry in found])
    assert 0.93 <= covered <= 0.97
