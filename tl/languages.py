"""Every sentence a person reads, in their language: English in the code, the others in `tl/locale/`, one file each.

    say("No run finished an epoch.")
    say("{arm} reached {accuracy}.", arm=title, accuracy=percent(0.9))
    plural("{number} epoch", "{number} epochs", 3)
    later("Helps")                     # in a table that is made once: only marks it; `say(TABLE[key])` words it

The language is asked for each time, of whoever reads: never kept for a process, in which several may read at once. What one
process says and another shows is stored as what was said and its values (`store_sentence`), and worded again when it is read (`read_sentence`).
"""

import functools
import gettext
import json
import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from numbers import Integral, Real
from pathlib import Path
from string import Formatter
from typing import Any

from tl.typesetting import filled

LANGUAGES = {"en": "English", "zh": "中文"}  # code -> its own name; English needs no file
TAGS = {"en": "en", "zh": "zh-Hans"}  # as HTML has it
ENGLISH = "en"
LOCALE = Path(__file__).with_name("locale")  # LANGUAGE/LC_MESSAGES/tl.po, and tl.mo made of it
VARIABLE = "TL_LANGUAGE"
# of the environment, the first that is set: as gettext has it
VARIABLES = (VARIABLE, "LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG")
TWO_SENTENCES = "{sentence} {next}"  # what stands between the two; Chinese has nothing there
_READ_BY = "TL_SENTENCES"
READ_BY_US = {_READ_BY: "stored"}  # in the environment of a process whose words are read and shown to others, or later
_STORED = ('{"say": ', '{"joined": ', '{"listed": ')  # what a stored sentence begins with, and nothing else

_HARMLESS = re.compile(r"[+,]?(\.\d{1,3})?[dfgers%]?")  # what follows a name in a stored sentence
_LARGEST = 200_000  # characters of one, as it is stored and as it is shown
_DEEPEST = 50  # sentences within each other
_NUMBER = 1_500  # characters, at most, of a number in such a format

_chosen: ContextVar[str | None] = ContextVar("language", default=None)
_ask: list[Callable[[], str | None]] = []  # the one that knows who reads; set once, by what starts the process


class Said(str):
    """A sentence in the reader's language that can be said again in another one."""

    text: str  # in English, with {names} for values
    many: str  # the same for a number that is not 1; empty where there is but one form
    number: float | None
    values: Mapping[str, Any]

    def __new__(
        cls, text: str, many: str = "", number: float | None = None, values: Mapping[str, Any] | None = None
    ) -> "Said":
        values = values or {}
        found = _catalogue(code := language())
        form = found.ngettext(text, many, int(number or 0)) if many else text and found.gettext(text)
        if many and number is not None and number != int(number):
            form = found.ngettext(text, many, 2)  # 1.5 epochs
        said = super().__new__(cls, filled(code, form, {name: reworded(value) for name, value in values.items()}))
        said.text, said.many, said.number, said.values = text, many, number, values
        return said

    def __str__(self) -> "Said":
        return self  # str() of an error keeps what can be said again

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.text, self.many, self.number, dict(self.values))


class Listed(str):
    """Sentences, or parts of a line, one after the other, however many, as the reader's language sets them."""

    between: str  # TWO_SENTENCES, COMMA or SEMICOLON
    parts: tuple[str, ...]

    def __new__(cls, between: str, parts: Iterable[str]) -> "Listed":
        kept = tuple(parts)
        said = super().__new__(cls, _series(between, kept))
        said.between, said.parts = between, kept
        return said

    def __str__(self) -> "Listed":
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.between, self.parts)


def _series(text: str, parts: Iterable[str]) -> str:
    """Its parts, each put behind those before it with `text`, which has a name for these and one for it."""
    before, between, after = re.split(r"\{\w+\}", _catalogue(language()).gettext(text))
    first, *rest = [str(reworded(part)) for part in parts] or [""]
    return before * len(rest) + "".join([first, *(f"{between}{part}{after}" for part in rest)])


def say(text: str, /, **values: object) -> Said:
    """`text` in the reader's language, with `values` in place of its {names}."""
    return Said(text, values=values)


def plural(one: str, many: str, number: float, /, **values: object) -> Said:
    """`one` or `many` by `number`, which stands for {number} unless `values` says it otherwise."""
    return Said(one, many, number, {"number": number} | values)


def later(text: str, /) -> str:
    """`text` as it is: marked for the catalogues, and worded by `say` when it is shown."""
    return text


def later_plural(one: str, many: str, /) -> tuple[str, str]:
    """The same for `plural`."""
    return one, many


def joined(parts: Iterable[str | None]) -> Listed:
    """One sentence after the other; empty ones are left out."""
    return Listed(TWO_SENTENCES, (part for part in parts if part))


COMMA, SEMICOLON = later("{list}, {item}"), later("{list}; {item}")  # what stands between the parts of a line


def listed(items: Iterable[object]) -> str:
    """ "a", "a and b", "a, b and c"; "" for nothing."""
    return _ending(later("{list} and {last}"), items)


def either(items: Iterable[object]) -> str:
    """ "a", "a or b", "a, b or c"; "" for nothing."""
    return _ending(later("{list} or {last}"), items)


def commas(items: Iterable[object]) -> str:
    """ "a, b, c"; "" for nothing."""
    return _between(COMMA, items)


def semicolons(items: Iterable[object]) -> str:
    """ "a; b; c"; "" for nothing."""
    return _between(SEMICOLON, items)


def _between(text: str, items: Iterable[object]) -> str:
    said = [str(item) for item in items]
    return Listed(text, said) if len(said) > 1 else said[0] if said else ""


def _ending(text: str, items: Iterable[object]) -> str:
    *first, last = [str(item) for item in items] or [""]
    return say(text, list=commas(first), last=last) if first else last


def reworded(value: Any) -> Any:
    """What was said, in the language of whoever reads now; anything else as it is."""
    if isinstance(value, Said):
        return Said(value.text, value.many, value.number, value.values)
    return Listed(value.between, value.parts) if isinstance(value, Listed) else value


def store_sentence(text: str | None) -> str | None:
    """A sentence for a file or a database, to be worded when it is read; plain text as it is."""
    if text is None:
        return None
    packed = _packed(text)
    return packed if isinstance(packed, str) else json.dumps(packed, ensure_ascii=False)


def for_stderr(sentence: object) -> str:
    """What a process prints as its last words: as `store_sentence` makes it where TL Lab itself reads them (see READ_BY_US)."""
    text = str(sentence)
    return (store_sentence(text) or "") if os.environ.get(_READ_BY) else text


def read_sentence(stored: str | None) -> str | None:
    """What `store_sentence` made, in the reader's language. A sentence of an earlier version, or what is damaged, as it is."""
    if stored is None or not stored.startswith(_STORED) or len(stored) > _LARGEST:
        return stored
    try:
        return str(_unpacked(json.loads(stored)))
    except (ValueError, KeyError, TypeError, AttributeError, IndexError, OverflowError, RecursionError):
        return stored


def _packed(value: Any) -> Any:
    if isinstance(value, Said):
        form = {"many": value.many, "number": value.number} if value.many else {}
        values = {name: _packed(own) for name, own in value.values.items()}
        return {"say": value.text, **form, **({"values": values} if values else {})}
    if isinstance(value, Listed):
        parts = [_packed(part) for part in value.parts]
        return {"joined": parts} if value.between == TWO_SENTENCES else {"listed": parts, "between": value.between}
    if isinstance(value, Integral):  # numpy's, too
        return int(value)
    return float(value) if isinstance(value, Real) else str(value)


def _unpacked(value: Any, deep: int = 0) -> Any:
    """A file may hold anything: raises ValueError where that would be no sentence, or one without end."""
    if isinstance(value, str | int | float):
        return value
    if deep > _DEEPEST:
        raise ValueError
    if "say" in value:
        values = {name: _unpacked(own, deep + 1) for name, own in value.get("values", {}).items()}
        texts = (value["say"], value.get("many", ""))
        if _length(texts, values) > _LARGEST:
            raise ValueError
        return Said(*texts, value.get("number"), values)
    parts = [_unpacked(part, deep + 1) for part in value["joined" if "joined" in value else "listed"]]
    between = TWO_SENTENCES if "joined" in value else value["between"]
    if sum(map(len, parts)) > _LARGEST or between not in (TWO_SENTENCES, COMMA, SEMICOLON):
        raise ValueError
    return Listed(between, parts)


def _length(texts: tuple[str, str], values: Mapping[str, Any]) -> int:
    """The most characters that they have with these values. Raises ValueError where they take more than a value: `{x.y}`
    and `{x[y]}` reach far into a process, and a width may be a gigabyte of blanks."""
    length = sum(map(len, texts))
    for _, name, spec, conversion in (part for text in texts for part in Formatter().parse(text)):
        if name is None:
            continue
        if not name.isidentifier() or not _HARMLESS.fullmatch(f"{spec}{conversion or ''}"):
            raise ValueError
        length += max(len(str(values[name])), _NUMBER)
    return length


def english(text: str) -> str:
    """What was said, also as `store_sentence` made it, in English: for what other programs read."""
    with speaking(ENGLISH):
        return str.__str__(read_sentence(store_sentence(text)) or "")


def language() -> str:
    """The code of the language of whoever reads now, English where that isn't known."""
    return _chosen.get() or (_ask[0]() if _ask else None) or best_language([os.environ.get(VARIABLE, "")]) or ENGLISH


@contextmanager
def speaking(code: str) -> Iterator[None]:
    """Within it everything is said in this language."""
    before = _chosen.set(code)
    try:
        yield
    finally:
        _chosen.reset(before)


def ask(who: Callable[[], str | None]) -> None:
    """From here on `who` tells the code of the reader's language. For what starts the process: pages, a command."""
    _ask[:] = [who]


def best_language(wanted: Iterable[str]) -> str | None:
    """The first that is there of languages as browsers and systems name them ("zh-CN", "zh_TW.UTF-8"); None: none is."""
    codes = (re.split(r"[-_.@]", one)[0].lower() for one in wanted)
    return next((code for code in codes if code in LANGUAGES), None)


@functools.cache
def _catalogue(code: str) -> gettext.NullTranslations:
    return gettext.translation("tl", LOCALE, [code], fallback=True) if code != ENGLISH else gettext.NullTranslations()
