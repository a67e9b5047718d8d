"""How a user's input is refused: one sentence that says what, which value or file, and what to do."""

from collections.abc import Collection

from tl.languages import later, plural, say
from tl.setting_names import setting_name

# What a setting may be, in words.
FROM_TO = later("{low} to {high}")
ONE_OF = later("one of {names}")
DIFFERENT = later("different from each other")


class Refused(ValueError):
    """A user's input that can't be accepted; the text is one sentence: what, which value or file, what to do."""


def refusal(text: str, /, **values: object) -> Refused:
    """The Refused that says `text` with its `values`, see `say`."""
    return Refused(say(text, **values))


class Newer(Refused):
    """A stored document has all settings of this version and others besides."""

    def __init__(self, unknown: list[str]):
        self.unknown = unknown
        super().__init__(newer(say("It"), self))


def newer(what: str, found: Newer) -> str:
    """What to say of a file that a newer TL Lab has written."""
    return plural(
        "{what} was written by a newer TL Lab, which has the setting {names}; update this one.",
        "{what} was written by a newer TL Lab, which has the settings {names}; update this one.",
        len(found.unknown),
        what=what,
        names=", ".join(found.unknown)[:190],
    )


def must_be(name: str, value: object, allowed: str) -> Refused:
    """The refusal of a setting's value; `allowed`, in words: what it may be."""
    said = {"setting": setting_name(name), "value": f"{value!r:.200}", "allowed": allowed}
    return refusal("{setting} is {value}; it must be {allowed}.", **said)


def require(holds: bool, name: str, value: object, allowed: str, **values: object) -> None:
    """Refuse a setting's value where it doesn't hold; `allowed` with its `values` is worded then."""
    if not holds:
        raise must_be(name, value, say(allowed, **values))


def in_range(name: str, value: float, low: float, high: float) -> None:
    """Refuse a setting's value below `low` or above `high`."""
    require(low <= value <= high, name, value, FROM_TO, low=f"{low:.12g}", high=f"{high:.12g}")


def one_of(name: str, value: str, names: Collection[str]) -> None:
    """Refuse a setting's value that is none of `names`."""
    require(value in names, name, value, ONE_OF, names=", ".join(names))
