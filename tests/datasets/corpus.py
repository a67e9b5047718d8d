"""What strangers send: every case has a name, a way to build it, what becomes of it and what is said about it."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from crafted import entries_of, forged, two_classes, zipped

from tl.datasets.archive import LIMITS, UploadLimits

ACCEPTED, LEFT_OUT, REFUSED = "accepted", "left out", "refused"
GOOD = two_classes()


@dataclass(frozen=True)
class Case:
    """One archive and its verdict."""

    name: str
    build: Callable[[Path], object]  # writes the archive to the path
    verdict: str
    # ACCEPTED: the classes; LEFT_OUT: reason -> how many, beside two good classes; REFUSED: what the sentence must hold
    says: tuple[str, ...] | dict[str, int] | str
    limits: UploadLimits = LIMITS


def raw(data: bytes) -> Callable[[Path], object]:
    """These very bytes."""
    return lambda path: path.write_bytes(data)


def beside(*entries: dict, **about) -> Callable[[Path], object]:
    """Two good classes and these entries, written byte by byte."""
    return lambda path: forged(path, [*entries_of(GOOD), *entries], **about)


def of(files: dict[str, bytes]) -> Callable[[Path], object]:
    """An honest zip of just these files."""
    return lambda path: zipped(path, files)


def accepted(name: str, build, *classes: str) -> Case:
    """A case that becomes a data set of these classes, nothing left out."""
    return Case(name, build, ACCEPTED, tuple(sorted(classes or ("rose", "tulip"))))


def left_out(name: str, files: dict[str, bytes], reason: str) -> Case:
    """A case whose files beside two good classes are all left out for one reason."""
    return Case(name, of(GOOD | files), LEFT_OUT, {reason: len(files)})


def refused(name: str, build, sentence: str, limits: UploadLimits = LIMITS) -> Case:
    """A case that is refused with a sentence in which this pattern is found."""
    return Case(name, build, REFUSED, sentence, limits)
