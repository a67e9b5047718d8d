"""Numbers as people type them: what they mean, and what is refused in which words."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tl.config import Refused
from tl.ui.parts.numbers import FIELDS, Number, typed, written

RATE = Number(title="Learning rate", low=1e-7, high=10_000, whole=False, optional=True)
PICTURES = Number(title="Training pictures, of 39,000", low=2, high=39_000, name="Training pictures")


@pytest.mark.parametrize(
    ("text", "number"),
    [
        *((text, 0.001) for text in ("0.001", "0,001", "1e-3", "1E-3", " .001 ", "1,0e-3")),
        *((text, 1.5) for text in ("1.5", "1,5", "+1.5", "1,50")),
        *((text, 1234.5) for text in ("1,234.5", "1.234,5", "1 234,5", "1'234.5", "1_234.5")),
        ("1.000", 1.0),
        ("1,0000", 1.0),
        ("", None),
    ],
)
def test_a_fraction_may_be_written_with_a_point_or_a_comma(text, number):
    assert RATE.value(text) == number


@pytest.mark.parametrize(
    "text", ["1000", "1,000", "1 000", "1\u00a0000", "1\u202f000", "1_000", "1'000", "1e3", "1000.0"]
)
def test_a_whole_number_may_have_its_thousands_parted(text):
    value = PICTURES.value(text)
    assert value == 1000 and type(value) is int


@pytest.mark.parametrize(
    ("number", "text", "said"),
    [
        (RATE, "1,000", "“Learning rate”: 1,000 may mean 1000 or 1; enter one of these."),
        (RATE, "1,234", "“Learning rate”: 1,234 may mean 1234 or 1.234; enter one of these."),
        (PICTURES, "1.000", "“Training pictures”: 1.000 may mean 1000 or 1; enter one of these."),
        (PICTURES, "60000", "“Training pictures” must be a whole number from 2 to 39,000, not 60000."),
        (PICTURES, "0,001", "“Training pictures” must be a whole number from 2 to 39,000, not 0,001."),
        (PICTURES, "", "“Training pictures” is empty; enter a whole number from 2 to 39,000."),
        (RATE, "-1", "“Learning rate” must be a number from 1e-7 to 10,000, not -1."),
        *(
            (RATE, text, f"“Learning rate” must be a number from 1e-7 to 10,000, not {text}.")
            for text in ("a", "nan", "inf")
        ),
        *(
            (RATE, text, f"“Learning rate” must be a number from 1e-7 to 10,000, not {text}.")
            for text in ("1e999", "1,2,3", "0x1")
        ),
    ],
)
def test_what_can_not_be_or_can_be_two_things_is_refused_in_one_sentence(number, text, said):
    with pytest.raises(Refused) as refused:
        number.value(text)
    assert str(refused.value) == said


@given(st.text(max_size=40))
def test_whatever_is_typed_is_a_number_within_bounds_or_refused(text):
    for asked in (RATE, PICTURES):
        try:
            value = asked.value(text)
        except Refused:
            continue
        assert value is None or asked.low <= value <= asked.high


@given(st.one_of(st.integers(2, 39_000), st.floats(1e-7, 10_000)))
def test_what_a_field_shows_means_the_number_it_shows(number):
    asked = PICTURES if isinstance(number, int) else RATE
    assert asked.value(written(number)) == number


def test_what_a_program_put_into_the_form_is_taken_as_it_is():
    state = {FIELDS: {"rate": RATE}, "rate": "0,5", "epochs": 7, "name": "sgd"}
    assert [typed(state, key) for key in ("rate", "epochs", "name")] == [0.5, 7, "sgd"]
