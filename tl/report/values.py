"""Values of unknown origin: each of the kind it should be, or Damaged says what is wrong with it."""

import math
from typing import get_args, get_type_hints

from tl.config import ID_PATTERN
from tl.words import plain

TEXT_LENGTH = 2_000


class Damaged(Exception):
    """What is wrong with a bundle, in a few words."""


def typed(cls: type, told: dict) -> dict:
    """`told`, if every value has the type of the dataclass's field of that name."""
    kinds = get_type_hints(cls)
    for name, value in mapping(told).items():
        allowed = get_args(kinds.get(name)) or (kinds.get(name, object),)
        numbers = (int, float) if float in allowed else ()
        if not (type(value) in (*allowed, *numbers) or name not in kinds):
            raise Damaged(f"its setting {name!r:.60} is {value!r:.60}")
    return told


def plain_value(value, depth: int = 2):
    """Numbers, words, and dictionaries or lists of such, `depth` deep."""
    if isinstance(value, dict) and depth:
        return {plain(name)[:100]: plain_value(inner, depth - 1) for name, inner in list(value.items())[:200]}
    if isinstance(value, list) and depth:
        return [plain_value(inner, depth - 1) for inner in value[:2_000]]
    if value is None or isinstance(value, bool) or is_number(value):
        return value
    return words(value)


def mapping(value) -> dict:
    """A dictionary."""
    if not isinstance(value, dict):
        raise Damaged("a part of it is not what it should be")
    return value


def ident(value) -> str:
    """An id."""
    if not isinstance(value, str) or not ID_PATTERN.fullmatch(value):
        raise Damaged("an id in it is none")
    return value


def words(value) -> str | None:
    """One line of text, or None."""
    if value is None:
        return None
    if not isinstance(value, str):
        raise Damaged("a text in it is none")
    return plain(value)[:TEXT_LENGTH]


def is_number(value) -> bool:
    """Whether it is a finite number."""
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def moment(value) -> float:
    """Unix seconds between 1970 and 2100."""
    if not is_number(value) or not 0 <= value < 4_102_444_800:
        raise Damaged("a time in it is none")
    return float(value)


def size(value) -> int:
    """A number of pictures or pixels."""
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= 10**9:
        raise Damaged("a number of pictures in it is none")
    return value
