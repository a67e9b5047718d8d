"""How sure networks are, against how often they are right; the temperature that mends it."""

import numpy as np
import pytest

from tests.answers_lab import guesses, softmax, spoken
from tl.analysis.inspection.calibration import (
    PICTURES,
    calibration,
    ece,
    equal_mass,
    fitted_temperature,
    with_temperature,
)


@pytest.mark.parametrize("sharpness", [0.5, 1.0, 3.0])
def test_the_temperature_is_the_one_that_was_wrong(sharpness):
    found = fitted_temperature(guesses(4_000, 5, sharpness=sharpness))
    assert found == pytest.approx(sharpness, rel=0.06)


def test_the_temperature_gives_the_labels_the_highest_likelihood():
    answers = guesses(300, 4, sharpness=2.0)
    found = fitted_temperature(answers)

    def likelihood(temperature: float) -> float:
        shares = with_temperature(answers.probabilities, temperature)
        return float(np.log(shares[np.arange(300), answers.label]).mean())

    assert likelihood(found) > max(likelihood(found * 1.01), likelihood(found / 1.01))


def test_no_temperature_where_nothing_says_how_sure_to_be():
    label = np.arange(40) % 2
    right = np.where(label[:, None] == np.arange(2), 0.9, 0.1)
    assert fitted_temperature(spoken(label, right)) is None  # all right: ever surer
    assert fitted_temperature(spoken(label, 1 - right)) is None  # all wrong: never sure enough of nothing
    found = calibration(spoken(label, right), spoken(label, right))
    assert found.temperature is None and found.after is None
    assert calibration(spoken(label, right), None).temperature is None


def test_a_probability_that_half_precision_makes_0_costs_much_but_not_everything():
    shares = np.tile([1.0, 0.0], (50, 1))
    answers = spoken([0] * 45 + [1] * 5, shares)
    found = calibration(answers, answers)
    assert np.isfinite(found.before.log_likelihood)
    assert found.temperature > 1 and found.after.error == pytest.approx(0, abs=0.01)  # 45 of 50: 90 % sure


def test_a_temperature_changes_no_answer():
    answers = guesses(500, 7, sharpness=2.0)
    for temperature in (0.3, 1.0, 4.0):
        shares = with_temperature(answers.probabilities, temperature)
        assert np.allclose(shares.sum(1), 1)
        picked = np.take_along_axis(shares, answers.predicted[:, None], 1)[:, 0]
        assert np.allclose(picked, shares.max(1))


def test_the_error_is_the_mean_distance_of_the_bins_of_equally_many_pictures():
    sure = np.repeat([0.5, 0.9], 50)
    right = np.arange(100) % 2 == 0  # half of each
    assert ece(sure, right, bins=2) == pytest.approx((0.0 + 0.4) / 2)
    assert ece(sure, right, bins=1) == pytest.approx(0.2)
    assert np.isnan(ece(np.array([]), np.array([], dtype=bool)))


def test_equal_probabilities_are_never_parted():
    sure = np.array([1.0] * 70 + [0.5] * 30)
    parts = equal_mass(sure, bins=10)
    assert [len(part) for part in parts] == [30, 70]


def test_few_pictures_make_few_bins():
    spread = np.linspace(0, 1, 5 * PICTURES)
    assert [len(part) for part in equal_mass(spread)] == [PICTURES] * 5
    assert len(equal_mass(spread[:7])) == 1
    assert len(equal_mass(np.linspace(0, 1, 5_000))) == 15


def test_what_was_too_sure_is_mended_on_other_pictures():
    found = calibration(guesses(3_000, 5, seed=1, sharpness=3.0), guesses(1_000, 5, seed=2, sharpness=3.0))
    assert found.before.error > 0.2 and found.after.error < 0.05
    assert found.after.log_likelihood < found.before.log_likelihood
    assert found.after.brier < found.before.brier
    assert sum(one.pictures for one in found.before.bins) == 3_000


def test_brier_and_likelihood_of_known_answers():
    found = calibration(spoken([0, 1], [[0.8, 0.2], [0.7, 0.3]]), None).before
    assert found.brier == pytest.approx((2 * 0.2**2 + 2 * 0.7**2) / 2)
    assert found.log_likelihood == pytest.approx(-(np.log(0.8) + np.log(0.3)) / 2)


def test_pictures_that_belong_together_count_once_in_a_bins_interval():
    label, shares = [0] * 30, softmax(np.tile([1.0, 0.0], (30, 1)))
    [alone] = calibration(spoken(label, shares), None).before.bins
    [together] = calibration(spoken(label, shares, group=[0] * 15 + [1] * 15), None).before.bins
    assert together.right.low < alone.right.low
    assert together.right.mean == alone.right.mean == 1
