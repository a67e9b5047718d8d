"""From a reading to a data set on the disk: classes numbered, splits complete, pixels and copies in the store's order."""

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from tl.config import refusal
from tl.datasets import leakage, split
from tl.datasets.archived import KEPT
from tl.datasets.class_names import labels_of, natural, quoted
from tl.datasets.clusters import clusters
from tl.datasets.description import LeftOutReport, describe
from tl.datasets.info import DIVIDED_HERE, GIVEN, UNLABELLED, DatasetInfo
from tl.datasets.intake.edits import Edits, apply
from tl.datasets.intake.layouts import Place, Reading
from tl.languages import later, say
from tl.store.files import write_json, write_parquet
from tl.store.redrawn import Selected

NEVER_TRAINED = later("of a class without training pictures")
TOO_FEW_IN_ALL = later(
    "There are too few different readable pictures, or groups of them that belong together: at least 3 are needed, one "
    "each for training, validation and test."
)
NONE_OF_SOME = {  # split -> what is said where it has no picture of some classes
    "validation": later(
        "There are no validation pictures of {classes}; the splits stay as they came unless they are divided anew."
    ),
    "test": later(
        "There are no test pictures of {classes}; the splits stay as they came unless they are divided anew."
    ),
}


def classified(
    pictures: pd.DataFrame, reading: Reading, edits: Edits, so_far: LeftOutReport
) -> tuple[pd.DataFrame, LeftOutReport]:
    """The pictures that have a class, with class, split ("" where none is given) and below; what was left out in all.

    Raises Refused where classes have the same name, and for edits that can't be.
    """
    names = labels_of(reading.classes)
    places = reading.places
    inside = [isinstance(place, Place) for place in places]
    kept = [place for place in places if isinstance(place, Place)]
    found = (
        pictures[inside]
        .reset_index(drop=True)
        .assign(
            **{"class": [names[place.label] for place in kept]},
            split=[place.split for place in kept],
            below=[place.below for place in kept],
        )
    )
    # Pictures that look the same to the last pixel count as one, whatever their files: they share a content hash.
    found["sha256"] = found.groupby("same")["sha256"].transform("min")
    found = apply(edits, found)
    if found["split"].any():
        trained = set(found.loc[(found["split"] == "train") & (found["gone"] == ""), "class"])
        found.loc[~found["class"].isin(trained) & (found["gone"] == ""), "gone"] = NEVER_TRAINED
    report = LeftOutReport()
    for reason, name in so_far.entries:
        if name != reading.table:
            report.add(reason, name)
    for name, place in zip(pictures["name"], places, strict=True):
        if isinstance(place, str):
            report.add(place, name)
    for name, reason in found.loc[found["gone"] != "", ["name", "gone"]].itertuples(index=False):
        report.add(reason, name)
    return found[found["gone"] == ""].drop(columns="gone").reset_index(drop=True), report


def check_classes(pictures: pd.DataFrame, most: int) -> None:
    """Refuse more classes than are accepted, and fewer than two."""
    number = pictures["class"].nunique()
    if number > most:
        raise refusal("There are {number:,} class folders; at most {most:,} are accepted.", number=number, most=most)
    if number < 2:
        raise refusal("Fewer than two classes have training pictures; divide the pictures anew (--split-from new).")


def remarks(reading: Reading, pictures: pd.DataFrame) -> tuple[str, ...]:
    """Sentences on what a person would want to know of the classes and splits."""
    said = list(reading.notes)
    for part in [name for name in NONE_OF_SOME if name in set(pictures["split"])]:
        there = set(pictures.loc[pictures["split"] == part, "class"])
        missing = sorted(set(pictures["class"]) - there, key=natural)
        if missing:
            said.append(say(NONE_OF_SOME[part], classes=quoted(missing, 10)))
    return tuple(said)


@dataclass(frozen=True)
class Pixels:
    """Where decoded pictures are: rows of S px a side in one file, their clean copies in another."""

    slots: Path  # (N, side, side, 3) uint8
    copies: Path  # empty or absent where the slots have every pixel
    side: int

    def array(self) -> np.ndarray:
        """(N, S, S, 3) uint8 memory map."""
        size = self.side * self.side * 3
        shape = (self.slots.stat().st_size // size, self.side, self.side, 3)
        return np.memmap(self.slots, np.uint8, "r", shape=shape)


def write(
    folder: Path, pixels: Pixels, pictures: pd.DataFrame, about: dict[str, Any], native: int, report: LeftOutReport
) -> DatasetInfo:
    """All files of the data set in `folder`, of `pixels`. Raises Refused where the classes can't be divided.

    `pictures` has per picture class, split ("" where none is given), belongs, and what was found when it was decoded;
    `about` may say who divided them where the splits that are given are those of TL Lab, and that they have no labels.
    """
    side, decoded, labelled = pixels.side, pixels.array(), about.get("labelled", True)
    classes = tuple(sorted(set(pictures["class"]), key=natural))
    number = {name: position for position, name in enumerate(classes)}
    rows = pictures.assign(label=pictures["class"].map(number)).drop(columns=["class", "below"])
    rows["group"] = clusters(rows, Selected(decoded, rows["slot"].to_numpy()))
    drawn = not rows["split"].any()
    try:
        ordered = split.order(rows, classes)
    except split.TooSmall:
        if labelled:
            raise
        raise refusal(TOO_FEW_IN_ALL) from None
    if not labelled:
        classes, ordered["label"] = (), UNLABELLED
    index = _place(folder, pixels, ordered)
    write_parquet(folder / "index.parquet", index.drop(columns=["belongs", "notes"], errors="ignore"))
    write_json(folder / f"pictures-{side}.json", {"ready": len(index)})
    stored = np.memmap(folder / f"pictures-{side}.u8", np.uint8, "r", shape=(len(index), side, side, 3))
    found, names = LeftOutReport(), index["name"].to_numpy()
    for kind, row, other in leakage.pairs(index, stored):
        found.add(kind, f"{names[row]} = {names[other]}")
    noted = LeftOutReport()
    for name, notes in zip(index["name"], index["notes"], strict=True) if "notes" in index else ():
        for note in notes:
            noted.add(note, name)
    ways = {"splits": DIVIDED_HERE if drawn else GIVEN} | about | {"noted": noted.reasons}
    info = describe(index, classes, ways, native, report, found)
    write_json(folder / "dataset.json", info.stored())
    return info


def _place(folder: Path, pixels: Pixels, index: pd.DataFrame) -> pd.DataFrame:
    """Put pixels and copies into the order of the store; the index with their new places."""
    size = pixels.side * pixels.side * 3
    _copy(pixels.slots, ((slot * size, size) for slot in index["slot"]), folder / f"pictures-{pixels.side}.u8")
    if pixels.copies.exists() and pixels.copies.stat().st_size:
        _copy(pixels.copies, zip(index["start"], index["packed"], strict=True), folder / KEPT)
    return index.drop(columns=["slot", "short"]).assign(start=index["packed"].cumsum() - index["packed"])


def _copy(source: Path, pieces: Iterable[tuple[int, int]], target: Path) -> None:
    """The pieces (start, bytes) of a file one after another, on the disk for good: no more than one is in memory."""
    with open(source, "rb") as file, open(target, "wb") as out:
        for start, size in pieces:
            out.write(os.pread(file.fileno(), int(size), int(start)))
        out.flush()
        os.fsync(out.fileno())
