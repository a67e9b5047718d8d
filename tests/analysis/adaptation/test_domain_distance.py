"""How different two sets look: 0 where a classifier can only guess, 2 where it is always right, with an interval."""

import numpy as np
import pytest

from tl.analysis.adaptation.distance import distance
from tl.analysis.adaptation.wording import distance_in_words


def features(seed: int, pictures: int, dimensions: int, shift: float = 0.0) -> np.ndarray:
    return (np.random.default_rng(seed).normal(size=(pictures, dimensions)) + shift).astype(np.float32)


@pytest.mark.parametrize(("pictures", "dimensions"), [(200, 30), (60, 300)])
def test_alike_is_near_nothing_and_apart_is_two(pictures, dimensions):
    alike = distance(features(0, pictures, dimensions), features(1, pictures, dimensions))
    apart = distance(features(0, pictures, dimensions), features(1, pictures, dimensions, 3.0))
    assert alike is not None and alike.low == 0 and alike.value < 0.4
    assert apart is not None and apart.value == 2 and apart.low > 1.8
    assert "very different" in distance_in_words(apart)


def test_the_closed_form_of_two_gaussians_lies_in_the_interval():
    """Shifted by d in one direction the best classifier is right with probability Phi(d / 2)."""
    one, other = features(0, 1500, 4), features(1, 1500, 4)
    other[:, 0] += 2.0
    found, best = distance(one, other), 0.8413
    assert found is not None and found.low < 2 * (2 * best - 1) < found.high
    assert found.high - found.low < 0.15


def test_a_small_set_weighs_as_much_as_a_large_one():
    found = distance(features(0, 1000, 20), features(1, 60, 20))
    assert found is not None and found.value < 0.5, "always naming the larger set is guessing"


def test_of_few_pictures_nothing_is_said():
    assert distance(features(0, 100, 5), features(1, 19, 5)) is None
