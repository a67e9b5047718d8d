"""Pictures that occur more than once: test pictures a network has seen in training make its accuracy look too good.

Equal ones are found by their pixels. Almost equal ones (scaled, recoloured, compressed again, the next shot of a series)
are found by a 64 bit difference hash and then compared pixel by pixel. Splits made here never share equal pictures.
"""

from collections.abc import Iterator

import numpy as np
import pandas as pd

BITS = 3  # of the 64 that may differ
BAND = 16  # bits; of four bands at least one is the same where at most three bits differ
DIFFERENCE = 20  # of 255, mean over pixels and colours, that almost equal pictures may have
COMMON = 1_000  # pictures with the same band: such a pattern (a plain background) says nothing
SPLITS = {"train": "training", "validation": "validation", "test": "test"}
TWO_CLASSES = "the same picture in two classes"
TWICE = "the same picture more than once"


def find(index: pd.DataFrame, pixels: np.ndarray) -> Iterator[tuple[str, str]]:
    """(kind, "a = b") per doubled picture; `index` has name, label, split, sha256 and looks, `pixels` its rows."""
    yield from _equal(index)
    names, splits = index["name"].to_numpy(), index["split"].to_numpy()
    told = set()
    for row, other in _almost_equal(index, pixels):
        kind = f"almost the same picture in {_between(splits[row], splits[other])}"
        if (kind, row) not in told:
            told.add((kind, row))
            yield kind, f"{names[row]} = {names[other]}"


def _between(*splits: str) -> str:
    first, second = sorted(splits, key=list(SPLITS).index)
    return f"{SPLITS[first]} and {SPLITS[second]}"


def _equal(index: pd.DataFrame) -> Iterator[tuple[str, str]]:
    doubled = index[index.duplicated("sha256", keep=False)]
    for _, same in doubled.groupby("sha256", sort=False):
        first = {split: rows.iloc[0] for split, rows in same.groupby("split", sort=False)}
        for place, split in enumerate(first):
            for other in list(first)[:place]:
                pair = f"{first[split]['name']} = {first[other]['name']}"
                yield f"the same picture in {_between(split, other)}", pair
        by_label = list(same.drop_duplicates("label")["name"])
        if len(by_label) > 1:
            yield TWO_CLASSES, " = ".join(by_label[:2])
        for _, copies in same.groupby(["split", "label"], sort=False):
            for name in copies["name"].iloc[1:]:
                yield TWICE, f"{name} = {copies['name'].iloc[0]}"


def _almost_equal(index: pd.DataFrame, pixels: np.ndarray) -> Iterator[tuple[int, int]]:
    """Pairs of row numbers, the first held out (test or validation), in different splits and not quite equal."""
    looks = index["looks"].to_numpy(np.uint64)
    splits, content = pd.factorize(index["split"])[0], pd.factorize(index["sha256"])[0]
    held_out = np.flatnonzero(index["split"].to_numpy() != "train")
    pairs = {pair for shift in range(0, 64, BAND) for pair in _same_band(looks, held_out, shift)}
    for row, other in sorted(pairs):
        if row > other or splits[row] == splits[other] or content[row] == content[other]:
            continue  # rows lie test, validation, train: each pair comes once
        if np.abs(pixels[row].astype(np.int16) - pixels[other]).mean() <= DIFFERENCE:
            yield row, other


def _same_band(looks: np.ndarray, held_out: np.ndarray, shift: int) -> Iterator[tuple[int, int]]:
    """Pairs (held out, any) whose 16 bits at `shift` are the same and that differ in few of all."""
    band = (looks >> np.uint64(shift)) & np.uint64(2**BAND - 1)
    order = np.argsort(band, kind="stable")
    start, stop = (np.searchsorted(band[order], band[held_out], side) for side in ("left", "right"))
    width = np.where(stop - start <= COMMON, stop - start, 0)
    for first in range(0, len(held_out), COMMON):  # piece by piece: memory stays small
        piece = slice(first, first + COMMON)
        rows = np.repeat(held_out[piece], width[piece])
        inside = np.arange(len(rows)) - np.repeat(np.cumsum(width[piece]) - width[piece], width[piece])
        others = order[np.repeat(start[piece], width[piece]) + inside]
        near = np.bitwise_count(looks[rows] ^ looks[others]) <= BITS
        yield from zip(rows[near].tolist(), others[near].tolist(), strict=True)
