"""Looking more than once: how sure each look is, and what would settle an open outcome."""

import math

import numpy as np
import pytest

from tests.benchmarks.simulated import anytime_factor, t_false_alarms
from tests.benchmarks.simulated_looks import MIXTURES, mixture_false_alarms
from tl.analysis import looks
from tl.analysis.certainty import gain_interval
from tl.analysis.looks import (
    confidence_of,
    limit_half_width,
    pictures_to_settle,
    resplit_limit_half_width,
    resplits_to_settle,
    seeds_to_settle,
)
from tl.config import PLANNED_LOOKS


def sides(gain: float, seeds: int, pictures: int, changing: float, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Arm and baseline: the arm wins `gain` of the pictures, and of all answers some change from seed to seed."""
    random = np.random.default_rng(seed)
    baseline = np.tile(np.arange(pictures) % 10 < 7, (seeds, 1)).astype(float)
    arm = np.where(np.arange(pictures) < round(gain * pictures * 10 / 3), 1.0, baseline)
    return tuple(np.where(random.random(side.shape) < changing, 1 - side, side) for side in (arm, baseline))


def test_the_first_look_is_at_96_percent_and_later_ones_are_stricter():
    confidences = [confidence_of(look) for look in range(1, 10)]
    assert confidences[0] == pytest.approx(0.96)
    assert confidences == sorted(confidences) and confidences[-1] < 1
    assert confidence_of(1, 5) == pytest.approx(1 - 0.04 / 5)
    with pytest.raises(ValueError, match="look is 0"):
        confidence_of(0)


@pytest.mark.parametrize(
    "numbers", [(3, 5, 10, 20), (4, 5, 10, 20), (7, 10, 20), (3, 20), tuple(range(3, 21))], ids=str
)
@pytest.mark.parametrize("arms", [1, 5])
def test_all_looks_together_err_in_at_most_5_percent(numbers, arms):
    random = np.random.default_rng(arms)
    assert t_false_alarms(random, looks=numbers, arms=arms, repeats=10_000) < 0.05
    assert t_false_alarms(random, looks=numbers, arms=arms, repeats=2000, planned=False) > (0.07 if arms == 1 else 0.1)


@pytest.mark.parametrize("numbers", [PLANNED_LOOKS, tuple(range(3, 21))], ids=str)
@pytest.mark.parametrize("mixture", MIXTURES, ids=lambda mixture: mixture.name)
def test_whatever_is_in_doubt_all_looks_together_err_in_at_most_5_percent(mixture, numbers):
    wrong, naive, widths = mixture_false_alarms(mixture, np.random.default_rng(1), looks=numbers, repeats=10_000)
    assert 0.01 < wrong < 0.05 and wrong < naive
    if numbers == PLANNED_LOOKS:
        assert widths == sorted(widths, reverse=True)  # more seeds never make a planned look wider


def test_pictures_do_not_pay_for_looking_again():
    arm, baseline = sides(0.05, 3, 200, 0.0)
    first = gain_interval(arm, baseline, look=1)
    for look, seeds in enumerate(PLANNED_LOOKS, start=1):
        more = [np.tile(side[:1], (seeds, 1)) for side in (arm, baseline)]
        found = gain_interval(*more, look=look)
        assert (found.low, found.high) == pytest.approx((first.low, first.high))
        assert limit_half_width(*more) == pytest.approx((first.high - first.low) / 2)


def test_planned_looks_are_narrower_than_any_number_of_looks_would_be():
    for look, seeds in enumerate(PLANNED_LOOKS, start=1):
        planned = looks.stdtrit(seeds - 1, 0.5 + confidence_of(look) / 2)
        assert planned < anytime_factor(seeds)


def test_pictures_leave_a_width_that_seeds_cannot_take_away():
    arm, baseline = sides(0.05, 5, 200, 0.1)
    limit = limit_half_width(arm, baseline)
    found = gain_interval(arm, baseline)
    assert 0.02 < limit < (found.high - found.low) / 2
    assert resplit_limit_half_width(0.05, test_pictures=60, train_pictures=240) == pytest.approx(
        2.0537 * 0.05 / 2, abs=1e-4
    )


def test_seeds_settle_what_is_open_for_want_of_seeds():
    random = np.random.default_rng(3)
    luck = random.normal(0, 0.02, (3, 1))
    difficulty = random.random((1, 3000))
    baseline = (difficulty < 0.7).astype(float) * np.ones((3, 1))
    arm = (difficulty < 0.72 + luck).astype(float)
    needed = seeds_to_settle(arm, baseline, 0.001)
    assert needed is None or needed > 3
    assert seeds_to_settle(arm[:2], baseline[:2], 0.001) == 3  # two tell nothing of others
    steady = (difficulty < 0.75 + luck).astype(float)
    assert seeds_to_settle(steady, baseline, 0.001) in (5, 10, 20)
    assert seeds_to_settle(steady, baseline, 0.001, arms=5) >= seeds_to_settle(steady, baseline, 0.001)


def test_no_number_of_seeds_settles_what_is_open_for_want_of_pictures():
    arm, baseline = sides(0.04, 3, 100, 0.0)
    assert seeds_to_settle(arm, baseline, 0.01) is None
    needed = pictures_to_settle(arm, baseline, 0.01)
    assert needed > 200
    assert pictures_to_settle(arm, baseline, 0.01, seeds=math.inf) <= needed
    clusters = np.arange(100) // 2
    assert pictures_to_settle(arm, baseline, 0.01, clusters=clusters) > 100


def test_the_pictures_said_to_settle_it_do_settle_it_about_as_often_as_said():
    """With the number of pictures worked out from one comparison, new ones of that size come out decided."""
    random = np.random.default_rng(8)

    def draw(pictures: int) -> tuple[np.ndarray, np.ndarray]:
        won = random.choice([1.0, -1.0, 0.0], (1, pictures), p=[0.11, 0.04, 0.85])
        return (won > 0) * np.ones((3, 1)), (won < 0) * np.ones((3, 1))

    won = np.r_[np.ones(11), -np.ones(4), np.zeros(85)][None] * np.ones((3, 1))
    needed = pictures_to_settle(won > 0, won < 0, 0.01)
    decided = [gain_interval(*draw(needed)).low > 0.01 for _ in range(200)]
    assert 0.7 < np.mean(decided) < 0.9


def test_new_splits_are_limited_by_their_test_share():
    known = {"test_pictures": 60, "train_pictures": 280}
    assert resplits_to_settle([0.08, 0.14, 0.07, 0.13], 0.01, **known) in (5, 10, 20)
    assert resplits_to_settle([0.02, 0.09, -0.04], 0.01, **known) is None
    assert resplits_to_settle([0.02], 0.01, **known) == 3
