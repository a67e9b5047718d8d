"""What is said of a data set that was brought in: what it holds, what was left out, what belongs together."""

from collections import Counter
from typing import Any

import pandas as pd

from tl.datasets.class_names import label
from tl.datasets.info import DatasetInfo
from tl.datasets.info import ReasonCount as Left

SHOWN_SPLITS = ("train", "validation", "test")
FIRST_NAMES = 5


class LeftOutReport:
    """What was left out and why: reason -> count and the first names."""

    def __init__(self) -> None:
        self.reasons: dict[str, Left] = {}
        self.entries: list[tuple[str, str]] = []  # (reason, name) of each

    def add(self, reason: str, name: str) -> None:
        """Count one entry."""
        self.entries.append((reason, name))
        entry = self.reasons.setdefault(reason, {"count": 0, "first": []})
        entry["count"] += 1
        if len(entry["first"]) < FIRST_NAMES:
            entry["first"].append(label(name, 200))


def describe(
    index: pd.DataFrame,
    classes: tuple[str, ...],
    about: dict[str, Any],
    native: int,
    report: LeftOutReport,
    found: LeftOutReport,
) -> DatasetInfo:
    """What dataset.json says: `index` has a row per picture with label, split and group; `about` its other fields."""
    held = Counter(zip(index["label"].tolist(), index["split"].tolist(), strict=True))
    sizes: dict[str, Any] = {split: int((index["split"] == split).sum()) for split in SHOWN_SPLITS}
    return DatasetInfo(
        **about,
        **sizes,
        classes=classes,
        native_resolution=native,
        counts={name: {split: held[number, split] for split in SHOWN_SPLITS} for number, name in enumerate(classes)},
        left_out=report.reasons,
        leakage=found.reasons,
        groups=index.loc[index["group"] >= 0, "group"].nunique(),
        grouped=int((index["group"] >= 0).sum()),
        crowded=_crowded(index, classes),
    )


def _crowded(index: pd.DataFrame, classes: tuple[str, ...]) -> dict[str, int]:
    """Classes of which more than half is one cluster: one split gets it all, the others what is left."""
    if not classes:
        return {}
    sizes = index["label"].value_counts()
    largest = index[index["group"] >= 0].groupby(["label", "group"]).size().groupby("label").max()
    found = zip(largest.index.tolist(), largest.tolist(), strict=True)
    return {classes[number]: size for number, size in found if 2 * size > sizes[number]}
