"""What is known about a data set, and the table of those that come with TL Lab. Light: opens no picture."""

from dataclasses import asdict, dataclass, field
from typing import Annotated, Any, Literal, TypedDict

import msgspec
from msgspec import Meta

from tl.store.documents import place_of
from tl.words import number_of

MAX_NATIVE_RESOLUTION = 224  # pixels; nothing here trains on more
DRAWN, GIVEN = "drawn", "given"  # who divided the pictures: TL Lab, or who made the set
BY = {  # grouped_by -> in words
    "": "equal or almost equal",
    "folder": "by their folder; equal and almost equal ones, too",
    "pattern": "by a pattern in the file name; equal and almost equal ones, too",
    "table": "by a table; equal and almost equal ones, too",
}
UNLABELLED = -1  # in place of a class's number
UNEVEN = 3  # the largest class has over so many times the pictures of the smallest
Size = Annotated[int, Meta(ge=0, le=10**9)]  # a number of pictures; a larger one is none


def mending(name: str, built_in: bool) -> str:
    """What to do about a data set whose files are damaged: the end of a sentence."""
    if built_in:
        return "delete its folder, and the pictures are downloaded again."
    return f"delete the data set {name!r} ({deletion(name)}) and bring the pictures again."


def deletion(name: str) -> str:
    """How people delete a data set of their own."""
    return f"below its pictures on the page, or by `python -m tl datasets --delete {name}`"


class Report(TypedDict):
    """What was found of one kind."""

    count: Size
    first: list[str]


@dataclass(frozen=True, kw_only=True)
class DatasetInfo:
    """One data set as shown to people and written to its dataset.json."""

    name: str  # its folder and its key everywhere
    title: str  # shown to people
    origin: str  # "drawn", "torchvision" or "upload"
    classes: tuple[str, ...]  # in label order; none where the pictures have no labels
    train: Size  # pictures
    validation: Size  # pictures
    test: Size  # pictures
    # largest shorter side of its pictures, pixels
    native_resolution: Annotated[int, Meta(ge=1, le=MAX_NATIVE_RESOLUTION)]
    counts: dict[str, dict[str, Size]] = field(default_factory=dict)  # class -> split -> pictures
    left_out: dict[str, Report] = field(default_factory=dict)  # reason -> {"count", "first": up to 5 names}
    noted: dict[str, Report] = field(
        default_factory=dict
    )  # what is to be told of pictures that are kept, as `left_out`
    scales: list[str] = field(default_factory=list)  # what became black and white in pictures of more than 8 bits
    names_in: str = ""  # the encoding in which names were read that do not say theirs, where it was guessed
    garbled: bool = False  # whether names look as if they were read in a wrong one
    leakage: dict[str, Report] = field(default_factory=dict)  # kind -> {"count" of pictures, "first": up to 5 "a = b"}
    note: str = ""  # shown wherever the data set appears
    ready: bool = True  # False: downloaded on first use
    splits: Literal["", "drawn", "given"] = (
        ""  # DRAWN, GIVEN (at least the test pictures) or "": written by a version that did not say
    )
    groups: Size = 0  # clusters of pictures that belong together
    grouped: Size = 0  # pictures in them
    grouped_by: Literal["", "folder", "pattern", "table"] = (
        ""  # how the person said so: "folder", "pattern", "table"; "": by content alone
    )
    read_as: str = ""  # how the archive was read: what its folders were taken for
    remarks: tuple[str, ...] = ()  # sentences on its classes and splits that a person would want to know
    derived_from: str = ""  # name of the data set that it was made of
    changes: tuple[str, ...] = ()  # what was changed of the classes that were found, one phrase each
    crowded: dict[str, Size] = field(default_factory=dict)  # class most of which is one cluster -> pictures of that
    labelled: bool = True  # False: what the pictures show is not known; such a set can only be worked on

    @property
    def called(self) -> str:
        """What a person calls it in a sentence: what they typed of their own, the name of those that come with TL Lab."""
        return self.title if self.origin == "upload" else self.name

    @property
    def short_title(self) -> str:
        """What it is called where it is only spoken of, and not asked for by name: "Blossoms at dusk"."""
        return self.title if self.origin == "upload" else self.title.partition(" (")[0]

    @property
    def uneven(self) -> bool:
        """Whether classes differ so much in size that each should count alike; false where their sizes are not known."""
        return self.largest_to_smallest is not None and self.largest_to_smallest > UNEVEN

    @property
    def largest_to_smallest(self) -> float | None:
        """Pictures of the largest class per picture of the smallest; None where the sizes are not known."""
        sizes = [sum(self.counts[name].values()) for name in self.classes if name in self.counts]
        if len(sizes) < len(self.classes) or not any(sizes):
            return None
        return max(sizes) / min(sizes) if min(sizes) else float("inf")

    def to_json(self) -> dict[str, Any]:
        """JSON-ready dict; `from_json` gives the same DatasetInfo back."""
        return asdict(self)

    @classmethod
    def from_json(cls, document: object) -> "DatasetInfo":
        """Read back what `to_json` wrote. Raises ValueError for anything else."""
        try:
            found = msgspec.convert(document, cls)
        except msgspec.ValidationError as problem:
            raise ValueError(f"{place_of(problem, 'a part of it')} is not what it should be") from None
        if found.labelled != bool(found.classes):
            raise ValueError("classes is not what it should be")
        return found


def uneven(info: DatasetInfo) -> str | None:
    """How much classes differ in size, the beginning of a sentence; None where they do not differ enough to matter."""
    times = info.largest_to_smallest
    if times is None or not info.uneven:
        return None
    if times == float("inf"):
        return "There are classes without pictures"
    shown = f"{times:.1f}".removesuffix(".0") if times < 10 else f"{times:,.0f}"
    return f"The largest class has {shown} times as many pictures as the smallest"


def story(info: DatasetInfo) -> list[str]:
    """Sentences on where the classes of a data set are from; none of one that comes with TL Lab."""
    if info.origin != "upload":
        return []
    said = [f"Read as: {info.read_as}."] if info.read_as else []
    if info.derived_from:
        said = [f"Made of the data set {info.derived_from!r}."]
    if info.changes:
        said.append(f"Changed: {'; '.join(info.changes)}.")
    return [*said, *info.remarks]


def grouped(info: DatasetInfo) -> list[str]:
    """Sentences on what belongs together in a data set; none where every picture is alone."""
    if not info.groups:
        return []
    groups = f"{info.groups:,} group" + ("" if info.groups == 1 else "s")
    kept = "each stays on one side of every split made here" if info.splits == DRAWN else "the splits stay as they came"
    said = [f"{info.grouped:,} pictures belong together in {groups} ({BY[info.grouped_by]}); {kept}."]
    for name, size in info.crowded.items():
        total = sum(info.counts.get(name, {}).values())
        said.append(
            f"{size:,} of the {total:,} pictures of {name} are one group: they say less than as many single pictures."
        )
    return said


def told(info: DatasetInfo) -> list[str]:
    """Sentences on how pictures and names were read, where that was not plain."""
    said = list(info.scales)
    for what, entry in info.noted.items():
        more = ", …" if entry["count"] > len(entry["first"]) else ""
        said.append(f"{number_of(entry['count'], 'picture')}: {what} ({', '.join(entry['first'])}{more}).")
    return said + of_names(info.names_in, info.garbled)


def of_names(encoding: str, garbled: bool) -> list[str]:
    """Sentences on how the names in a zip were read; `encoding`: "" where the zip says it."""
    said = []
    if encoding:
        said.append(
            f"The names in the zip do not say their encoding; they were read as {encoding} (`--names` chooses another)."
        )
    if garbled:
        said.append("Some names look garbled: choose the encoding of the names, or zip the folders again.")
    return said
