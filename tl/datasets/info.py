"""What is known about a data set, and the table of those that come with TL Lab. Light: opens no picture."""

import re
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from typing import Annotated, Any, Literal, TypedDict

import msgspec
from msgspec import Meta

from tl.config import Refused, refusal
from tl.decoding import heads
from tl.languages import commas, english, later, listed, plural, read_sentence, say, semicolons, store_sentence
from tl.store.documents import place_of
from tl.words import number_of

MAX_NATIVE_RESOLUTION = 224  # pixels; nothing here trains on more
DIVIDED_HERE, GIVEN = "drawn", "given"  # who divided the pictures: TL Lab, or who made the set
BY = {  # grouped_by -> in words
    "": later("equal or almost equal"),
    "folder": later("by their folder; equal and almost equal ones, too"),
    "pattern": later("by a pattern in the file name; equal and almost equal ones, too"),
    "table": later("by a table; equal and almost equal ones, too"),
}
# Why a file was left out, or what is told of one that is kept, is counted under English words, in files and for other
# programs; `reason_in_words` has them in the reader's language. These say which class or folder they are about.
TOO_FEW = later("of a class with fewer than {number} pictures")
COPY = later("in {folder}, a copy of the class folders beside it")
OUTSIDE_FOLDER = later("outside the folder {folder}")
OUTSIDE_FOLDERS = later("outside the folders {folders}")
ABOUT_ONE = tuple(
    (text, re.compile(re.sub(r"\\{(\w+)\\}", r"(?P<\1>.+)", re.escape(text))))
    for text in (TOO_FEW, COPY, OUTSIDE_FOLDERS, OUTSIDE_FOLDER)
)
QUOTED = re.compile(r"""'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|\d+ more""")  # one of several folders
DECODED = {  # those of tl.decoding, which knows no language
    heads.NOT_A_PICTURE: later("not a picture"),
    heads.UNREADABLE: later("unreadable"),
    heads.TOO_SMALL: later("too small"),
    heads.NESTED: later("nested archive"),
    heads.OTHER_FORMAT: later("format not read (convert it to JPEG or PNG)"),
    heads.HEIC_UNREADABLE: later("HEIC picture that can't be read (export it as JPEG)"),
    heads.TOO_MUCH_MEMORY: later("needs too much memory (make it smaller)"),
    heads.TOO_MANY_PIXELS: later("too many pixels (make it smaller)"),
    heads.TOO_LARGE_A_FILE: later("too large a file"),
    heads.MANY_BANDS: later("more than 4 bands (say which three are red, green and blue: --bands 4,3,2)"),
    heads.FEW_BANDS: later("has fewer bands than were chosen"),
    heads.CRASHES: later("crashes or stalls the decoder"),
    heads.CUT_SHORT: later("cut short, shown as far as they go"),
    heads.FIRST_PAGE: later("several pages, the first is shown"),
    heads.FIRST_BANDS: later("more than 4 bands, the first three are shown"),
    heads.WHOLE: later("whole numbers"),
    heads.FRACTIONS: later("decimal numbers"),
}
UNLABELLED = -1  # in place of a class's number
UNEVEN = 3  # the largest class has over so many times the pictures of the smallest
Size = Annotated[int, Meta(ge=0, le=10**9)]  # a number of pictures; a larger one is none


def mending(name: str, built_in: bool) -> str:
    """What to do about a data set whose files are damaged: the end of a sentence."""
    if built_in:
        return say("delete its folder, and the pictures are downloaded again.")
    how = deletion(name)
    return say("delete the data set {name!r} ({how}) and bring the pictures again.", name=name, how=how)


def deletion(name: str) -> str:
    """How people delete a data set of their own."""
    return say("below its pictures on the page, or by `python -m tl datasets --delete {name}`", name=name)


def name_taken(called: str, name: str) -> Refused:
    """What is said where a new data set is to be called as that one is."""
    text = later("There is already a data set {called!r}; choose another name or delete that one first ({how}).")
    return refusal(text, called=called, how=deletion(name))


def reason_in_words(reason: str) -> str:
    """Why files were left out, or of what kind pictures are that occur twice, in the reader's language."""
    for text, pattern in ABOUT_ONE:
        if found := pattern.fullmatch(reason):
            values = found.groupdict()
            return say(text, **values | ({"folders": _listed(values["folders"])} if "folders" in values else {}))
    return say(DECODED.get(reason, reason))


def _listed(folders: str) -> str:
    """'a', 'b' and 2 more, as a reason has them in English, in the reader's language."""
    shown = [
        say("{number} more", number=one.partition(" ")[0]) if one.endswith(" more") else one
        for one in QUOTED.findall(folders)
    ]
    return listed(shown) if shown else folders


class ReasonCount(TypedDict):
    """What was found of one kind."""

    count: Size
    first: list[str]


@dataclass(frozen=True, kw_only=True)
class DatasetInfo:
    """One data set as shown to people and written to its dataset.json.

    What TL Lab says of it (its title and note where it comes with it, how it was read) is in the reader's language.
    """

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
    left_out: dict[str, ReasonCount] = field(default_factory=dict)  # reason -> {"count", "first": up to 5 names}
    noted: dict[str, ReasonCount] = field(default_factory=dict)  # told of pictures that are kept, as `left_out`
    scales: list[str] = field(default_factory=list)  # what became black and white in pictures of more than 8 bits
    names_in: str = ""  # the encoding in which names were read that do not say theirs, where it was guessed
    garbled: bool = False  # whether names look as if they were read in a wrong one
    leakage: dict[str, ReasonCount] = field(default_factory=dict)  # kind -> {"count", "first": up to 5 "a = b"}
    note: str = ""  # shown wherever the data set appears
    ready: bool = True  # False: downloaded on first use
    # DIVIDED_HERE, GIVEN (at least the test pictures) or "": written by a version that did not say
    splits: Literal["", "drawn", "given"] = ""
    groups: Size = 0  # clusters of pictures that belong together
    grouped: Size = 0  # pictures in them
    grouped_by: Literal["", "folder", "pattern", "table"] = ""  # how the person said so; "": by content alone
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
        return self.title if self.origin == "upload" else say(english(self.title).partition(" (")[0])

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
        """JSON-ready dict for other programs, in English; `from_json` gives the same DatasetInfo back."""
        return self._with(english)

    def stored(self) -> dict[str, Any]:
        """The same for its dataset.json: what was said of it is worded again for whoever reads."""
        return self._with(lambda text: store_sentence(text) or "")

    def _with(self, written: Callable[[str], str]) -> dict[str, Any]:
        return asdict(self) | {
            "title": self.title if self.origin == "upload" else english(self.title),
            "note": english(self.note),
            "read_as": written(self.read_as),
            "scales": [written(sentence) for sentence in self.scales],
            "remarks": tuple(map(written, self.remarks)),
            "changes": tuple(map(written, self.changes)),
        }

    def worded(self) -> "DatasetInfo":
        """In the reader's language: one that comes with TL Lab, or was read from a file."""
        ours = self.origin != "upload"
        return replace(
            self,
            title=say(self.title) if ours else self.title,
            note=say(self.note) if ours and self.note else self.note,
            read_as=read_sentence(self.read_as) or "",
            scales=[read_sentence(sentence) or "" for sentence in self.scales],
            remarks=tuple(read_sentence(sentence) or "" for sentence in self.remarks),
            changes=tuple(read_sentence(phrase) or "" for phrase in self.changes),
        )

    @classmethod
    def from_json(cls, document: object) -> "DatasetInfo":
        """Read back what `to_json` or `stored` wrote. Raises ValueError for anything else."""
        try:
            found = msgspec.convert(document, cls)
        except msgspec.ValidationError as problem:
            raise ValueError(f"{place_of(problem, 'a part of it')} is not what it should be") from None  # not shown
        if found.labelled != bool(found.classes):
            raise ValueError("classes is not what it should be")  # not shown
        return found.worded()


def uneven(info: DatasetInfo) -> str | None:
    """How much classes differ in size, the beginning of a sentence; None where they do not differ enough to matter."""
    times = info.largest_to_smallest
    if times is None or not info.uneven:
        return None
    if times == float("inf"):
        return say("There are classes without pictures")
    shown = f"{times:.1f}".removesuffix(".0") if times < 10 else f"{times:,.0f}"
    return say("The largest class has {times} times as many pictures as the smallest", times=shown)


def story(info: DatasetInfo) -> list[str]:
    """Sentences on where the classes of a data set are from; none of one that comes with TL Lab."""
    if info.origin != "upload":
        return []
    said: list[str] = [say("Read as: {how}.", how=info.read_as)] if info.read_as else []
    if info.derived_from:
        said = [say("Made from the data set {name!r}.", name=info.derived_from)]
    if info.changes:
        said.append(say("Changed: {changes}.", changes=semicolons(info.changes)))
    return [*said, *info.remarks]


def grouped(info: DatasetInfo) -> list[str]:
    """Sentences on what belongs together in a data set; none where every picture is alone."""
    if not info.groups:
        return []
    together = {
        "number": info.grouped,
        "groups": plural("{number:,} group", "{number:,} groups", info.groups),
        "how": say(BY[info.grouped_by]),
    }
    said: list[str] = [
        say(
            "{number:,} pictures belong together in {groups} ({how}); each stays on one side of every split made here.",
            **together,
        )
        if info.splits == DIVIDED_HERE
        else say("{number:,} pictures belong together in {groups} ({how}); the splits stay as they came.", **together)
    ]
    for name, size in info.crowded.items():
        said.append(
            say(
                "{number:,} of the {total:,} pictures of {name} are one group: they say less than the same number of "
                "unrelated pictures.",
                number=size,
                total=sum(info.counts.get(name, {}).values()),
                name=name,
            )
        )
    return said


def reading_notes(info: DatasetInfo) -> list[str]:
    """Sentences on how pictures and names were read, where that was not plain."""
    said = list(info.scales)
    for what, entry in info.noted.items():
        names = commas([*entry["first"], *(["…"] if entry["count"] > len(entry["first"]) else [])])
        pictures = number_of(entry["count"], "picture")
        said.append(say("{pictures}: {what} ({names}).", pictures=pictures, what=reason_in_words(what), names=names))
    return said + of_names(info.names_in, info.garbled)


def of_names(encoding: str, garbled: bool) -> list[str]:
    """Sentences on how the names in a zip were read; `encoding`: "" where the zip says it."""
    said: list[str] = []
    if encoding:
        said.append(
            say(
                "The names in the zip do not say their encoding; they were read as {encoding} (`--names` chooses another).",
                encoding=encoding,
            )
        )
    if garbled:
        said.append(say("Some names look garbled: choose the encoding of the names, or zip the folders again."))
    return said
