"""Learning curves against curves whose parameters are known, with noise and without."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tl.analysis.learning_curves import falls_below, first_below, fit, fit_many, weights_of

SIZES = (100, 300, 1000, 3000)


def curve(a: float, b: float, c: float, sizes=SIZES) -> dict[int, list[float]]:
    """Errors without noise, one seed a size."""
    return {size: [a * size**-b + c] for size in sizes}


@pytest.mark.parametrize("truth", [(3.0, 0.5, 0.1), (1.2, 0.2, 0.0), (20.0, 1.0, 0.3), (0.5, 0.05, 0.2)])
def test_a_curve_without_noise_is_found_again(truth):
    found = fit(curve(*truth))
    assert (found.a, found.b, found.c) == pytest.approx(truth, rel=1e-3, abs=1e-4)
    assert max(map(abs, found.residuals.values())) < 1e-5


@pytest.mark.parametrize("sizes", [(), (100,), (100, 300, 1000)])
def test_fewer_than_four_sizes_are_not_fitted(sizes):
    assert fit(curve(3.0, 0.5, 0.1, sizes)) is None


def test_a_size_without_a_run_is_not_counted():
    assert fit(curve(3.0, 0.5, 0.1) | {300: []}) is None


def test_the_truth_is_found_on_average_when_seeds_differ():
    random = np.random.default_rng(0)
    truth = 3.0 * np.array(SIZES) ** -0.5 + 0.1
    _, b, c = fit_many(np.array(SIZES, float), truth + random.normal(0, 0.004, (2000, 4)), np.ones(4))
    assert np.median(b) == pytest.approx(0.5, abs=0.02)
    assert np.median(c) == pytest.approx(0.1, abs=0.005)


def test_a_size_whose_seeds_agree_counts_more():
    wild = curve(3.0, 0.5, 0.1)
    wild = {size: [value - 0.001, value, value + 0.001] for size, (value,) in wild.items()}
    wild[300] = [wild[300][1] + shift for shift in (0.0, 0.08, 0.16)]
    even = {size: [float(np.mean(values))] for size, values in wild.items()}
    assert abs(fit(wild).residuals[300]) > abs(fit(even).residuals[300])


def test_weights_follow_the_variance_and_the_number_of_seeds_but_never_run_away():
    steady, wild = [0.2, 0.2, 0.2], [0.1, 0.2, 0.3]
    few, many = weights_of([wild, wild]), weights_of([wild * 2, wild])
    assert few.tolist() == [1.0, 1.0] and many[0] > many[1]
    ratio = np.divide(*weights_of([steady, wild]))
    assert 1 < ratio < 2
    assert weights_of([[0.1], [0.4]]).tolist() == [1.0, 1.0]


def test_errors_that_grow_give_a_flat_curve_inside_the_bounds():
    found = fit({100: [0.5], 300: [0.5], 1000: [0.55], 3000: [0.6]})
    assert found.a > 0 and found.b > 0 and found.c == pytest.approx(0.5375)


@given(st.lists(st.floats(0, 1), min_size=4, max_size=4))
def test_parameters_stay_inside_their_bounds_whatever_was_measured(errors):
    found = fit({size: [error] for size, error in zip(SIZES, errors)})
    assert found.a > 0 and found.b > 0 and 0 <= found.c < 1


@given(st.lists(st.floats(0, 1), min_size=4, max_size=4), st.floats(0.01, 4), st.floats(0.001, 1), st.floats(0, 0.9))
def test_no_other_curve_inside_the_bounds_fits_better(errors, b, a, c):
    found = fit({size: [error] for size, error in zip(SIZES, errors)})
    sizes = np.array(SIZES)
    own = sum(value**2 for value in found.residuals.values())
    other = np.sum((np.array(errors) - a * (sizes / 500) ** -b - c) ** 2)
    assert own <= other + 1e-6


def test_where_a_curve_comes_down_to_a_limit_is_found_between_sizes():
    sizes = np.array([100.0, 1000.0, 10_000.0])
    values = np.array([[0.4, 0.2, 0.1], [0.4, 0.35, 0.31], [0.2, 0.1, 0.1]])
    assert first_below(sizes, values, 0.3).tolist() == pytest.approx([10**2.5, np.inf, 100.0])


def test_an_advantage_that_first_has_to_rise_does_not_count_as_fallen():
    sizes = np.array([10.0, 100.0, 1000.0, 10_000.0])
    rising = np.array([0.0, 0.2, 0.1, -0.1])
    never = np.array([0.0, 0.01, 0.0, -0.1])
    assert falls_below(sizes, np.stack([rising, never]), 0.05).tolist() == pytest.approx([1000 * 10**0.25, 10.0])
