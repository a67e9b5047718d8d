"""Plain text tables for people; programs read --json."""

import re
import textwrap
import unicodedata
from collections.abc import Mapping, Sequence

from tl.languages import later, say
from tl.store.home import Home
from tl.store.titles import title_of
from tl.words import data_name

# What stays on one line: a word, or a wide letter, with the brackets and stops that belong to it.
_UNITS = re.compile(r" ?[（“]*(?:[^\s\u2e80-\uffef]+|[\u2e80-\uffef])[，。：；、？！）”]*|.")
_SPLITS = {"train": later("train"), "validation": later("validation"), "test": later("test")}


def text_table(head: tuple[str, ...], rows: Sequence[tuple[object, ...]]) -> str:
    """Columns as wide as their longest entry on a terminal; numbers to the right, text to the left."""
    texts = [tuple(map(str, row)) for row in [head, *rows]]
    widths = [max(map(width, column)) for column in zip(*texts, strict=True)]
    right = [bool(rows) and all(isinstance(row[place], int | float) for row in rows) for place in range(len(head))]
    lines = (
        "  ".join(_padded(text, wide, ends) for text, wide, ends in zip(line, widths, right, strict=True))
        for line in texts
    )
    return "\n".join(line.rstrip() for line in lines)


def listing(rows: Sequence[Mapping[str, object]]) -> str:
    """The same of at least one row, each title -> value, titles as `later` marks them."""
    return text_table(tuple(map(say, rows[0])), [tuple(row.values()) for row in rows])


def width(text: str) -> int:
    """Columns of a terminal that a text takes: two for a wide character, none for one that is set on another."""
    marks = sum(
        unicodedata.combining(letter) > 0 or unicodedata.category(letter) in ("Mn", "Me", "Cf") for letter in text
    )
    return len(text) - marks + sum(unicodedata.east_asian_width(letter) in ("W", "F") for letter in text)


def wrapped(text: str, columns: int) -> list[str]:
    """Lines of at most so many columns of a terminal, as far as single words allow it: Chinese has no spaces to break at."""
    text = " ".join(text.split())
    if width(text) == len(text):
        return textwrap.wrap(text, columns)
    lines = [""]
    for unit in _UNITS.findall(text):
        if lines[-1] and width(lines[-1] + unit) > columns:
            lines.append(unit.lstrip())
        else:
            lines[-1] += unit
    return lines


def _padded(text: str, wide: int, right: bool) -> str:
    space = " " * (wide - width(text))
    return space + text if right else text + space


def split_words(split: str) -> str:
    """What a table calls the pictures of a split."""
    return say(_SPLITS.get(split, split))


def data_set_names(home: Home, dataset: str, target: str | None) -> str:
    """The data set, or both, as tables of commands name them."""
    return " → ".join(data_name(title_of(home, name)) for name in (dataset, target) if name is not None)
