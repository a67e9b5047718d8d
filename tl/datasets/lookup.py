"""Files that speak of pictures: their text, and which picture is meant by what they call it."""

import os
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from tl.datasets.archive import Member
from tl.decoding.entries import unpack
from tl.decoding.heads import LeftOut

NAME_COLUMNS = ("file", "filename", "path", "image", "name")


def content(source: Path, member: Member) -> bytes | None:
    """The bytes of one file of the archive, all in memory; None where they are damaged."""
    file = os.open(source, os.O_RDONLY)
    try:
        return unpack(file, *member[1:])
    except LeftOut:
        return None
    finally:
        os.close(file)


def decoded(data: bytes) -> str:
    """The text of a table."""
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("cp1252", "replace")  # what spreadsheets write besides


def tidy(path: str) -> str:
    """A path as archives spell them: '/' between folders, nothing before the first."""
    return path.strip().replace("\\", "/").removeprefix("./").lstrip("/")


class Lookup:
    """From what a table calls a picture to its row: its path, else its file name where only one has it."""

    def __init__(self, names: Sequence[str], place: str) -> None:
        wrapping = os.path.commonpath([name.rpartition("/")[0] for name in names])  # what all pictures lie in
        self.prefixes = {"", *(f"{folder}/" for folder in (place, wrapping) if folder)}
        self.by_path = {name: row for row, name in enumerate(names)}
        files = [name.rpartition("/")[2] for name in names]
        self.by_file = self._unique(files)
        self.by_stem = self._unique([file.rpartition(".")[0] or file for file in files])

    @staticmethod
    def _unique(files: list[str]) -> dict[str, int]:
        number = Counter(files)
        return {file: row for row, file in enumerate(files) if number[file] == 1}

    def find(self, path: str) -> int | None:
        """The row of the picture, None where no picture, or more than one, is meant."""
        path = tidy(path)
        for prefix in self.prefixes:
            if (row := self.by_path.get(prefix + path)) is not None:
                return row
        file = path.rpartition("/")[2]
        return self.by_file.get(file, self.by_stem.get(file))
