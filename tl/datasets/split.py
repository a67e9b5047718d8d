"""Which picture is for training, validation or test, and in which order: decided by content, never by chance or name."""

import numpy as np
import pandas as pd

from tl.config import Refused
from tl.store.pictures import SPLITS

SHARE = 15  # percent of a class for test, and for validation
MAX_VALIDATION = 2_500  # pictures, where validation is taken from given training pictures
MIN_PICTURES = 3  # different ones of a class, one per split


def order(pictures: pd.DataFrame, classes: tuple[str, ...]) -> pd.DataFrame:
    """Rows in the order of the store: test, validation, train, each in nested stratified order.

    `pictures` has columns label (class number), sha256 and split ("" or what the archive says); the result has the
    same columns with every split filled in. Raises Refused where a class has too few pictures.
    """
    given = set(pictures["split"])
    pictures = pictures.sort_values(["label", "sha256"], kind="stable", ignore_index=True)
    if given == {""}:
        pictures["split"] = _divide(pictures, classes)
    else:
        _check_same_classes(pictures, classes)
        if "test" not in given:
            pictures["split"] = pictures["split"].replace("validation", "test")
        if given != set(SPLITS):
            pictures["split"] = _take_validation(pictures, classes)
    in_training = set(pictures.loc[pictures["split"] == "train", "label"])
    for number, name in enumerate(classes):
        if number not in in_training:
            raise Refused(f"The class {name!r} has no picture left for training; add more different pictures.")
    place = pd.Categorical(pictures["split"], SPLITS).codes
    rows = np.lexsort((pictures["label"], _evenness(pictures), place))
    return pictures.iloc[rows].reset_index(drop=True)


def _evenness(pictures: pd.DataFrame) -> np.ndarray:
    """Where in its class and split a picture stands, 0..1: sorted by it, every prefix is as balanced as the whole.

    The first of each class come before all others: a few pictures, too, hold every class.
    """
    groups = pictures.groupby(["split", "label"])["label"]
    place = groups.cumcount()
    return ((place + 0.5) / groups.transform("size")).where(place > 0, 0.0).to_numpy()


def _divide(pictures: pd.DataFrame, classes: tuple[str, ...]) -> list[str]:
    """70/15/15 within each class by content hash; equal pictures share their split, also across classes."""
    split_of: dict[str, str] = {}
    for number, hashes in pictures.groupby("label")["sha256"]:
        hashes = list(dict.fromkeys(hashes))
        if len(hashes) < MIN_PICTURES:
            raise Refused(
                f"The class {classes[number]!r} has {_counted(len(hashes))}; at least {MIN_PICTURES} are needed,"
                " one each for training, validation and test."
            )
        share = max(1, round(len(hashes) * SHARE / 100))
        open_places = {"test": share, "validation": share, "train": len(hashes) - 2 * share}
        for digest in hashes:
            if digest in split_of:
                open_places[split_of[digest]] -= 1
        for digest in hashes:
            if digest not in split_of:
                split_of[digest] = next((split for split, places in open_places.items() if places > 0), "train")
                open_places[split_of[digest]] -= 1
    return [split_of[digest] for digest in pictures["sha256"]]


def _take_validation(pictures: pd.DataFrame, classes: tuple[str, ...]) -> list[str]:
    """Split column with 15 % of the training pictures (at most 2,500 in all) made validation, by content hash."""
    train = pictures[pictures["split"] == "train"]
    total = len(train)
    chosen: set[str] = set()
    for number, hashes in train.groupby("label")["sha256"]:
        hashes = list(dict.fromkeys(hashes))
        if len(hashes) < 2:
            raise Refused(
                f"The class {classes[number]!r} has {_counted(len(hashes))} for training; at least 2 are needed,"
                " one of them for validation."
            )
        share = max(1, min(len(hashes) * SHARE // 100, len(hashes) * MAX_VALIDATION // total))
        chosen.update(hashes[:share])
    taken = (pictures["split"] == "train") & pictures["sha256"].isin(chosen)
    return list(pictures["split"].mask(taken, "validation"))


def _counted(number: int) -> str:
    return "only 1 readable picture" if number == 1 else f"only {number} different readable pictures"


def _check_same_classes(pictures: pd.DataFrame, classes: tuple[str, ...]) -> None:
    present = pictures.groupby("split")["label"].agg(set)
    for split, numbers in present.items():
        missing = sorted(set(range(len(classes))) - numbers)
        if missing:
            names = ", ".join(repr(classes[number]) for number in missing[:5])
            raise Refused(
                f"The {split} folder has no readable picture of the class {names}; every split needs the same classes."
            )
