"""Values of unknown origin: each of the kind it should be, or Damaged says what is wrong with it."""

import math
import re
from typing import Annotated, Any, TypeVar, get_type_hints

import msgspec
from msgspec import Meta

from tl.languages import say
from tl.store.documents import place_of
from tl.words import plain

TEXT_LENGTH = 2_000
# What tl.languages.read_sentence would word, with values of a stranger's choice.
_STORED = re.compile(r'^\{(?="(?:say|joined|listed)": )')
Moment = Annotated[float, Meta(ge=0, lt=4_102_444_800)]  # Unix seconds between 1970 and 2100
T = TypeVar("T")


class BundleDamaged(Exception):
    """What is wrong with a bundle, in a few words."""


def checked(value: object, kind: type[T], what: str | None = None) -> T:
    """`value`, of JSON, as this type; `what` it is, where it is no part of a document. Raises Damaged."""
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError as problem:
        part = place_of(problem, what or say("a part of it"))
        raise BundleDamaged(say("{part} is not what it should be", part=part)) from None


def typed(cls: type, told: object) -> dict[str, Any]:
    """`told`, if every value has the type of the dataclass's field of that name; what values may be, it says itself."""
    kinds = get_type_hints(cls)
    for name, value in (known := checked(told, dict[str, Any])).items():
        checked(value, kinds.get(name, Any), say("its setting {name}", name=f"{name!r:.60}"))
    return known


def plain_value(value: object, depth: int = 2) -> Any:
    """Numbers, words, and dictionaries or lists of such, `depth` deep."""
    if isinstance(value, dict) and depth:
        return {plain(name)[:100]: plain_value(inner, depth - 1) for name, inner in list(value.items())[:200]}
    if isinstance(value, list) and depth:
        return [plain_value(inner, depth - 1) for inner in value[:2_000]]
    if value is None or isinstance(value, int) or (isinstance(value, float) and math.isfinite(value)):
        return value
    if not isinstance(value, str):
        raise BundleDamaged(say("a text in it is invalid"))
    return words(value)


def words(text: str) -> str:
    """One line of text, which is shown as it is."""
    return _STORED.sub("{ ", plain(text))[:TEXT_LENGTH]
