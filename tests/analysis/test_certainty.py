"""Intervals for new pictures: what they are, where they end, and that none claims to know all."""

import numpy as np
import pytest
from scipy.special import stdtrit

from tl.analysis import statistics
from tl.analysis.certainty import (
    gain_interval,
    of_seeds,
    resampled_interval,
    resampled_share,
    share_interval,
    splits_interval,
    splits_share,
    wilson,
)
from tl.analysis.crossed import linearised, spread
from tl.analysis.results import Interval


def answers(accuracy: float, seeds: int, pictures: int, seed: int = 0) -> np.ndarray:
    return (np.random.default_rng(seed).random((seeds, pictures)) < accuracy).astype(float)


def alike(accuracy: float, seeds: int, pictures: int, seed: int) -> np.ndarray:
    """Networks that all answer alike: the pictures alone make the doubt."""
    return np.tile(answers(accuracy, 1, pictures, seed), (seeds, 1))


@pytest.mark.parametrize("seeds", [1, 2, 3, 10])
def test_no_or_one_disagreement_in_45_pictures_is_no_proof(seeds):
    none = np.zeros((seeds, 45))
    one = none.copy()
    one[:, 0] = 1
    equal, better = gain_interval(none, none, confidence=0.95), gain_interval(one, none, confidence=0.95)
    assert equal.low < -0.035 and equal.high > 0.035  # 4 points: the true gain may be that of one or two pictures
    assert better.low < 0 < 0.06 < better.high
    assert better.mean == pytest.approx(1 / 45)


def test_more_networks_on_the_same_pictures_leave_the_pictures_doubt():
    pictures = np.r_[np.ones(10), -np.ones(5), np.zeros(60)]
    widths = []
    for seeds in (3, 30):
        arm = np.tile(pictures > 0, (seeds, 1)).astype(float)
        found = gain_interval(arm, np.tile(pictures < 0, (seeds, 1)).astype(float), confidence=0.95)
        widths.append(found.high - found.low)
    assert widths[1] == pytest.approx(widths[0], rel=0.01)  # 15 pictures decide, whatever the number of networks


@pytest.mark.parametrize(("seeds", "basis"), [(1, "these_networks"), (2, "these_networks"), (3, "new_pictures")])
def test_fewer_than_three_seeds_speak_for_these_networks_only(seeds, basis):
    arm, baseline = answers(0.9, seeds, 60, 1), answers(0.5, seeds, 60, 2)
    found = gain_interval(arm, baseline, confidence=0.95)
    assert found.basis == basis == share_interval(arm, confidence=0.95).basis
    assert found.low < found.mean < found.high


def test_one_network_each_gives_the_interval_of_matched_pairs():
    arm, baseline = answers(0.8, 1, 500, 1), answers(0.7, 1, 500, 2)
    difference = (arm - baseline)[0]
    found = gain_interval(arm, baseline, confidence=0.95)
    half = 1.9647 * difference.std(ddof=1) / np.sqrt(500)
    assert (found.low, found.high) == pytest.approx((difference.mean() - half, difference.mean() + half), rel=1e-3)


def test_mean_squares_are_those_of_a_two_way_layout():
    values = np.array([[1.0, 2, 4], [3, 2, 7]])
    found = spread(values)
    assert float(found.networks) == pytest.approx(1.5 * (12 / 3 - 7 / 3) ** 2)
    assert float(found.pictures) == pytest.approx(2 * np.var([2, 2, 5.5], ddof=1))
    rest = values - values.mean(1, keepdims=True) - values.mean(0) + values.mean()
    assert float(found.rest) == pytest.approx((rest**2).sum() / 2)


def test_copies_of_pictures_add_nothing_where_they_are_known_to_belong_together():
    arm, baseline = alike(0.8, 5, 60, 1), alike(0.6, 5, 60, 2)
    copied = [np.tile(side, 4) for side in (arm, baseline)]
    alone = gain_interval(arm, baseline, confidence=0.95)
    together = gain_interval(*copied, confidence=0.95, clusters=np.tile(np.arange(60), 4))
    naive = gain_interval(*copied, confidence=0.95, clusters=np.full(240, -1))
    assert (together.low, together.high) == pytest.approx((alone.low, alone.high))
    assert naive.high - naive.low < 0.6 * (alone.high - alone.low)


def test_balanced_gain_is_the_mean_over_classes():
    classes = np.repeat([3, 7], [40, 8])
    arm, baseline = np.ones((3, 48)), np.ones((3, 48))
    baseline[:, [0, 1, 2, 3, 44, 45, 46]] = 0
    difference = arm - baseline
    expected = (difference[:, :40].mean() + difference[:, 40:].mean()) / 2
    found = gain_interval(arm, baseline, confidence=0.95, classes=classes)
    assert found.mean == pytest.approx(expected)
    plain = gain_interval(arm, baseline, confidence=0.95)
    assert found.high - found.low > 1.2 * (plain.high - plain.low)  # eight pictures make up half of it
    each = [difference[:, places].mean(1) for places in (slice(0, 40), slice(40, 48))]
    assert linearised(difference, None, classes).mean(1) == pytest.approx(np.mean(each, axis=0))


def test_no_disagreement_proves_less_where_few_pictures_count_for_more():
    """The picture that might have been won and lost counts by the mean square of the pictures' weights."""
    same = np.ones((3, 50))
    even, uneven = np.repeat([0, 1], [25, 25]), np.repeat([0, 1], [45, 5])
    plain = gain_interval(same, same, confidence=0.95)
    widths = [gain_interval(same, same, confidence=0.95, classes=classes).high for classes in (even, uneven)]
    assert widths[0] == pytest.approx(plain.high) and plain.high > 0
    assert widths[1] / widths[0] == pytest.approx(np.sqrt(50 * (1 / 45 + 1 / 5) / 4))


def test_classes_of_one_size_are_judged_like_accuracy():
    classes = np.tile([0, 1, 2], 100)
    arm, baseline = answers(0.8, 5, 300, 1), answers(0.7, 5, 300, 2)
    found, plain = (gain_interval(arm, baseline, confidence=0.95, classes=given) for given in (classes, None))
    assert (found.low, found.high) == pytest.approx((plain.low, plain.high), abs=0.002)


def test_nothing_goes_beyond_what_is_possible():
    right, wrong = np.ones((3, 4)), np.zeros((3, 4))
    found = gain_interval(right, wrong, confidence=0.99)
    assert found.mean == 1 == found.high and -1 <= found.low < 1
    assert share_interval(right, confidence=0.95).high == 1
    assert share_interval(wrong, confidence=0.95).low == 0
    assert of_seeds([0.99, 0.9, 1.0], 0.95, bounds=(0, 1)).high == 1


def test_all_right_is_held_to_the_number_of_pictures_however_many_networks():
    few, many = (share_interval(np.ones((seeds, 45)), confidence=0.95) for seeds in (3, 10))
    assert few == many
    assert few.low == pytest.approx(wilson(45, 45, 0.95).low, abs=0.005)


def test_wilson_is_the_textbooks():
    found = wilson(3, 4, 0.95)
    assert (found.low, found.high) == pytest.approx((0.3006, 0.9544), abs=1e-4)
    assert wilson(0, 0, 0.95) is None


def test_one_picture_has_a_gain_but_no_interval():
    assert gain_interval([[1], [1], [1]], [[0], [0], [0]], confidence=0.95) == Interval(1.0, None, None, "none")


def test_different_pictures_are_refused():
    with pytest.raises(ValueError, match=r"\(3, 4\) and \(3, 5\)"):
        gain_interval(np.ones((3, 4)), np.ones((3, 5)), confidence=0.95)


def test_seeds_alone_are_said_to_hold_for_these_pictures():
    found = of_seeds([0.1, 0.2, 0.3], 0.95)
    assert found.basis == "these_pictures"
    assert (found.low, found.high) == pytest.approx((0.2 - 0.2484, 0.2 + 0.2484), abs=1e-4)
    assert of_seeds([0.1, 0.2], 0.95) == Interval(pytest.approx(0.15), None, None, "none")
    assert of_seeds([], 0.95) is None
    same = of_seeds([0.1, 0.1, 0.1], 0.95, pictures=45)
    assert same.high - same.low > 0.05


def test_new_splits_count_the_training_pictures_too():
    gains = [0.10, 0.14, 0.06, 0.12, 0.08]
    found = resampled_interval(gains, test_pictures=60, train_pictures=280, confidence=0.95)
    half = 2.7764 * np.sqrt((1 / 5 + 60 / 280) * np.var(gains, ddof=1))
    assert (found.low, found.high) == pytest.approx((0.1 - half, 0.1 + half), abs=1e-4)
    assert found.basis == "new_training"
    same = resampled_interval([0.1] * 3, test_pictures=60, train_pictures=280, confidence=0.95)
    assert same.high - same.low > 0.05
    assert resampled_interval([0.1] * 2, test_pictures=60, train_pictures=280, confidence=0.95).low is None
    assert resampled_interval([], test_pictures=60, train_pictures=280, confidence=0.95) is None


@pytest.mark.parametrize(
    ("ends", "outcome"),
    [((0.02, 0.1), "helps"), ((-0.1, -0.02), "hurts"), ((-0.009, 0.01), "no_difference"), ((0.0, 0.1), "undecided")],
)
def test_the_outcome_is_where_the_interval_lies(ends, outcome):
    assert statistics.outcome(Interval(sum(ends) / 2, *ends, "new_pictures"), 0.01) == outcome
    assert statistics.outcome(Interval(0.2, None, None, "none"), 0.01) == statistics.outcome(None, 0.01) == "undecided"


def test_what_other_seeds_would_move_is_judged_by_the_look_the_rest_as_at_the_first():
    arm, baseline = answers(0.8, 5, 300, 1), answers(0.7, 5, 300, 2)
    found = gain_interval(arm, baseline, confidence=0.96)
    assert gain_interval(arm, baseline) == found  # one look, one arm
    parts = spread(arm - baseline)
    again = gain_interval(arm, baseline, look=2, arms=3)
    assert (again.high - again.low) / 2 > (found.high - found.low) / 2
    shared, anew = (1 - doubt / 3 / 2 for doubt in (0.04, 0.006))
    squares = stdtrit(299, shared) ** 2 * parts.of_pictures() + stdtrit(4, anew) ** 2 * parts.of_seeds()
    assert (again.high - again.low) / 2 == pytest.approx(float(squares) ** 0.5)


def test_new_splits_and_seeds_alone_pay_for_looking_again_too():
    gains = [0.10, 0.14, 0.06, 0.12, 0.08]
    variance, share = float(np.var(gains, ddof=1)), 60 / 280
    first, second = stdtrit(4, 0.98), stdtrit(4, 0.997)  # 96 % and 99.4 %
    found = resampled_interval(gains, test_pictures=60, train_pictures=280, look=2)
    half = (variance * (second**2 / 5 + first**2 * share)) ** 0.5
    assert (found.high - found.low) / 2 == pytest.approx(half)
    alone = of_seeds(gains, look=2)
    assert (alone.high - alone.low) / 2 == pytest.approx(second * (variance / 5) ** 0.5)
    assert of_seeds(gains, look=2, arms=4).low < alone.low


def test_the_same_split_twice_says_no_more_than_once():
    arm, baseline = answers(0.8, 1, 90, 1), answers(0.6, 1, 90, 2)
    once = gain_interval(arm, baseline, confidence=0.95)
    twice = splits_interval([arm[0]] * 2, [baseline[0]] * 2, confidence=0.95)
    assert (twice.low, twice.high, twice.basis) == (pytest.approx(once.low), pytest.approx(once.high), "these_networks")
    share = splits_share([arm[0]] * 2, confidence=0.95)
    alone = share_interval(arm, confidence=0.95)
    assert (share.low, share.high) == pytest.approx((alone.low, alone.high))


def test_splits_of_different_sizes_clusters_and_classes():
    arm, baseline = [np.ones(40), np.ones(60)], [np.ones(40), np.r_[np.zeros(6), np.ones(54)]]
    found = splits_interval(arm, baseline, confidence=0.95)
    assert found.mean == pytest.approx(0.05) and -0.05 < found.low < 0.05 < found.high < 0.15
    pairs = [np.repeat(np.arange(count // 2), 2) for count in (40, 60)]
    together = splits_interval(arm, baseline, confidence=0.95, clusters=pairs)
    assert together.high - together.low > 1.05 * (found.high - found.low)
    classes = [np.r_[np.zeros(10), np.ones(30)], np.r_[np.zeros(10), np.ones(50)]]
    balanced = splits_interval(arm, baseline, confidence=0.95, classes=classes)
    assert balanced.mean == pytest.approx(0.6 / 2 / 2)
    assert splits_share(arm, confidence=0.95).high == 1
    assert splits_interval([], [], confidence=0.95) is None is splits_share([], confidence=0.95)
    assert splits_interval([[1]], [[0]], confidence=0.95).low is None
    with pytest.raises(ValueError, match="must be of the same"):
        splits_interval(arm, baseline[::-1], confidence=0.95)


def test_an_arms_own_accuracy_over_new_splits_stays_within_what_is_possible():
    known = {"test_pictures": 60, "train_pictures": 280, "confidence": 0.95}
    high = resampled_share([0.99, 0.97, 1.0], **known)
    assert 0.75 < high.low < high.mean < high.high <= 1 and high.basis == "new_training"
    all_right = resampled_share([1.0, 1.0, 1.0], **known)
    assert 0.7 < all_right.low < 0.96 and all_right.high == 1
    accuracies = [0.60, 0.41, 0.52, 0.44, 0.57, 0.50, 0.38, 0.55, 0.59, 0.46]
    middle, plain = resampled_share(accuracies, **known), resampled_interval(accuracies, **known)
    assert middle.high - middle.low == pytest.approx(plain.high - plain.low, rel=0.15)
    assert resampled_share([0.5, 0.6], **known).low is None and resampled_share([], **known) is None
