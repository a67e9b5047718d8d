"""both_sets.json: where pictures of both data sets of a run lie by what reaches the head of its network, before and after it.

Two numbers a picture: what reaches the head is not kept. Whole or not there at all.
"""

from pathlib import Path
from typing import Annotated

from msgspec import Meta, Struct, to_builtins

from tl.store.documents import Count, Finite, Share, of_type
from tl.store.files import read_json, write_json

MOST = 2_000  # pictures that a file can hold
Place = tuple[Finite, Finite]
Amount = Annotated[float, Meta(ge=0, le=2)]  # a proxy A-distance


class Apart(Struct, frozen=True, kw_only=True):
    """How well a linear classifier tells the two sets apart (tl.analysis.adaptation.distance), with its 95 % interval."""

    value: Amount
    low: Amount
    high: Amount
    told_apart: Share


class Seen(Struct, frozen=True, kw_only=True):
    """What one network makes of the pictures."""

    places: Annotated[list[Place], Meta(max_length=MOST)]  # of each, along the two first principal components
    explained: tuple[Share, Share]  # share of the variance that each of them explains
    apart: Apart | None = None  # None: too few pictures


class BothSets(Struct, frozen=True, kw_only=True):
    """n pictures, the source's first."""

    picture: Annotated[list[Count], Meta(max_length=MOST)]  # (n,) place in its data set
    label: Annotated[list[Annotated[int, Meta(ge=-1)]], Meta(max_length=MOST)]  # (n,) class; -1: nobody has labelled it
    of_source: Count  # so many are the source's, the others the target's
    random: bool  # whether the network started from random weights
    before: Seen  # by the network as it started
    after: Seen  # by that of its best epoch


def read_both_sets(path: Path) -> BothSets | None:
    """What was found; None where there is nothing, or it is damaged or not complete."""
    found = of_type(read_json(path), BothSets)
    if found is None:
        return None
    lengths = {len(found.picture), len(found.label), len(found.before.places), len(found.after.places)}
    return found if len(lengths) == 1 and 0 < found.of_source < len(found.picture) else None


def write_both_sets(path: Path, found: BothSets) -> None:
    write_json(path, to_builtins(found))
