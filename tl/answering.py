"""Answers on people's pictures as a CSV file, and which files of a folder are asked about. Imports nothing of TL Lab but its
decoder: predict.py of an exported model takes this file along."""

import csv
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TextIO

from tl.decoding.heads import is_junk

COLUMNS = ("file", "answer", "probability", "problem")  # then one column per class, its probability
# What a file says that needs the scale of all pictures of its kind; predict.py says it without catalogues, too.
DEEP = "more than 8 bits per colour (convert it to 8 bits)"  # not shown in other languages: of a file
DIGITS = 6  # of a probability


def files_in(place: Path) -> Iterator[tuple[Path, str]]:
    """(file, its name below `place`) of every file that a person put there, in order; of a file itself. Links to folders
    are not followed."""
    if not place.is_dir():
        yield place, place.name
        return
    for folder, folders, names in os.walk(place):
        folders.sort()
        for name in sorted(names):
            path = Path(folder, name)
            if path.is_file() and not is_junk(below := path.relative_to(place).as_posix()):
                yield path, below


class AnswerFile:
    """Rows written as they come; `file` is open for text with newline=""."""

    def __init__(self, file: TextIO, classes: Sequence[str]):
        self._rows, self._classes = csv.writer(file, lineterminator="\n"), classes
        named = [f"class {name}" if name in COLUMNS else name for name in classes]  # not shown but in the file
        self._rows.writerow([*COLUMNS, *named])
        self.pictures, self.unreadable = 0, 0

    def answer(self, name: str, shares: Sequence[float]) -> None:
        """A picture's probabilities, one per class."""
        best = max(range(len(shares)), key=lambda number: shares[number])
        numbers = [f"{float(share):.{DIGITS}f}" for share in shares]
        self._rows.writerow([printable(name), self._classes[best], numbers[best], "", *numbers])
        self.pictures += 1

    def problem(self, name: str, reason: str) -> None:
        """A file that is no readable picture."""
        self._rows.writerow([printable(name), "", "", reason, *[""] * len(self._classes)])
        self.unreadable += 1


def printable(name: str) -> str:
    """A file's name with bytes that are no UTF-8 as signs: a text file can't hold them."""
    return os.fsencode(name).decode("utf-8", errors="backslashreplace")
