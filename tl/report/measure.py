"""One number of a comparison, as a card or a report shows it."""

from collections.abc import Callable
from dataclasses import dataclass

from tl.languages import say
from tl.words import count


@dataclass(frozen=True)
class Measure:
    """One number of a comparison."""

    label: str  # short
    value: str
    note: str  # what it is compared with
    help: str = ""  # how it is defined


def span(low: float, high: float, shown: Callable[[float], str]) -> str:
    """An interval: the unit once, at its end."""
    start, end = shown(low), shown(high)
    number, _, unit = start.rpartition(" ")
    return say("{low} to {high}", low=number if number and end.endswith(f" {unit}") else start, high=end)


def pictures(number: float) -> str:
    return count(round(number))
