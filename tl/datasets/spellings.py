"""The folders of a zip as each encoding spells them: what a person is asked where the zip does not say its encoding."""

from typing import BinaryIO

from tl.datasets.archive import LIMITS
from tl.datasets.encodings import NAMES, likeliest
from tl.datasets.zip_contents import find_contents, read_entries
from tl.languages import later, say

MOST_FOLDERS = 200
SHOWN = later("The zip")  # in sentences


def spellings(file: BinaryIO) -> dict[str, list[str]]:
    """Encoding -> names of folders in it, the likeliest encoding first; none where there is nothing to ask.

    Of encodings that spell all of them alike the likelier is in it. Raises Refused for what is no whole zip.
    """
    start, size, count = find_contents(file, say(SHOWN))
    if count > LIMITS.entries or size > LIMITS.contents_bytes:
        return {}
    file.seek(start)
    names = [entry.name for entry in read_entries(file.read(size), count, say(SHOWN))]
    raws = [name.raw for name in names if name.said is None and not name.raw.isascii()]
    folders = sorted({part for raw in raws for part in raw.split(b"/")[:-1] if not part.isascii()})[:MOST_FOLDERS]
    found: dict[str, list[str]] = {}
    for name in likeliest(raws):
        spelled = [folder.decode(NAMES[name]) for folder in folders]
        if spelled and spelled not in found.values():
            found[name] = spelled
    return {} if next(iter(found), "UTF-8") == "UTF-8" else found
