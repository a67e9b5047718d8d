"""Which picture is for training, validation or test, and in which order: decided by content, never by chance or name.

What belongs together (equal and almost equal pictures, a patient, a video) is a cluster and never lies on both sides of
a split that is made here.
"""

import hashlib
from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
import pandas as pd

from tl.config import Refused
from tl.datasets.allotment import Impossible, Places, allot
from tl.languages import commas, later, later_plural, plural, say
from tl.store.pictures import SPLITS

SHARE = 15  # percent of a class for test, and for validation
MAX_VALIDATION = 2_500  # pictures, where validation is taken from given training pictures
MIN_CLUSTERS = 3  # of a class, one per split
ATTEMPTS = 100  # to divide by another seed what can't be divided in the order that the first gives
NAMED = 30  # classes at most that a sentence names
KEPT_TOGETHER = later("equal and almost equal pictures and those of one group stay on one side of a split")


class _Need(NamedTuple):
    """How many clusters a class needs, and what is said of classes that have fewer."""

    clusters: int
    several: str  # of several classes
    several_together: str  # of several, where some have pictures enough, but not clusters
    few: tuple[str, str]  # of one with so many pictures
    one: str  # of one whose pictures all belong together
    clustered: str  # of one with more than one cluster


TO_DIVIDE = _Need(
    MIN_CLUSTERS,
    later(
        "{number:,} of {total:,} classes have too few different readable pictures: {classes}; each needs at least {needed}, "
        "one each for training, validation and test."
    ),
    later(
        "{number:,} of {total:,} classes have too few different readable pictures: {classes}; each needs at least {needed}, "
        "one each for training, validation and test; {together}."
    ),
    later_plural(
        "The class {name!r} has only {number} readable picture; at least {needed} are needed, one each for training, "
        "validation and test.",
        "The class {name!r} has only {number} different readable pictures; at least {needed} are needed, one each for "
        "training, validation and test.",
    ),
    later(
        "The class {name!r} can't be divided: all its {number} pictures belong together ({together}); at least {needed} "
        "clusters are needed, one each for training, validation and test."
    ),
    later(
        "The class {name!r} can't be divided: its {number} pictures form only {clusters} clusters, of {largest} and "
        "{smallest} pictures ({together}); at least {needed} clusters are needed, one each for training, validation and test."
    ),
)
TO_VALIDATE = _Need(
    2,
    later(
        "{number:,} of {total:,} classes have too few different readable pictures for training: {classes}; each needs at "
        "least {needed}, one of them for validation."
    ),
    later(
        "{number:,} of {total:,} classes have too few different readable pictures for training: {classes}; each needs at "
        "least {needed}, one of them for validation; {together}."
    ),
    later_plural(
        "The class {name!r} has only {number} readable picture for training; at least {needed} are needed, one of them for "
        "validation.",
        "The class {name!r} has only {number} different readable pictures for training; at least {needed} are needed, one "
        "of them for validation.",
    ),
    later(
        "The class {name!r} can't be divided: all its {number} pictures for training belong together ({together}); at least "
        "{needed} clusters are needed, one of them for validation."
    ),
    later(
        "The class {name!r} can't be divided: its {number} pictures for training form only {clusters} clusters, of "
        "{largest} and {smallest} pictures ({together}); at least {needed} clusters are needed, one of them for validation."
    ),
)


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
        return _drawn(pictures, classes, ["", *(f"again {attempt}" for attempt in range(1, ATTEMPTS))])  # not shown
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
        sentence = plural(
            "The class {classes} has no picture left for training; add more different pictures.",
            "The classes {classes} have no picture left for training; add more different pictures.",
            len(gone),
            classes=commas(map(repr, gone[:NAMED])),
        )
        raise TooSmall(sentence, gone, MIN_CLUSTERS)


def redraw(pictures: pd.DataFrame, classes: tuple[str, ...], seed: int) -> pd.DataFrame:
    """The same pictures in splits of this seed, as `order` gives them: by content and seed alone, on every machine.

    Copies of one picture keep their order among themselves. Raises Refused where the pictures can't be divided.
    """
    salts = [f"{seed}", *(f"{seed} again {attempt}" for attempt in range(1, ATTEMPTS))]  # not shown
    return _drawn(pictures, classes, salts)


def reordered(pictures: pd.DataFrame, classes: tuple[str, ...], seed: int) -> pd.DataFrame:
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
    raise problem or AssertionError("no salts")  # not shown


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
    _check_sizes(weights, classes, TO_DIVIDE)
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
    _check_sizes(weights, classes, TO_VALIDATE)
    for label, clusters in weights.items():
        number = sum(clusters.values())
        share = max(1, min(number * SHARE // 100, number * MAX_VALIDATION // total))
        places[label] = {"validation": share, "train": number - share}
    split_of = allot(weights, places, classes)
    taken = train & units.map(lambda unit: split_of.get(unit) == "validation")
    return list(pictures["split"].mask(taken, "validation"))


def _check_sizes(weights: dict[int, dict[str, int]], classes: tuple[str, ...], need: _Need) -> None:
    """Raises TooSmall, naming all of them, where classes have fewer clusters than they need."""
    small = {label: clusters for label, clusters in weights.items() if len(clusters) < need.clusters}
    if len(small) == 1:
        ((label, clusters),) = small.items()
        raise TooSmall(_too_few(classes[label], clusters, need), [classes[label]], need.clusters)
    if small:
        sizes = {classes[label]: sum(clusters.values()) for label, clusters in small.items()}
        shown = commas(f"{name!r} ({number})" for name, number in list(sizes.items())[:NAMED])
        if len(sizes) > NAMED:
            shown = say("{list} and {number:,} more", list=shown, number=len(sizes) - NAMED)
        clustered = any(sum(own.values()) >= need.clusters for own in small.values())
        sentence = say(
            need.several_together if clustered else need.several,
            number=len(sizes),
            total=len(classes),
            classes=shown,
            needed=need.clusters,
            together=say(KEPT_TOGETHER),
        )
        raise TooSmall(sentence, list(sizes), need.clusters)


def _too_few(name: str, clusters: dict[str, int], need: _Need) -> str:
    """Why a class can't be divided, in one sentence."""
    number = sum(clusters.values())
    if number == len(clusters):
        return plural(*need.few, number, name=name, needed=need.clusters)
    return say(
        need.one if len(clusters) == 1 else need.clustered,
        name=name,
        number=number,
        clusters=len(clusters),
        largest=max(clusters.values()),
        smallest=min(clusters.values()),
        together=say(KEPT_TOGETHER),
        needed=need.clusters,
    )
