"""Names from an archive: what is junk, how a class is shown, which two are the same for many computers."""

import re
import unicodedata
from collections.abc import Iterable, Sequence

from tl.config import refusal
from tl.languages import commas, later, listed, say

EXPECTED = later("make one folder per class, such as flowers/rose/1.jpg and flowers/tulip/2.jpg")
LONGEST = 80  # of a class's name


def label(folder: str, longest: int = LONGEST, end: int = 0) -> str:
    """A name from outside made fit to be shown: NFC, no control or direction characters, at most `longest` long.

    Of one that is longer "…" stands for what is left out: all the rest, or all but the last `end` characters.
    """
    kept = "".join(c if unicodedata.category(c)[0] not in "CZ" else " " if c.isspace() else "" for c in folder)
    text = unicodedata.normalize("NFC", " ".join(kept.split()))
    if len(text) > longest:
        text = f"{text[: longest - 1 - end].strip()}…{text[len(text) - end :].strip()}"
    return text or "unnamed"


def quoted(names: Sequence[str], most: int) -> str:
    """ "'a', 'b'", of many names the first `most` and how many more there are."""
    shown = commas(repr(label(name)) for name in names[:most])
    return say("{list} and {number} more", list=shown, number=len(names) - most) if len(names) > most else shown


def and_more(names: Sequence[str]) -> str:
    """The first 20 of them, and that there are more."""
    shown = commas(names[:20])
    return say("{list} and more", list=shown) if len(names) > 20 else shown


def listed_folders(folders: Iterable[str]) -> str:
    """ "'a' and 'b'", of many the first six and how many more there are."""
    every = [repr(label(folder)) for folder in folders]
    more = [say("{number} more", number=len(every) - 6)] if len(every) > 6 else []
    return listed([*every[:6], *more])


def natural(text: str) -> tuple[tuple[tuple[int, str], ...], str]:
    """Sort key: 'class 2' before 'class 10'."""
    parts = re.split(r"([0-9]+)", text)  # text, number, text, ...
    return tuple((int(part), "") if place % 2 else (0, part) for place, part in enumerate(parts)), text


def labels_of(folders: Iterable[str]) -> dict[str, str]:
    """Names of classes as an archive spells them -> as they are shown. Raises Refused where two become one."""
    folders = sorted(folders)
    whole = {folder: label(folder, len(folder) + 1) for folder in folders}
    for first, second, *_ in same(whole):
        raise refusal(
            "The class folders {first!r} and {second!r} have names that many computers take for the same; rename or "
            "merge them.",
            first=label(first),
            second=label(second),
        )
    labels = {folder: label(folder) for folder in folders}
    for alike in same(labels):  # as far as they are shown
        labels |= {folder: label(folder, end=LONGEST // 2) for folder in alike}
    for alike in same(labels):
        text = later(
            "{number} class folders have long names that begin and end alike, {name!r}; give them names of at most "
            "{longest} characters."
        )
        raise refusal(text, number=len(alike), name=labels[alike[0]], longest=LONGEST)
    return labels


def same(labels: dict[str, str]) -> list[list[str]]:
    """Groups of folders whose labels many computers take for one."""
    by_key: dict[str, list[str]] = {}
    for folder, text in labels.items():
        by_key.setdefault(unicodedata.normalize("NFC", text.casefold()), []).append(folder)
    return [group for group in by_key.values() if len(group) > 1]
