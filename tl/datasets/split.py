"""Which picture is for training, validation or test, and in which order: decided by content, never by chance or name.

What belongs together (equal and almost equal pictures, a patient, a video) is a cluster and never lies on both sides of
a split that is made here.
"""

import hashlib
from collections.abc import Iterable

import numpy as np
import pandas as pd

from tl.config import Refused
from tl.datasets.allotment import Impossible, Places, allot
from tl.store.pictures import SPLITS

SHARE = 15  # percent of a class for test, and for validation
MAX_VALIDATION = 2_500  # pictures, where validation is taken from given training pictures
MIN_CLUSTERS = 3  # of a class, one per split
ATTEMPTS = 100  # to divide by another seed what can't be divided in the order that the first gives
NAMED = 30  # classes at most that a sentence names
KEPT_TOGETHER = "equal and almost equal pictures and those of one group stay on one side of a split"


class TooSmall(Refused):
    """Classes can't be divided for want of pictures; without them the others can."""

    def __init__(self, sentence: str, classes: list[str], least: int) -> None:
        super().__init__(sentence)
        self.classes, self.least = classes, least  # different pictures each has to have


def order(pictures: pd.DataFrame, classes: tuple[str, ...]) -> pd.DataFrame:
    """Rows in the order of the store: test, validation, train, each in nested stratified order.

    `pictures` has columns label (class number), sha256, split ("" or what the archive says) and, where some belong
    together, group (their cluster's number, -1 alone). The result has the same columns with every split filled in.
    Given splits stay, also where one has no picture of some class. Raises TooSmall where classes have too few pictures.
    """
    given = set(pictures["split"])
    if given == {""}:
        return _drawn(pictures, classes, ["", *(f"again {attempt}" for attempt in range(1, ATTEMPTS))])
    pictures = pictures.sort_values(["label", "sha256"], kind="stable", ignore_index=True)
    if "test" not in given:
        pictures["split"] = pictures["split"].replace("validation", "test")
    if given != set(SPLITS):
        pictures["split"] = _take_validation(pictures, _units(pictures), classes)
    _check_trained(pictures, classes)
    return _in_order(pictures)


def _check_trained(pictures: pd.DataFrame, classes: tuple[str, ...]) -> None:
    in_training = set(pictures.loc[pictures["split"] == "train", "label"])
    if gone := [name for number, name in enumerate(classes) if number not in in_training]:
        shown = ", ".join(map(repr, gone[:NAMED]))
        which = f"class {shown} has" if len(gone) == 1 else f"classes {shown} have"
        raise TooSmall(f"The {which} no picture left for training; add more different pictures.", gone, MIN_CLUSTERS)


def redraw(pictures: pd.DataFrame, classes: tuple[str, ...], seed: int) -> pd.DataFrame:
    """The same pictures in splits of this seed, as `order` gives them: by content and seed alone, on every machine.

    Copies of one picture keep their order among themselves. Raises Refused where the pictures can't be divided.
    """
    return _drawn(pictures, classes, [f"{seed}", *(f"{seed} again {attempt}" for attempt in range(1, ATTEMPTS))])


def again(pictures: pd.DataFrame, classes: tuple[str, ...], seed: int) -> pd.DataFrame:
    """Pictures whose splits were drawn by `redraw` before some were set aside or relabelled, in the order of the store.

    Raises TooSmall where a class has no training picture left.
    """
    _check_trained(pictures, classes)
    keys = pictures["sha256"].map(lambda digest: _salted(f"{seed}", digest))
    return _in_order(pictures.iloc[np.lexsort((keys, pictures["label"]))].reset_index(drop=True))


def _drawn(pictures: pd.DataFrame, classes: tuple[str, ...], salts: Iterable[str]) -> pd.DataFrame:
    """In the order of the store, divided in the order of the first salted hashes in which that is possible."""
    pictures, units = pictures.reset_index(drop=True), _units(pictures.reset_index(drop=True))
    problem: Impossible | None = None
    for salt in salts:
        keys = pictures["sha256"].map(lambda digest, salt=salt: _salted(salt, digest))
        rows = np.lexsort((keys, pictures["label"]))
        salted = units.map(lambda unit, salt=salt: _salted(salt, unit)).iloc[rows]
        drawn = pictures.iloc[rows].reset_index(drop=True)
        try:
            drawn["split"] = _divide(drawn, salted.reset_index(drop=True), classes)
        except Impossible as impossible:
            problem = impossible
            continue
        return _in_order(drawn)
    raise problem or AssertionError("no salts")


def _salted(salt: str, digest: str) -> str:
    return hashlib.sha256(f"{salt} {digest}".encode()).hexdigest() if salt else digest


def _units(pictures: pd.DataFrame) -> pd.Series:
    """Each picture's cluster by its smallest content hash; a picture alone is its own."""
    content = pictures["sha256"]
    if "group" not in pictures:
        return content
    return content.groupby(pictures["group"]).transform("min").where(pictures["group"] >= 0, content)


def _in_order(pictures: pd.DataFrame) -> pd.DataFrame:
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


def _weights(pictures: pd.DataFrame, units: pd.Series) -> dict[int, dict[str, int]]:
    """Class -> cluster -> different pictures of that class in it."""
    columns = (pictures["label"].tolist(), units.tolist(), pictures["sha256"].tolist())
    found: dict[int, dict[str, int]] = {}
    for label, unit, _ in dict.fromkeys(zip(*columns, strict=True)):
        clusters = found.setdefault(label, {})
        clusters[unit] = clusters.get(unit, 0) + 1
    return found


def _divide(pictures: pd.DataFrame, units: pd.Series, classes: tuple[str, ...]) -> list[str]:
    """70/15/15 within each class by content hash, whole clusters, also across classes. Raises Impossible."""
    weights = _weights(pictures, units)
    places: dict[int, Places] = {}
    _check_sizes(weights, classes, "", MIN_CLUSTERS, "one each for training, validation and test")
    for label, clusters in weights.items():
        number = sum(clusters.values())
        share = max(1, round(number * SHARE / 100))
        places[label] = {"test": share, "validation": share, "train": number - 2 * share}
    split_of = allot(weights, places, classes)
    return [split_of[unit] for unit in units]


def _take_validation(pictures: pd.DataFrame, units: pd.Series, classes: tuple[str, ...]) -> list[str]:
    """Split column with 15 % of the training pictures (at most 2,500 in all) made validation, by content hash."""
    train = pictures["split"] == "train"
    weights, total = _weights(pictures[train], units[train]), int(train.sum())
    places: dict[int, Places] = {}
    _check_sizes(weights, classes, " for training", 2, "one of them for validation")
    for label, clusters in weights.items():
        number = sum(clusters.values())
        share = max(1, min(number * SHARE // 100, number * MAX_VALIDATION // total))
        places[label] = {"validation": share, "train": number - share}
    split_of = allot(weights, places, classes)
    taken = train & units.map(lambda unit: split_of.get(unit) == "validation")
    return list(pictures["split"].mask(taken, "validation"))


def _check_sizes(
    weights: dict[int, dict[str, int]], classes: tuple[str, ...], what_for: str, needed: int, why: str
) -> None:
    """Raises TooSmall, naming all of them, where classes have fewer than `needed` clusters."""
    small = {label: clusters for label, clusters in weights.items() if len(clusters) < needed}
    if len(small) == 1:
        ((label, clusters),) = small.items()
        raise TooSmall(_too_few(classes[label], clusters, what_for, needed, why), [classes[label]], needed)
    if small:
        sizes = {classes[label]: sum(clusters.values()) for label, clusters in small.items()}
        shown = ", ".join(f"{name!r} ({number})" for name, number in list(sizes.items())[:NAMED])
        more = f" and {len(sizes) - NAMED:,} more" if len(sizes) > NAMED else ""
        together = f"; {KEPT_TOGETHER}" if any(sum(own.values()) >= needed for own in small.values()) else ""
        raise TooSmall(
            f"{len(sizes):,} of {len(classes):,} classes have too few different readable pictures{what_for}: {shown}{more}"
            f"; each needs at least {needed}, {why}{together}.",
            list(sizes),
            needed,
        )


def _too_few(name: str, clusters: dict[str, int], what_for: str, needed: int, why: str) -> str:
    """Why a class can't be divided, in one sentence."""
    number = sum(clusters.values())
    if number == len(clusters):
        counted = "only 1 readable picture" if number == 1 else f"only {number} different readable pictures"
        return f"The class {name!r} has {counted}{what_for}; at least {needed} are needed, {why}."
    if len(clusters) == 1:
        counted = f"all its {number} pictures{what_for} belong together"
    else:
        counted = (
            f"its {number} pictures{what_for} form only {len(clusters)} clusters, of {max(clusters.values())} and "
        )
        counted += f"{min(clusters.values())} pictures"
    return f"The class {name!r} can't be divided: {counted} ({KEPT_TOGETHER}); at least {needed} clusters are needed, {why}."
