"""Numbers as people type them: read without guessing, held against their bounds, refused in one sentence. No streamlit.

A browser's own number field never sends what is out of bounds, and takes "0,001" for 1: whoever then clicks on Start
starts something else than what is on the screen. So numbers are typed as text, and read when they are used.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tl.config import refusal
from tl.languages import say
from tl.words import count, plain, short

FIELDS = "number_fields"  # in the session: key of a field -> its Number as it was drawn last
LONGEST = 40  # characters
_SPACED = re.compile(r"(?<=[0-9])[ _'’](?=[0-9]{3}(?![0-9]))")  # between thousands
_GROUPED = re.compile(r"[+-]?[1-9][0-9]{0,2}([,.])[0-9]{3}(?:\1[0-9]{3})*(?:(?!\1)[,.][0-9]*)?")  # "1,000", "1.234,5"
_PLAIN = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)(e[+-]?[0-9]{1,3})?", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class Number:
    """A number that is asked for."""

    title: str  # above the field
    low: float  # smallest value
    high: float  # largest value
    whole: bool = True
    optional: bool = False  # may be left empty
    name: str = ""  # in sentences; else the title

    def value(self, typed: str) -> float | None:
        """What was typed, an int where `whole`; None where it is left empty and may be.

        Raises Refused with one sentence that names the field, what was typed and the bounds.
        """
        text = plain(typed)
        if not text and self.optional:
            return None
        if not text:
            raise refusal("{field} is empty; enter {bounds}.", field=self.called, bounds=self.bounds)
        readings = read(text, self.whole)
        if len(readings) > 1:
            one, other = map(short, readings)
            raise refusal(
                "{field}: {typed} may mean {one} or {other}; enter one of these.",
                field=self.called,
                typed=text,
                one=one,
                other=other,
            )
        fits = [number for number in readings if self.low <= number <= self.high]
        if not fits or (self.whole and not fits[0].is_integer()):
            raise refusal("{field} must be {bounds}, not {typed}.", field=self.called, bounds=self.bounds, typed=text)
        return int(fits[0]) if self.whole else fits[0]

    @property
    def called(self) -> str:
        """The field in a sentence."""
        return f"“{say(self.name or self.title)}”"

    @property
    def bounds(self) -> str:
        """What it may be: "a whole number from 1 to 1,000"."""
        if self.low == self.high:
            return f"{self.low:,}"
        low, high = (count(int(edge)) if float(edge).is_integer() else short(edge) for edge in (self.low, self.high))
        if self.whole:
            return say("a whole number from {low} to {high}", low=low, high=high)
        return say("a number from {low} to {high}", low=low, high=high)


def read(text: str, whole: bool) -> list[float]:
    """What `text` can mean as a number: [] where it is none, two readings where people differ.

    The point begins a fraction, and so does a comma: 0,001 is 0.001. But 1,000 is a thousand to some and one to others;
    where a `whole` number is asked for, only the first makes sense. There 1.000 is what can't be told.
    """
    text = _SPACED.sub("", text.replace("\u2212", "-"))
    decimal = [float(said) for said in [text.replace(",", ".")] if _PLAIN.fullmatch(said)]
    grouped = _GROUPED.fullmatch(text)
    if not grouped:
        return decimal
    mark = grouped[1]
    thousands = float(text.replace(mark, "").replace(",", "."))
    if mark == "." and decimal and not whole:
        return decimal
    if mark == "," and whole:
        return [thousands]
    return [thousands, *decimal]


def written(value: float | str | None) -> str:
    """A number as its field shows it; "" for None, and what was typed as it was typed."""
    return "" if value is None else value if isinstance(value, str) else short(value)


def typed(state: Mapping[Any, Any], key: str) -> Any:
    """What a widget holds: of a number's field the number, None where it is empty; raises Refused where that can't be.

    What a program put there and no page has drawn yet is a number already.
    """
    held, number = state[key], state.get(FIELDS, {}).get(key)
    return number.value(held) if number and isinstance(held, str) else held
