"""Measures of answers: by hand, and against simulation where they say how sure something is."""

import math

import numpy as np
import pytest

from tl.measures import balanced_accuracy, balanced_mean, estimated_accuracy, macro_f1, recalls, standard_error

LABELS = np.array([0, 0, 0, 0, 0, 0, 1, 1, 3])
PREDICTED = np.array([0, 0, 0, 0, 0, 1, 1, 0, 2])


def test_each_class_counts_alike():
    shares = recalls(LABELS, PREDICTED, 4)
    np.testing.assert_allclose(shares, [5 / 6, 1 / 2, math.nan, 0])
    assert balanced_accuracy(LABELS, PREDICTED, 4) == pytest.approx((5 / 6 + 1 / 2 + 0) / 3)
    assert balanced_accuracy(LABELS, PREDICTED, 9) == balanced_accuracy(LABELS, PREDICTED, 4), "more without pictures"


def test_macro_f1_by_hand():
    of_class = [2 * 5 / (6 + 6), 2 * 1 / (2 + 2), 0]  # class 2 has no pictures
    assert macro_f1(LABELS, PREDICTED, 4) == pytest.approx(sum(of_class) / 3)
    assert macro_f1(LABELS, LABELS, 4) == 1


def test_an_estimate_is_the_share_above_the_threshold_of_the_paper():
    """Of the source four of five are right, so the least sure fifth lies below: of the target two of four lie above."""
    sure = lambda *shares: np.repeat([[share, 1 - share] for share in shares], 20, axis=0).astype(np.float16)  # noqa: E731
    source, target = sure(0.9, 0.8, 0.75, 0.7, 0.6), sure(0.95, 0.72, 0.65, 0.55)
    right = np.repeat([True, True, True, True, False], 20)
    labels = np.arange(100) % 2
    assert estimated_accuracy(source, labels, right, target) == 0.5
    assert estimated_accuracy(source, labels, right, source) == 0.8, "of the same pictures it is their accuracy"
    assert estimated_accuracy(source, labels, right, target[:19]) is None
    assert estimated_accuracy(source, labels, np.arange(100) < 65, target) is None, "three standard errors above chance"
    assert estimated_accuracy(source, labels, np.arange(100) < 66, target) is not None


def test_what_has_no_meaning_is_not_a_number():
    none = np.empty(0, np.int64)
    assert math.isnan(balanced_accuracy(none, none, 3)) and math.isnan(macro_f1(none, none, 3))
    assert math.isnan(standard_error(np.array([1.0])))
    assert all(map(math.isnan, balanced_mean(np.empty(0), none, 3)))


def test_where_classes_are_even_the_balanced_mean_is_the_mean():
    rng = np.random.default_rng(0)
    labels, values = np.tile(np.arange(4), 50), rng.normal(size=200)
    mean, error = balanced_mean(values, labels, 5)
    assert mean == pytest.approx(values.mean())
    assert error == pytest.approx(standard_error(values), rel=0.05)


def test_one_picture_of_a_class_varies_as_the_others_do():
    labels, values = np.array([0, 0, 0, 1]), np.array([1.0, 2.0, 3.0, 9.0])
    assert balanced_mean(values, labels, 2) == (5.5, pytest.approx(math.sqrt(1 / 3 + 1) / 2))
    assert balanced_mean(values[2:], labels[2:], 2) == (6, pytest.approx(standard_error(values[2:])))


def test_the_error_of_a_balanced_mean_is_how_much_it_varies():
    rng = np.random.default_rng(1)
    labels = np.repeat([0, 1, 2], [80, 15, 5])
    found = [balanced_mean(rng.normal(labels, 1 + labels), labels, 3) for _ in range(2_000)]
    means, errors = np.array(found).T
    assert np.sqrt((errors**2).mean()) == pytest.approx(means.std(), rel=0.05)
