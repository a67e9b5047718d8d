"""Numbers as people read them."""

import pytest

from tl.words import mean_count


@pytest.mark.parametrize(("number", "text"), [(1.0, "1"), (12.5, "12.5"), (7.6666, "7.7"), (1000.0, "1,000")])
def test_a_mean_of_counts_never_has_an_exponent(number, text):
    assert mean_count(number) == text
