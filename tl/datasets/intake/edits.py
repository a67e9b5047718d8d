"""Classes as a person wants them: left out, renamed, merged, made smaller; the same for an upload and for a set that is here."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from tl.config import refusal
from tl.datasets.class_names import and_more, label, natural, same
from tl.datasets.info import TOO_FEW
from tl.languages import commas, english, later, listed, say
from tl.words import number_of

LEFT_OUT, TOO_MANY = later("of a class that was left out"), later("more than were wanted of a class")
LEAST = 3  # pictures of a class that can be divided into training, validation and test


@dataclass(frozen=True, kw_only=True)
class Edits:
    """What to change of the classes that were found, in this order. Raises Refused for numbers that can't be."""

    renames: Mapping[str, str] = field(default_factory=dict)  # class -> new name; classes with one new name are merged
    leave_out: tuple[str, ...] = ()  # classes, by their old or new name
    at_least: int | None = None  # classes with fewer different pictures are left out
    at_most: int | None = None  # pictures of a class, an even share of each split

    def __post_init__(self) -> None:
        if self.at_least is not None and self.at_least < 1:
            raise refusal("at least is {number}; it must be at least {least}.", number=self.at_least, least=1)
        if self.at_most is not None and self.at_most < LEAST:
            raise refusal("at most is {number}; it must be at least {least}.", number=self.at_most, least=LEAST)
        for old, new in self.renames.items():
            if label(new) != new:
                raise refusal(
                    "The class {name!r:.80} can't be called {wanted!r:.100}; give it a name of 1 to 80 characters.",
                    name=old,
                    wanted=new,
                )

    def __bool__(self) -> bool:
        return self != Edits()

    def in_words(self) -> list[str]:
        """What was changed, one phrase each."""
        merged: dict[str, list[str]] = {}
        for old, new in self.renames.items():
            merged.setdefault(new, []).append(old)
        said: list[str] = [
            say("{names} merged into {name!r}", names=listed(map(repr, old)), name=new)
            if len(old) > 1
            else say("{before!r} renamed {name!r}", before=old[0], name=new)
            for new, old in merged.items()
        ]
        if self.leave_out:
            said.append(say("{names} left out", names=commas(map(repr, self.leave_out))))
        if self.at_least is not None:
            said.append(
                say("classes with fewer than {pictures} left out", pictures=number_of(self.at_least, "picture"))
            )
        if self.at_most is not None:
            said.append(say("at most {pictures} a class", pictures=number_of(self.at_most, "picture")))
        return said


def apply(edits: Edits, pictures: pd.DataFrame) -> pd.DataFrame:
    """With columns class and gone ("" or why a picture is left out); `pictures` has class, split and sha256.

    Raises Refused for a class that is not there, and where fewer than two are left.
    """
    names = set(pictures["class"])
    unknown = [name for name in (*edits.renames, *edits.leave_out) if name not in names | set(edits.renames.values())]
    if unknown:
        shown = and_more([*map(repr, sorted(names, key=natural))])
        raise refusal("There is no class {name!r:.100}; the classes are {names}.", name=unknown[0], names=shown)
    renamed = pictures["class"].map(lambda name: edits.renames.get(name, name))
    for first, second, *_ in same({name: name for name in set(renamed)}):
        raise refusal(
            "{first!r:.80} and {second!r:.80} would be the same name for many computers; give one another name.",
            first=first,
            second=second,
        )
    gone = pd.Series("", index=pictures.index)
    gone[pictures["class"].isin(edits.leave_out) | renamed.isin(edits.leave_out)] = LEFT_OUT
    changed = pictures.assign(**{"class": renamed})
    if edits.at_least is not None:
        sizes = changed[gone == ""].groupby("class")["sha256"].nunique()
        small = changed["class"].isin(sizes[sizes < edits.at_least].index)
        gone[small & (gone == "")] = english(say(TOO_FEW, number=f"{edits.at_least:,}"))
    if edits.at_most is not None:
        kept = changed[gone == ""]
        gone[kept.index[_rank(kept) >= edits.at_most]] = TOO_MANY
    left = set(changed.loc[gone == "", "class"])
    if edits and len(left) < 2:
        text = later("That leaves {classes} of {total:,}; at least two are needed.")
        raise refusal(text, classes=number_of(len(left), "class"), total=len(names))
    return changed.assign(gone=gone)


def _rank(pictures: pd.DataFrame) -> np.ndarray:
    """Each picture's place in its class, by content and evenly from its splits: the first n are the ones to keep."""
    rows = pictures.reset_index(drop=True)
    rows = rows.sort_values("sha256", kind="stable")
    groups = rows.groupby(["class", "split"])["sha256"]
    rows = rows.assign(share=(groups.cumcount() + 0.5) / groups.transform("size"))
    ordered = rows.sort_values(["class", "share"], kind="stable")
    place = ordered.groupby("class").cumcount()
    ranks: np.ndarray = place.sort_index().to_numpy()
    return ranks
