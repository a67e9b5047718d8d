"""Single pictures set aside or given another label, in a new data set: the one they are in stays as it is.

Every other picture keeps its split, with a new split for every seed, too: what was divided is divided as before, with
the pictures that were set aside and the labels as they were, and only then are those taken out and these changed.
"""

import csv
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
import pandas as pd
from msgspec import Struct

from tl.config import refusal
from tl.datasets.class_names import and_more
from tl.datasets.info import DatasetInfo
from tl.datasets.lookup import NAME_COLUMNS, Lookup, decoded
from tl.datasets.titles import LONGEST
from tl.languages import later, plural
from tl.store.documents import of_type
from tl.store.files import read_json, write_json, write_parquet

SET_ASIDE = later("set aside")  # why a picture is not in the new set
RECORD = "corrections.json"  # what was corrected of the data set that this one was made of
DIVIDED = "divided.parquet"  # what is divided anew for a seed: every picture there was, labelled as it was
ORIGIN = "origin"  # column of the index: its row there
NONE_LEFT = {  # split -> why that can't be
    "train": later("That leaves no training pictures."),
    "validation": later("That leaves no validation pictures."),
    "test": later("That leaves no test pictures."),
}
MOST_BYTES = 10**7  # of a table of corrections
PICTURE_COLUMNS = {"picture", *NAME_COLUMNS}  # the first column's name, where the table has a head
NAMED_SO = re.compile(r" \([0-9,]+ (?:set aside|relabelled)(?:, [0-9,]+ relabelled)?\)(?: [0-9]+)?$")


@dataclass(frozen=True, kw_only=True)
class Corrections:
    """What to change of single pictures; each by its name in the data set (its path, or a file name that only one has)
    or by its content hash, which its copies share."""

    set_aside: tuple[str, ...] = ()
    relabel: Mapping[str, str] = field(default_factory=dict)  # picture -> the class that it really is

    def __bool__(self) -> bool:
        return bool(self.set_aside or self.relabel)


class Correction(Struct, frozen=True):
    """One picture that was corrected."""

    picture: str  # its name
    was: str  # its class
    now: str | None  # its class; None: it was set aside
    split: str  # in the splits that the data set has itself


class Corrected(Struct, frozen=True):
    """What was corrected, of the data set `of`."""

    of: str
    corrections: list[Correction]

    @property
    def counts(self) -> tuple[int, int]:
        """How many pictures were set aside, and how many have another label."""
        aside = sum(one.now is None for one in self.corrections)
        return aside, len(self.corrections) - aside


def corrected(folder: Path) -> Corrected | None:
    """What the data set in `folder` was corrected by; None for one that was not made so, or a damaged record."""
    return of_type(read_json(folder / RECORD), Corrected)


def in_words(aside: int, relabelled: int) -> list[str]:
    """What was changed, one phrase each."""
    said: list[str] = []
    if aside:
        said.append(plural("{number:,} picture set aside", "{number:,} pictures set aside", aside))
    if relabelled:
        said.append(plural("{number:,} picture relabelled", "{number:,} pictures relabelled", relabelled))
    return said


def title_of(called: str, earlier: Corrected | None, aside: int, relabelled: int, free: Callable[[str], bool]) -> str:
    """What a corrected data set is called where nobody says: "flowers (3 set aside, 1 relabelled)", in any language.

    `called` is what the one is called that it is made of; where that was corrected itself, `earlier`, all counts.
    """
    base = NAMED_SO.sub("", called)
    if earlier and base != called:
        before = earlier.counts
        aside, relabelled = aside + before[0], relabelled + before[1]
    counts = [f"{number:,} {what}" for number, what in ((aside, SET_ASIDE), (relabelled, "relabelled")) if number]
    for number in range(1, 1000):
        end = f" ({', '.join(counts)})" + (f" {number}" if number > 1 else "")
        if free(title := base[: LONGEST - len(end)].rstrip() + end):
            return title
    raise refusal("There are too many data sets made of {name!r}; give the new one a name.", name=called)


def check(wanted: Corrections, index: pd.DataFrame, info: DatasetInfo) -> Corrected:
    """What is to be corrected, picture by picture. Raises Refused for a picture or a class that is not there."""
    names, lookup = index["name"].tolist(), Lookup(index["name"].tolist(), "")
    found: dict[int, str | None] = {row: None for text in wanted.set_aside for row in _rows(text, index, lookup, info)}
    for text, label in wanted.relabel.items():
        if label not in info.classes:
            raise refusal(
                "{picture!r:.100} can't be relabelled {name!r:.80}: the classes of {dataset} are {classes}.",
                picture=text,
                name=label,
                dataset=info.called,
                classes=and_more([*map(repr, info.classes)]),
            )
        for row in _rows(text, index, lookup, info):
            if (before := found.setdefault(row, label)) is None:
                raise refusal(
                    "{picture!r:.100} is to be set aside and labelled {name!r:.80}; choose one.",
                    picture=names[row],
                    name=label,
                )
            if before != label:
                twice = later("{picture!r:.100} is to be labelled {first!r} and labelled {second!r:.80}; choose one.")
                raise refusal(twice, picture=names[row], first=before, second=label)
    labels, splits = index["label"].tolist(), index["split"].tolist()
    changed = [
        Correction(names[row], info.classes[labels[row]], label, splits[row])
        for row, label in sorted(found.items())
        if label != info.classes[labels[row]]
    ]
    if not changed:
        raise refusal("These pictures have these labels already; there is nothing to change.")
    return Corrected(info.name, changed)


def _rows(text: str, index: pd.DataFrame, lookup: Lookup, info: DatasetInfo) -> list[int]:
    row = lookup.find(text)
    if row is not None:
        return [row]
    if re.fullmatch("[0-9a-f]{64}", text) and (same := index["sha256"] == text).any():
        return [int(place) for place in same.to_numpy().nonzero()[0]]
    sentence = later(
        "{dataset} has no picture, or several, called {picture!r:.100}; its pictures have names such as {name!r:.200}."
    )
    raise refusal(sentence, dataset=info.called, picture=text, name=index["name"].iloc[0])


def apply(found: Corrected, pictures: pd.DataFrame) -> pd.DataFrame:
    """`pictures` (with name, class and split) without those that were set aside, the others with their new class.

    Raises Refused where a class or a split would be left without pictures.
    """
    named = {one.picture: one for one in found.corrections}
    aside = pictures["name"].map(lambda name: name in named and named[name].now is None)
    classes = [
        (named[name].now or own) if name in named else own
        for name, own in zip(pictures["name"], pictures["class"], strict=True)
    ]
    left = pictures.assign(**{"class": classes})[~aside].reset_index(drop=True)
    if gone := sorted({*pictures["class"]} - {*left["class"]}):
        raise refusal(
            "That leaves no picture of the class {name!r:.80}; leave out the whole class instead.", name=gone[0]
        )
    if lost := [split for split in pictures["split"].unique() if split not in set(left["split"])]:
        raise refusal(NONE_LEFT[lost[0]])
    return left


def keep(folder: Path, found: Corrected, index: pd.DataFrame, divided: pd.DataFrame | None) -> None:
    """Write what was corrected beside the data set, and of one that is divided anew for a seed what there was before.

    `index` is that of the data set these pictures come from, `divided` what it was itself made of.
    """
    columns = ["label", "sha256", *({"group"} & {*index})]
    write_parquet(folder / DIVIDED, index[columns] if divided is None else divided)
    write_json(folder / RECORD, msgspec.to_builtins(found))


def read_set_aside(path: Path) -> tuple[str, ...]:
    """The pictures that a file names, one a line. Raises Refused where it can't be read."""
    return tuple(line[0] for line in _lines(path))


def read_relabel(path: Path) -> dict[str, str]:
    """Picture -> class of a table with two columns. Raises Refused where it can't be read."""
    labels: dict[str, str] = {}
    for line in _lines(path):
        if len(line) < 2 or not line[1]:
            text = later("{file} gives no label for {picture!r:.100}; write a line as picture,label.")
            raise refusal(text, file=path.name, picture=line[0])
        if labels.setdefault(line[0], line[1]) != line[1]:
            text = later("{file} gives {picture!r:.100} two labels, {first!r:.60} and {second!r:.60}.")
            raise refusal(text, file=path.name, picture=line[0], first=labels[line[0]], second=line[1])
    return labels


def _lines(path: Path) -> Iterable[list[str]]:
    """The table's lines without its head and empty ones, each cell without space around it."""
    try:
        if path.stat().st_size > MOST_BYTES:
            raise refusal(
                "{file} is larger than {most} MB; give a table of pictures.", file=path.name, most=MOST_BYTES // 10**6
            )
        text = decoded(path.read_bytes())
    except OSError:
        raise refusal("There is no file {path!r:.200} that can be read.", path=str(path)) from None
    first = text.partition("\n")[0]
    try:
        rows = list(csv.reader(text.splitlines(), delimiter=max(",;\t", key=first.count)))
    except csv.Error as problem:
        raise refusal("{file} can't be read as a table: {problem}.", file=path.name, problem=problem) from None
    lines = [[cell.strip() for cell in row] for row in rows if row and row[0].strip()]
    lines = lines[1:] if lines and lines[0][0].casefold() in PICTURE_COLUMNS else lines
    if not lines:
        raise refusal("{file} names no picture; write one per line.", file=path.name)
    return lines
