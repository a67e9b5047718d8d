"""In which encoding the names of a zip's entries are, where the zip does not say so: all of them together decide.

Programs on Windows write names in the code page of the country, and say nothing. A few short folder names are all there
is to go by, too little for detectors made for pages of text; so each encoding is a model of how likely its characters
are in a name, and the likeliest one is taken.
"""

import math
import unicodedata
import zlib
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from tl.config import refusal
from tl.datasets.common_characters import JAPANESE, KOREAN, SIMPLIFIED, TRADITIONAL
from tl.languages import later

NAMES = {  # as people call it -> Python's codec, in the order of what is offered and, where two say the same, taken
    "UTF-8": "utf-8",
    "GBK": "gb18030",
    "Big5": "cp950",
    "Shift-JIS": "cp932",
    "EUC-KR": "cp949",
    "cp850": "cp850",
    "cp437": "cp437",
    "cp866": "cp866",
    "cp1252": "cp1252",
}
ALIASES = {"utf8": "UTF-8", "gb18030": "GBK", "gb2312": "GBK", "cp936": "GBK", "cp950": "Big5", "sjis": "Shift-JIS"}
ALIASES |= {
    "shiftjis": "Shift-JIS",
    "cp932": "Shift-JIS",
    "cp949": "EUC-KR",
    "euckr": "EUC-KR",
    "windows1252": "cp1252",
}
ALIASES |= {"latin1": "cp1252", "iso88591": "cp1252", "ibm850": "cp850", "ibm437": "cp437", "ibm866": "cp866"}
LOOKED_AT = 4_000  # different parts of names
STRANGE = 0.2  # share of the characters beyond ASCII from which on names look garbled
ASCII = math.log(0.02)  # likelihood of a character of ASCII, in every encoding
MIXED = math.log(0.1)  # a character of East Asia beside a letter of ASCII
PRIOR = {"GBK": math.log(10)}  # how much likelier before anything is read: most zips without an encoding are Chinese
ACCENTS = frozenset("àáâãäåæçèéêëìíîïñòóôõöøùúûüýÿœßšž")


class RawName(NamedTuple):
    """What a zip says of one entry's name."""

    raw: bytes
    said: str | None  # the text, where the zip says so: by its UTF-8 flag, or by the field for it


class Names(NamedTuple):
    """Names as texts, in order."""

    texts: list[str]
    encoding: str  # key of NAMES by which those were read of which the zip says nothing; "" where all are ASCII or said
    guessed: bool  # whether nobody chose that, and it was not plain
    garbled: bool  # whether they look as if it were wrong


def encoding_named(text: str) -> str:
    """Key of NAMES for what somebody calls an encoding. Raises Refused."""
    plain = "".join(letter for letter in text.lower() if letter.isalnum())
    known = {name.lower().replace("-", ""): name for name in NAMES} | ALIASES
    if plain not in known:
        sentence = later("{text!r:.40} is not a known encoding of names; choose one of {names}.")
        raise refusal(sentence, text=text, names=", ".join(NAMES))
    return known[plain]


def said_name(raw: bytes, utf8: bool, extra: Iterable[tuple[int, bytes]]) -> str | None:
    """The name in Unicode where the zip says it: in its extra field 0x7075 (made for that; of this very name, by its
    checksum), or by its flag. None where it doesn't, or where that is untrue."""
    for kind, data in extra:
        if kind == 0x7075 and data[:1] == b"\1" and data[1:5] == zlib.crc32(raw).to_bytes(4, "little"):
            return _text_in("utf-8", data[5:])
    return _text_in("utf-8", raw) if utf8 else None


def _text_in(codec: str, raw: bytes) -> str | None:
    try:
        return raw.decode(codec)
    except UnicodeDecodeError:
        return None


def read_names(names: Sequence[RawName], encoding: str | None = None) -> Names:
    """All names as texts. `encoding`, a key of NAMES, is for those of which the zip says nothing.

    Raises Refused where the names can't be in that encoding.
    """
    open_names = [name.raw for name in names if name.said is None and not name.raw.isascii()]
    found, guessed = encoding or "", False
    if open_names and not encoding:
        found = likeliest(open_names)[0]
        guessed = found != "UTF-8"
    codec = NAMES[found] if found else "ascii"
    try:
        texts = [
            name.raw.decode("ascii" if name.raw.isascii() else codec) if name.said is None else name.said
            for name in names
        ]
    except UnicodeDecodeError as problem:
        shown = problem.object[:60].decode(codec, "backslashreplace")
        text = later("The names in the zip are not in {encoding}, such as {name!r}; choose another encoding.")
        raise refusal(text, encoding=found, name=shown) from None
    return Names(texts, found if open_names else "", guessed, look_garbled(texts))


def look_garbled(texts: Iterable[str]) -> bool:
    """Whether many characters beyond ASCII are such as nobody names a folder with."""
    parts = {part for text in texts if not text.isascii() for part in text.split("/")}
    beyond = [character for part in list(parts)[:LOOKED_AT] for character in part if not character.isascii()]
    return sum(map(_is_strange, beyond)) > STRANGE * len(beyond)


def _is_strange(character: str) -> bool:
    # symbols but not emoji, lines for boxes, halves of Katakana, what belongs to nobody, accents that stand alone
    kind = unicodedata.category(character)
    if character >= "\U0001f000" or character in "°№™®©":
        return kind in ("Co", "Cn")
    return (
        kind in ("Co", "Cn", "Cc", "So", "Sm", "Sk", "Sc") or "\uff61" <= character <= "\uff9f" or character in "¦§¶¤¬"
    )


def likeliest(names: Sequence[bytes]) -> list[str]:
    """Keys of NAMES in which all of them can be read, the likeliest first: UTF-8 where it can be that."""
    # Not parted at backslashes: in three of these encodings that byte may be half a character.
    parts = sorted({part for name in names for part in name.split(b"/") if not part.isascii()})
    readable = [name for name, codec in NAMES.items() if None not in (_text_in(codec, part) for part in parts)]
    scores = {name: _score(parts[:LOOKED_AT], name) for name in readable}
    return sorted(readable, key=lambda name: -scores[name])


def _score(parts: Sequence[bytes], name: str) -> float:
    """Log-likelihood of these parts of names. Bytes that happen to be UTF-8 are meant to be."""
    if name not in MODELS:
        return math.inf
    return PRIOR.get(name, 0.0) + sum(MODELS[name](part.decode(NAMES[name])) for part in parts)


Model = Callable[[str], float]


def _east_asian(shares: Callable[[str], float]) -> Model:
    def likelihood(text: str) -> float:
        total, before = 0.0, ""
        for character in text:
            total += ASCII if character.isascii() else math.log(shares(character))
            total += MIXED * (_is_letter(before) and not character.isascii())
            total += MIXED * (before != "" and not before.isascii() and _is_letter(character))
            before = character
        return total

    return likelihood


def _is_letter(character: str) -> bool:
    return character.isascii() and character.isalpha()


def _chinese(character: str) -> float:
    if character in SIMPLIFIED:
        return 0.85 / len(SIMPLIFIED)
    raw = character.encode("gb18030")
    if len(raw) == 4 or unicodedata.category(character) in ("Co", "Cn"):
        return 1e-12
    if raw[1] < 0xA1 or raw[0] < 0xA1 or raw[0] > 0xF7:
        return 5e-8  # added by GBK
    if raw[0] < 0xB0:
        return _sign(raw[0])
    return 0.12 / 3755 if raw[0] <= 0xD7 else 0.025 / 3008


def _sign(lead: int) -> float:
    """Full-width signs and letters; lines for boxes, and the letters of other alphabets, hardly ever."""
    return 0.003 / 190 if lead in (0xA1, 0xA3) else 1e-8


def _taiwanese(character: str) -> float:
    if character in TRADITIONAL:
        return 0.85 / len(TRADITIONAL)
    lead = character.encode("cp950")[0]
    return 0.12 / 5401 if 0xA4 <= lead <= 0xC6 else 0.02 / 7652 if 0xC9 <= lead <= 0xF9 else 0.003 / 400


def _japanese(character: str) -> float:
    if "\u3041" <= character <= "\u30ff":
        return 0.5 / 170
    if character in JAPANESE:
        return 0.35 / len(JAPANESE)
    raw = character.encode("cp932")
    if len(raw) == 1:
        return 0.003 / 63  # halves of Katakana
    return (
        0.13 / 2965
        if 0x88 <= raw[0] <= 0x97
        else 0.01 / 3400
        if raw[0] >= 0x98
        else 0.003 / 300
        if raw[0] <= 0x82
        else 1e-8
    )


def _korean(character: str) -> float:
    if character in KOREAN:
        return 0.9 / len(KOREAN)
    raw = character.encode("cp949")
    if raw[1] < 0xA1 or raw[0] < 0xA1:
        return 2e-7  # added by Windows
    return 0.09 / 2350 if 0xB0 <= raw[0] <= 0xC8 else 0.003 / 4888 if raw[0] >= 0xCA else _sign(raw[0])


def _alphabet(letters: frozenset[str], latin: bool) -> Model:
    """A code page of single bytes: these letters, small ones mostly; signs hardly ever."""

    def share(character: str) -> float:
        if character in letters:
            return 0.6 / len(letters)
        if character.lower() in letters:
            return 0.15 / len(letters)
        return 0.003 / 100 if character.isalpha() else 0.0005 / 100

    def likelihood(text: str) -> float:
        total, before = 0.0, ""
        for character in text:
            total += ASCII if character.isascii() else math.log(share(character))
            total += _between(before, character, latin) if before else 0.0
            before = character
        return total

    return likelihood


def _between(before: str, character: str, latin: bool) -> float:
    """What speaks against these two side by side: capitals inside a word, two accents, two alphabets in one word."""
    if not (before.isalpha() and character.isalpha()) or (before.isascii() and character.isascii()):
        return 0.0
    against = math.log(0.02) if before.islower() and character.isupper() else 0.0
    if latin:
        return against + (0.0 if before.isascii() or character.isascii() else math.log(0.1))
    return against + (math.log(0.003) if before.isascii() or character.isascii() else 0.0)


CYRILLIC = frozenset(chr(place) for place in range(0x430, 0x450)) | {"ё"}
MODELS: dict[str, Model] = {
    "GBK": _east_asian(_chinese),
    "Big5": _east_asian(_taiwanese),
    "Shift-JIS": _east_asian(_japanese),
    "EUC-KR": _east_asian(_korean),
    "cp850": _alphabet(ACCENTS, latin=True),
    "cp437": _alphabet(ACCENTS, latin=True),
    "cp866": _alphabet(CYRILLIC, latin=False),
    "cp1252": _alphabet(ACCENTS, latin=True),
}
