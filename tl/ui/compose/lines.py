"""What a line of the form says: its parts one after the other. No streamlit."""

import functools
from collections.abc import Iterable

from tl.languages import later, say


def commas(parts: Iterable[str]) -> str:
    """ "a, b, c", without an "and"; "" for nothing."""
    return _between(later("{list}, {item}"), parts)


def semicolons(parts: Iterable[str]) -> str:
    """ "a; b; c"."""
    return _between(later("{list}; {item}"), parts)


def _between(text: str, parts: Iterable[str]) -> str:
    return functools.reduce(lambda left, right: say(text, list=left, item=right), list(parts) or [""])
