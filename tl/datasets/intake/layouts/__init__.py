"""Ways to read an archive, one file a way; all plausible ones, the likelier first."""

from dataclasses import replace

from tl.datasets.intake.layouts import annotations, file_names, folders, tables
from tl.datasets.intake.layouts.reading import FILE_NAME, LayoutInput, Place, Reading
from tl.languages import later, say

READERS = {"folders": folders, "annotations": annotations, "tables": tables, "file names": file_names}  # not shown
WITHIN = 45.0  # of the likeliest reading's likelihood: others are not worth a question
MOST = 6  # readings that are offered
VALIDATION_IS_TEST = later(
    "The validation pictures became the test set, and some of the training pictures are now used for validation."
)


def read(found: LayoutInput) -> list[Reading]:
    """All plausible readings, the likelier first; none that makes fewer than two classes, and no two the same."""
    every = [
        reading for reader in READERS.values() for reading in reader.readings(found) if _makes_classes(reading, found)
    ]
    every.sort(key=lambda reading: -reading.likely)
    kept: list[Reading] = []
    for reading in every:
        if reading.likely >= every[0].likely - WITHIN and not any(_adds_nothing(reading, other) for other in kept):
            kept.append(_told(reading))
    return kept[:MOST]


def _adds_nothing(reading: Reading, likelier: Reading) -> bool:
    """Whether it is the likelier one with fewer pictures, or without its splits."""
    pairs = zip(reading.places, likelier.places, strict=True)
    if reading.asked.split_from:  # made for its splits
        return all(one == other for one, other in pairs)
    return all(isinstance(one, str) or (isinstance(other, Place) and one.label == other.label) for one, other in pairs)


def _makes_classes(reading: Reading, found: LayoutInput) -> bool:
    names = reading.classes
    if not 2 <= len(names) <= found.most_classes:
        return False
    return bool(reading.table) or reading.asked.classes_from == FILE_NAME or not all(map(folders.tells_nothing, names))


def _told(reading: Reading) -> Reading:
    """With a sentence where the test set is not what the folders call so."""
    if reading.splits.keys() == {"train", "validation"}:
        return replace(reading, notes=(*reading.notes, say(VALIDATION_IS_TEST)))
    return reading


__all__ = ["LayoutInput", "Place", "Reading", "read"]
