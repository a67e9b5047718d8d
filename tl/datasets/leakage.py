"""Pictures that occur more than once: test pictures a network has seen in training make its accuracy look too good.

Equal ones are found by their pixels. Almost equal ones (scaled, recoloured, compressed again, the next shot of a series)
are found by a 64 bit difference hash and then compared pixel by pixel. Splits made here share none of them.
"""

from collections.abc import Iterator
from itertools import combinations

import numpy as np
import pandas as pd

from tl.languages import later

BITS = 3  # of the 64 that may differ
BAND = 16  # bits; of four bands at least one is the same where at most three bits differ
DIFFERENCE = 20  # of 255, mean over pixels and colours, that almost equal pictures may have
COMMON = 1_000  # pictures with the same band: such a pattern (a plain background) says nothing
PIECE = 100  # held out pictures whose pairs are in memory at a time
COMPARED = 200_000  # pairs at most that are compared pixel by pixel: some seconds
SPLITS = ("train", "validation", "test")
# Kinds, in files and for other programs in English; `reason_in_words` has them in the reader's language.
TWO_CLASSES = later("the same picture in two classes")
TWICE = later("the same picture more than once")
EQUAL = {
    ("train", "validation"): later("the same picture in training and validation"),
    ("train", "test"): later("the same picture in training and test"),
    ("validation", "test"): later("the same picture in validation and test"),
}
ALMOST = {
    ("train", "validation"): later("almost the same picture in training and validation"),
    ("train", "test"): later("almost the same picture in training and test"),
    ("validation", "test"): later("almost the same picture in validation and test"),
}
BELONGING = {
    ("train", "validation"): later("pictures that belong together in training and validation"),
    ("train", "test"): later("pictures that belong together in training and test"),
    ("validation", "test"): later("pictures that belong together in validation and test"),
}
ACROSS = (TWO_CLASSES, *EQUAL.values(), *ALMOST.values())  # those of pictures that are, or nearly are, the same


def pairs(index: pd.DataFrame, pixels: np.ndarray) -> Iterator[tuple[str, int, int]]:
    """(kind, row, other row) per doubled picture; `index` has label, split, sha256 and looks, `pixels` its rows.

    Where `index` has belongs, what the person says belongs together (not ""), also where that lies in two splits.
    """
    index = index.assign(row=np.arange(len(index)))
    yield from _equal(index)
    if "belongs" in index:
        yield from _belonging(index[index["belongs"] != ""])
    splits = index["split"].to_numpy()
    for row, other in _almost_equal(index, pixels):
        yield ALMOST[_between(splits[row], splits[other])], row, other


def _between(*splits: str) -> tuple[str, str]:
    first, second = sorted(splits, key=SPLITS.index)
    return first, second


def _equal(index: pd.DataFrame) -> Iterator[tuple[str, int, int]]:
    doubled = index[index.duplicated("sha256", keep=False)]
    for _, same in doubled.groupby("sha256", sort=False):
        first = {str(split): int(rows["row"].iloc[0]) for split, rows in same.groupby("split", sort=False)}
        for place, split in enumerate(first):
            for other in list(first)[:place]:
                yield EQUAL[_between(split, other)], first[split], first[other]
        by_label = same.drop_duplicates("label")["row"].tolist()
        if len(by_label) > 1:
            yield TWO_CLASSES, by_label[0], by_label[1]
        for _, copies in same.groupby(["split", "label"], sort=False):
            for row in copies["row"].iloc[1:].tolist():
                yield TWICE, row, int(copies["row"].iloc[0])


def _belonging(index: pd.DataFrame) -> Iterator[tuple[str, int, int]]:
    for _, rows in index.groupby("belongs", sort=False):
        first = rows.drop_duplicates("split")
        for one, other in combinations(first[["split", "row"]].to_numpy().tolist(), 2):
            yield BELONGING[_between(one[0], other[0])], one[1], other[1]


def _almost_equal(index: pd.DataFrame, pixels: np.ndarray) -> Iterator[tuple[int, int]]:
    """Pairs of row numbers, the first held out and not quite equal to the other: its first in each other split."""
    splits = index["split"].to_numpy()
    told, compared = set(), 0
    for row, other in _candidates(index):
        if (row, splits[other]) in told:
            continue
        if compared == COMPARED:
            return
        compared += 1
        if np.abs(pixels[row].astype(np.int16) - pixels[other]).mean() <= DIFFERENCE:
            told.add((row, splits[other]))
            yield row, other


def _candidates(index: pd.DataFrame) -> Iterator[tuple[int, int]]:
    """Sorted pairs (held out, any) in different splits, with different pixels that may look almost the same."""
    splits, content = pd.factorize(index["split"])[0], pd.factorize(index["sha256"])[0]
    held_out = np.flatnonzero(index["split"].to_numpy() != "train")
    for rows, others in near_pairs(index["looks"].to_numpy(np.uint64), held_out, splits, content):
        yield from zip(rows.tolist(), others.tolist(), strict=True)


def near_pairs(
    looks: np.ndarray, wanted: np.ndarray, *different: np.ndarray
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Sorted pairs (one of the rows `wanted`, any later one) whose difference hashes, `looks`, are nearly the same.

    Each of `different` (n,) differs between the two. A part of them at a time: few are in memory.
    """
    bands = [(looks >> np.uint64(shift)) & np.uint64(2**BAND - 1) for shift in range(0, 64, BAND)]
    shows = np.bitwise_count(looks) > BITS  # a plain picture's hash has no bits, and says nothing
    ordered = [(band, np.argsort(band, kind="stable")) for band in bands]
    for first in range(0, len(wanted), PIECE):
        kept = []
        for band, order in ordered:
            rows, others = _same_band(wanted[first : first + PIECE], band, order)
            near = np.bitwise_count(looks[rows] ^ looks[others]) <= BITS
            near &= shows[rows] & (rows < others)  # each pair comes once
            for values in different:
                near &= values[rows] != values[others]
            kept.append(rows[near] * len(looks) + others[near])
        rows, others = np.divmod(np.unique(np.concatenate(kept)), len(looks))
        yield rows, others


def _same_band(rows: np.ndarray, band: np.ndarray, order: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Pairs (of `rows`, any) with the same value in `band`, which `order` sorts; without those that are too common."""
    start, stop = (np.searchsorted(band, band[rows], side, order) for side in ("left", "right"))
    width = np.where(stop - start <= COMMON, stop - start, 0)
    inside = np.arange(width.sum()) - np.repeat(np.cumsum(width) - width, width)
    return np.repeat(rows, width), order[np.repeat(start, width) + inside]
