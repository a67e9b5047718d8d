"""What a test set of some size can show at all, said before anything trains. Needs no numpy."""

import math

from tl.languages import plural, say
from tl.words import number_of

CONFIDENT, POWERFUL = 1.96, 0.84  # standard normal quantiles: 95 % both sides, 80 % power
ANSWERED_DIFFERENTLY = 0.15  # assumed share of test pictures of which one arm is right and the other wrong


def detectable_difference(test_pictures: int) -> float:
    """The smallest difference of two accuracies (0..1) that so many test pictures show with 80 % power at 95 %.

    The variance of a paired difference of answers is at most the share of pictures that the two arms answer
    differently (McNemar); seeds are not counted. Raises ValueError for no pictures.
    """
    if test_pictures < 1:
        raise ValueError(f"test_pictures is {test_pictures}; it must be at least 1")  # not shown
    return (CONFIDENT + POWERFUL) * math.sqrt(ANSWERED_DIFFERENTLY / test_pictures)


def sentence(test_pictures: int) -> str:
    """The same in words: "With 153 test pictures only differences above about 9 points can be told from chance."."""
    pictures = number_of(test_pictures, "test picture")  # not shown
    points = 100 * detectable_difference(test_pictures)
    if points >= 100:
        return say("With {pictures} no difference can be told from chance.", pictures=pictures)
    rounded = f"{points:.0f}" if points >= 2 else f"{points:.1f}"
    return plural(
        "With {pictures} only differences above about {points} point can be told from chance.",
        "With {pictures} only differences above about {points} points can be told from chance.",
        float(rounded),
        pictures=pictures,
        points=rounded,
    )
