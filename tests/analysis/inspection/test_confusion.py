"""What is taken for what, class by class; which pictures one arm fixes and breaks; mistakes; all at once for many pictures."""

import sys

import numpy as np
import pytest

from tests.answers_lab import guesses, spoken
from tests.verdict_lab import answers
from tl.analysis.certainty import gain_interval
from tl.analysis.inspection.calibration import calibration
from tl.analysis.inspection.confusion import class_scores, confusion, most_confused
from tl.analysis.inspection.difference import difference, over_seeds
from tl.analysis.inspection.mistakes import hardest, worst_mistakes
from tl.store.predictions import Answers


def told(label, predicted, *, picture=None, group=None) -> Answers:
    places = np.arange(len(label)) if picture is None else np.asarray(picture)
    alone = np.full(len(label), -1) if group is None else np.asarray(group)
    return Answers(picture=places, label=np.asarray(label), predicted=np.asarray(predicted), group=alone)


def test_a_row_of_the_confusion_is_a_label_and_a_column_an_answer():
    found = confusion(told([0, 0, 1, 1, 1], [0, 2, 2, 2, 1]), 3)
    assert found.tolist() == [[1, 0, 1], [0, 1, 2], [0, 0, 0]]


def test_a_class_has_recall_precision_and_support_with_intervals():
    rose, tulip, daisy = class_scores(told([0] * 10 + [1] * 5, [0] * 8 + [1] * 2 + [1] * 5), 3)
    assert (rose.pictures, rose.answers, tulip.answers) == (10, 8, 7)
    assert (rose.recall.mean, rose.precision.mean) == (0.8, 1.0)
    assert tulip.precision.mean == pytest.approx(5 / 7)
    assert rose.recall.low == pytest.approx(0.490, abs=0.001) and rose.recall.high == pytest.approx(0.943, abs=0.001)
    assert daisy.recall is None and daisy.precision is None and daisy.pictures == 0


def test_pictures_that_belong_together_count_once_in_the_intervals():
    answered = ([0] * 12, [0] * 6 + [1] * 6)
    alone, together = (class_scores(told(*answered, group=group), 2)[0] for group in (None, [0] * 6 + [1] * 6))
    assert alone.recall.mean == together.recall.mean == 0.5
    assert together.recall.low < alone.recall.low


def test_the_most_confused_classes_stay_in_label_order():
    counts = np.diag([9, 9, 9, 9])
    counts[3, 1], counts[0, 2] = 5, 1
    assert most_confused([counts], 2).tolist() == [1, 3]
    assert most_confused([counts, counts], 9).tolist() == [0, 1, 2, 3]


def test_fixed_is_what_the_other_had_wrong_and_broken_what_it_had_right():
    other, arm = answers([1, 1, 0, 0, 0, 1]), answers([1, 0, 1, 1, 0, 1])
    found = difference(arm, other)
    assert np.flatnonzero(found.fixed).tolist() == [2, 3] and np.flatnonzero(found.broken).tolist() == [1]
    assert np.flatnonzero(found.both_right).tolist() == [0, 5] and np.flatnonzero(found.both_wrong).tolist() == [4]
    assert found.net.mean == pytest.approx(1) and found.pictures == 6
    back = difference(other, arm)
    assert back.net.mean == pytest.approx(-1) and back.net.low == pytest.approx(-found.net.high)


def test_the_interval_of_the_difference_is_the_paired_one_and_keeps_groups_together():
    rng = np.random.default_rng(0)
    arm, other = rng.random(200) < 0.8, rng.random(200) < 0.7
    alone = difference(answers(arm), answers(other)).net
    expected = gain_interval(arm[None], other[None], confidence=0.95)
    assert (alone.low, alone.high) == pytest.approx((200 * expected.low, 200 * expected.high))
    group = np.arange(200) // 20
    groups = difference(answers(np.sort(arm), group=group), answers(np.sort(other)[::-1], group=group)).net
    single = difference(answers(np.sort(arm)), answers(np.sort(other)[::-1])).net
    assert groups.high - groups.low > 2 * (single.high - single.low)


def test_other_pictures_can_not_be_compared():
    assert difference(answers([1, 0]), answers([1, 0], pictures=[0, 2])) is None
    pair = (answers([1, 0]), answers([1, 0], pictures=[0, 2]))
    assert over_seeds([pair, pair], 100) is None


def test_over_seeds_each_has_its_counts_and_all_an_interval():
    rng = np.random.default_rng(1)
    pairs = [(answers(rng.random(100) < 0.9), answers(rng.random(100) < 0.6)) for _ in range(3)]
    found = over_seeds(pairs, None)
    single = [difference(*pair) for pair in pairs]
    assert found.fixed == tuple(int(each.fixed.sum()) for each in single)
    assert found.net.mean == pytest.approx(np.mean([each.net.mean for each in single]))
    assert found.net.low < found.net.mean < found.net.high
    assert over_seeds(pairs[:1], None) is None


def test_splits_of_their_own_need_the_number_of_training_pictures_from_three_seeds_on():
    rng = np.random.default_rng(2)
    places = [np.arange(100) + 100 * seed for seed in range(3)]
    pairs = [
        (answers(rng.random(100) < 0.9, pictures=own), answers(rng.random(100) < 0.6, pictures=own)) for own in places
    ]
    assert over_seeds(pairs, None).net.low is None
    assert over_seeds(pairs, 400).net.low < over_seeds(pairs, 10_000).net.low
    assert over_seeds(pairs[:2], None).net.low is not None


def test_the_worst_mistake_is_the_one_it_was_surest_of():
    shares = [[0.4, 0.6, 0], [0.1, 0.9, 0], [0.9, 0.1, 0], [0.05, 0.9, 0.05]]
    assert worst_mistakes(spoken([0, 0, 0, 0], shares)).tolist() == [3, 1, 0]


def test_the_hardest_pictures_are_wrong_in_most_networks():
    label = [0, 1, 2, 0]
    found = hardest([told(label, [0, 2, 1, 1]), told(label, [0, 2, 1, 0]), told(label, [0, 0, 2, 0])], 3)
    assert found.picture.tolist() == [1, 2, 3]
    assert found.wrong.tolist() == [3, 2, 1] and found.asked.tolist() == [3, 3, 3]
    assert found.taken_for.tolist() == [2, 1, 1] and found.label.tolist() == [1, 2, 0]


def test_a_picture_that_few_were_asked_about_comes_before_one_that_many_got_right():
    first, second = told([0, 0], [1, 0], picture=[7, 5]), told([0, 0], [1, 0], picture=[5, 6])
    found = hardest([first, second], 2)
    assert found.picture.tolist() == [7, 5] and found.asked.tolist() == [1, 2]


def test_nothing_is_done_picture_by_picture():
    """Ten times the pictures, 100 classes: not one more call."""

    def calls(pictures: int) -> int:
        arm, other = guesses(pictures, 100, seed=1), guesses(pictures, 100, seed=2, sharpness=2.0)
        number = 0

        def count(_frame, event, _argument):
            nonlocal number
            number += event in ("call", "c_call")

        sys.setprofile(count)
        try:
            confusion(arm, 100)
            class_scores(arm, 100)
            difference(arm, other)
            worst_mistakes(arm)
            hardest([arm, other], 100)
            calibration(arm, other)
        finally:
            sys.setprofile(None)
        return number

    calls(500)  # what is looked up once
    assert calls(5_000) < calls(500) + 500
