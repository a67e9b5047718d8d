"""Numbers as people read them."""

import pytest

from tl.words import mean_count, memory, share


@pytest.mark.parametrize(("number", "text"), [(1.0, "1"), (12.5, "12.5"), (7.6666, "7.7"), (1000.0, "1,000")])
def test_a_mean_of_counts_never_has_an_exponent(number, text):
    assert mean_count(number) == text


@pytest.mark.parametrize(
    ("fraction", "digits", "words"),
    [
        (0.0, 0, "0 %"),
        (0.001, 0, "under 1 %"),
        (0.5, 0, "50 %"),
        (0.995, 0, "over 99 %"),
        (1.0, 0, "100 %"),
        (0.9997, 1, "over 99.9 %"),
        (0.0004, 1, "under 0.1 %"),
        (0.9994, 1, "99.9 %"),
        (None, 1, "not available"),
    ],
)
def test_what_is_not_quite_certain_is_not_called_so(fraction, digits, words):
    assert share(fraction, digits) == words


@pytest.mark.parametrize(
    ("size", "text"), [(9e5, "less than 1 MB"), (1.46e6, "1.5 MB"), (3e6, "3 MB"), (9.96e6, "10 MB"), (14.4e6, "14 MB")]
)
def test_a_small_file_has_its_tenths(size, text):
    assert memory(size) == text
