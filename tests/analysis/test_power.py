"""The smallest difference that is promised to be seen is seen about as often as promised."""

import numpy as np
import pytest

from tl.analysis.power import ANSWERED_DIFFERENTLY, detectable_difference, sentence


@pytest.mark.parametrize("pictures", [153, 1_000])
def test_the_smallest_difference_is_seen_in_80_percent_of_comparisons(pictures):
    rng, gain = np.random.default_rng(pictures), detectable_difference(pictures)
    shares = [(ANSWERED_DIFFERENTLY + gain) / 2, (ANSWERED_DIFFERENTLY - gain) / 2, 1 - ANSWERED_DIFFERENTLY]
    better, worse, _ = rng.multinomial(pictures, shares, size=4_000).T
    mean = (better - worse) / pictures
    error = np.sqrt(((better + worse) / pictures - mean**2) / pictures)
    assert 0.75 < (mean - 1.96 * error > 0).mean() < 0.90


@pytest.mark.parametrize(
    ("pictures", "words"),
    [
        (153, "With 153 test pictures only differences above about 9 points can be told from chance."),
        (10_000, "With 10,000 test pictures only differences above about 1.1 points can be told from chance."),
        (11_760, "With 11,760 test pictures only differences above about 1.0 point can be told from chance."),
        (2, "With 2 test pictures only differences above about 77 points can be told from chance."),
        (1, "With 1 test picture no difference can be told from chance."),
    ],
)
def test_it_is_said_in_words(pictures, words):
    assert sentence(pictures) == words


def test_no_pictures_show_nothing():
    with pytest.raises(ValueError, match="test_pictures is 0"):
        detectable_difference(0)
