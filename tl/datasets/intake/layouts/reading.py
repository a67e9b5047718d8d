"""What a reader finds: one way in which the pictures of an archive make classes and splits. Opens no file."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

from tl.datasets.class_names import natural
from tl.datasets.lookup import Lookup
from tl.languages import commas, later, say
from tl.words import number_of

OUTSIDE = later("not in a class folder")
SPLITS = ("train", "validation", "test")
PARENT, FILE_NAME, NEW, GIVEN = "parent", "file-name", "new", "given"  # words of the options below


class Place(NamedTuple):
    """Where one picture belongs."""

    split: str  # key of SPLITS; "": TL Lab divides
    label: str  # the class, as the archive spells it
    below: str = ""  # first folder below the class folder, "" where there is none


@dataclass(frozen=True, kw_only=True)
class LayoutRequest:
    """What a person says of how an archive is to be read; "" leaves it to TL Lab."""

    classes_from: str = ""  # 2, 1+2, parent, photos/*, file-name, or TABLE[:COLUMN]
    split_from: str = ""  # 1, new, given, or TABLE:COLUMN
    domain_from: str = ""  # 1, or 1:photo,sketch to keep only these

    @property
    def options(self) -> str:
        """As the command line takes it."""
        said = (("classes", self.classes_from), ("split", self.split_from), ("domain", self.domain_from))
        return " ".join(f"--{name}-from {_quoted(value)}" for name, value in said if value)  # not shown


AS_FOUND = LayoutRequest()  # nothing is asked: the likeliest


def _quoted(value: str) -> str:
    return value if value.replace("-", "").replace("+", "").isalnum() and value.isascii() else f'"{value}"'


@dataclass(frozen=True, kw_only=True)
class Reading:
    """One way to read an archive: `places` has per picture its place, or why it has none (see `reason_in_words`)."""

    how: str  # in words: "each folder of level 2 is a class"
    places: Sequence[Place | str] = field(repr=False)
    asked: LayoutRequest = AS_FOUND  # what asks for just this
    notes: tuple[str, ...] = ()  # sentences on what a person would want to know
    likely: float = 0.0  # the likelier the larger; comparable between readings of one archive
    table: str = ""  # the file that the classes are from

    @cached_property
    def counts(self) -> dict[str, dict[str, int]]:
        """Class -> split ("" where TL Lab divides) -> pictures, in natural order of the classes."""
        held = Counter((place.label, place.split) for place in self.places if isinstance(place, Place))
        found: dict[str, dict[str, int]] = {name: {} for name in sorted({key[0] for key in held}, key=natural)}
        for (name, split), number in held.items():
            found[name][split] = number
        return found

    @property
    def classes(self) -> tuple[str, ...]:
        """Names as the archive spells them, in natural order."""
        return tuple(self.counts)

    @property
    def sizes(self) -> dict[str, int]:
        """Class -> pictures."""
        return {name: sum(splits.values()) for name, splits in self.counts.items()}

    @property
    def splits(self) -> dict[str, int]:
        """Split -> pictures, in the order of SPLITS; {"": all} where TL Lab divides."""
        held: Counter[str] = Counter()
        for splits in self.counts.values():
            held.update(splits)
        return {split: held[split] for split in (*SPLITS, "") if held[split]}

    @cached_property
    def left_out(self) -> dict[str, int]:
        """Reason -> readable pictures that have no class by this reading."""
        return dict(Counter(place for place in self.places if isinstance(place, str)))

    def examples(self, per_class: int = 1) -> dict[str, list[int]]:
        """Class -> its first pictures, as rows of `places`."""
        found: dict[str, list[int]] = {name: [] for name in self.classes}
        for row, place in enumerate(self.places):
            if isinstance(place, Place) and len(found[place.label]) < per_class:
                found[place.label].append(row)
        return found

    @property
    def summary(self) -> str:
        """'2 classes, 48 pictures (cat 24, dog 24)': enough to tell it from another."""
        sizes = self.sizes
        shown = commas(f"{name} {number:,}" for name, number in list(sizes.items())[:6])
        if len(sizes) > 6:
            shown = say("{list} and {number:,} more", list=shown, number=len(sizes) - 6)
        return say(
            "{classes}, {pictures} ({sizes})",
            classes=number_of(len(sizes), "class"),
            pictures=number_of(sum(sizes.values()), "picture"),
            sizes=shown,
        )


@dataclass(frozen=True, kw_only=True)
class LayoutInput:
    """What readers look at: names of the readable pictures, and the tables that lay beside them."""

    names: Sequence[str]  # paths in the archive
    tables: Mapping[str, bytes] = field(default_factory=dict, repr=False)  # path -> content of CSV, JSON and the like
    most_classes: int = 1_000
    lookups: dict[str, Lookup] = field(default_factory=dict, repr=False, compare=False)

    def lookup(self, path: str) -> Lookup:
        """From what the table at `path` calls a picture to its row."""
        place = path.rpartition("/")[0]
        if place not in self.lookups:
            self.lookups[place] = Lookup(self.names, place)
        return self.lookups[place]

    @cached_property
    def folders(self) -> list[tuple[str, ...]]:
        """Per picture the folders it lies in, outermost first; empty parts and dots mean nothing."""
        return [tuple(part for part in name.split("/")[:-1] if part not in ("", ".")) for name in self.names]
