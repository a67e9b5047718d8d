"""A new split for every seed: the pictures of a set without a test set of its own, divided anew."""

import numpy as np
import pandas as pd

from tl.config import Refused
from tl.datasets.corrections import ORIGIN
from tl.datasets.split import order, redraw, reordered
from tl.store.pictures import SPLITS, PictureStore
from tl.store.redrawn import RedrawnStore

NEEDED = ["label", "sha256"]  # and "group", in data sets of this version


def redrawn(store: PictureStore, index: pd.DataFrame, seed: int, divided: pd.DataFrame | None = None) -> RedrawnStore:
    """`store` in the splits of `seed`, of about the same sizes: decided by content and seed, with clusters whole.

    `index` has a row per picture of the store; where pictures were corrected `divided` holds all there were, as they
    were labelled: they are divided, and those that are left keep their splits. Raises Refused where its pictures can't
    be divided.
    """
    pictures = index[[*NEEDED, *({"group"} & {*index})]].assign(row=np.arange(len(index)), split="")
    if divided is None:
        drawn = redraw(pictures, store.classes, seed)
    else:
        before = redraw(divided.assign(row=np.arange(len(divided)), split=""), store.classes, seed)
        splits = before.set_index("row")["split"]
        drawn = reordered(pictures.assign(split=splits.loc[index[ORIGIN]].to_numpy()), store.classes, seed)
    rows = drawn["row"].to_numpy(np.int64)
    sizes = {split: int((drawn["split"] == split).sum()) for split in SPLITS}
    groups = None if store.groups is None else store.groups[rows]
    return RedrawnStore(store.folder, store.resolution, sizes, store.classes, store.labels[rows], groups, order=rows)


def together(store: PictureStore) -> RedrawnStore:
    """All pictures of `store` as training pictures: those it trains on first, then those of validation and of test."""
    rows = np.concatenate([store.pictures_of(split) for split in reversed(SPLITS)])
    sizes = {split: len(rows) if split == "train" else 0 for split in SPLITS}
    groups = None if store.groups is None else store.groups[rows]
    return RedrawnStore(store.folder, store.resolution, sizes, store.classes, store.labels[rows], groups, order=rows)


def divided_by_content(index: pd.DataFrame, classes: tuple[str, ...]) -> bool:
    """Whether the splits of an index are those that TL Lab gives pictures which come without."""
    if not {*NEEDED, "split"} <= {*index}:
        return False
    pictures = index[[*NEEDED, *({"group"} & {*index})]].assign(row=np.arange(len(index)), split="")
    try:
        again = order(pictures, classes).set_index("row").sort_index()
    except Refused:
        return False
    return bool((again["split"].to_numpy() == index["split"].to_numpy()).all())
