"""The linear probe by logistic regression: nested stratified subsets, and as good as one that is fitted otherwise."""

import numpy as np
import pytest

from tl.analysis.forecasts import probe
from tl.analysis.forecasts.forecast import DEVIATIONS
from tl.analysis.forecasts.probe import Split, measure, sizes_of


def split(count: int, seed: int, classes: int = 3, dimensions: int = 12) -> Split:
    """Clouds around a centre for each class, uneven in number."""
    random = np.random.default_rng(seed)
    labels = random.choice(classes, count, p=[0.5, 0.3, 0.2])
    labels[: 2 * classes] = np.arange(2 * classes) % classes
    centres = np.random.default_rng(99).normal(size=(classes, dimensions))
    return Split((centres[labels] + 1.5 * random.normal(size=(count, dimensions))).astype(np.float32), labels)


TRAIN, VALIDATION, TEST = split(400, 0), split(200, 1), split(600, 2)


def test_the_error_falls_with_more_pictures_and_comes_near_the_best_there_is():
    found = measure(TRAIN, VALIDATION, TEST)
    assert found.sizes[-1] == 400 == found.pool and len(found.errors[-1]) == 1
    assert {len(values) for values in found.errors[:-1]} == {probe.SUBSETS}
    assert found.means[0] > found.means[-1] + 0.03
    centres = np.array([TRAIN.features[TRAIN.labels == label].mean(0) for label in range(3)])
    shares = np.log([np.mean(TRAIN.labels == label) for label in range(3)])
    distances = ((TEST.features[:, None] - centres) ** 2).sum(-1) / (2 * 1.5**2) - shares
    best = np.mean(distances.argmin(1) != TEST.labels)  # the rule that is best for such clouds
    assert found.means[-1] < best + 0.03


def test_the_covariance_is_that_of_other_test_pictures():
    found = measure(TRAIN, VALIDATION, TEST, sizes=[20, 400])
    error = found.means[-1]
    assert found.covariance[1][1] == pytest.approx(error * (1 - error) / 600, rel=0.01)
    assert 0 < found.covariance[0][1] < found.covariance[1][1] * 1.5


def test_subsets_are_nested_and_hold_every_class_in_its_proportion():
    order = probe._stratified(TRAIN.labels, np.random.default_rng(0))
    assert sorted(order) == list(range(400))
    for size in (6, 40, 200):
        counts = np.bincount(TRAIN.labels[order[:size]], minlength=3)
        assert counts.min() >= probe.PER_CLASS
        if size > 20:
            np.testing.assert_allclose(counts / size, np.bincount(TRAIN.labels) / 400, atol=0.06)
    other = probe._stratified(TRAIN.labels, np.random.default_rng(1))
    assert set(order[:100]) != set(other[:100])


def test_sizes_are_nested_from_what_holds_every_class_to_all():
    assert sizes_of(2400, 5)[0] == 100 and sizes_of(2400, 5)[-1] == 2400
    assert len(sizes_of(2400, 5)) == probe.SIZES
    assert sizes_of(60, 5)[0] == 10
    assert sizes_of(8, 5) == [8]


def test_the_slope_is_that_of_the_loss():
    inputs, labels = TRAIN.features[:50], TRAIN.labels[:50]
    best = probe._regression(inputs, labels, 3, 0.1, np.zeros(13 * 3))
    targets = np.eye(3)[labels]

    def loss(parameters):
        weights = parameters[:-3]
        logs = probe._log_softmax(probe._scores(inputs, parameters, 3).astype(float))
        return -(targets * logs).sum() / 50 + 0.05 * (weights**2).sum()

    random = np.random.default_rng(0)
    for _ in range(5):
        assert loss(best + 0.05 * random.normal(size=best.shape)) > loss(best)


def test_validation_pictures_choose_the_strength(monkeypatch):
    noise = Split(np.random.default_rng(5).normal(size=(60, 12)).astype(np.float32), TRAIN.labels[:60])
    assert probe.best_strength(noise, VALIDATION, 3) > probe.best_strength(TRAIN, VALIDATION, 3)


def test_it_gives_up_where_asked_to():
    def give_up():
        raise InterruptedError

    with pytest.raises(InterruptedError):
        measure(TRAIN, VALIDATION, TEST, before_each=give_up)


def test_a_few_test_pictures_all_right_do_not_show_that_all_ever_are():
    """Wilson's interval of 80 % for 6 of 6 begins at 79 %."""
    classes = np.arange(6) % 2
    easy = Split(np.eye(2)[classes], classes)
    found = measure(easy, easy, easy, sizes=[4, 6])
    assert found.means[-1] == 0
    assert 0.1 < DEVIATIONS * np.sqrt(found.covariance[-1][-1]) < 0.3
