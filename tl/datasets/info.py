"""What is known about a data set, and the table of those that come with TL Lab. Light: opens no picture."""

from collections.abc import Callable
from dataclasses import MISSING, asdict, dataclass, field, fields
from typing import Any

from tl.store.documents import is_count, is_flag, is_text, is_texts

MAX_NATIVE_RESOLUTION = 224  # pixels; nothing here trains on more
DRAWN, GIVEN = "drawn", "given"  # who divided the pictures: TL Lab, or who made the set
BY = {  # grouped_by -> in words
    "": "equal or almost equal",
    "folder": "by their folder; equal and almost equal ones, too",
    "pattern": "by a pattern in the file name; equal and almost equal ones, too",
    "table": "by a table; equal and almost equal ones, too",
}
MOST_PICTURES = 10**9  # a larger number is none


def mending(name: str, built_in: bool) -> str:
    """What to do about a data set whose files are damaged: the end of a sentence."""
    if built_in:
        return "delete its folder, and the pictures are downloaded again."
    return f"delete the data set {name!r} ({deletion(name)}) and bring the pictures again."


def deletion(name: str) -> str:
    """How people delete a data set of their own."""
    return f"below its pictures on the page, or by `python -m tl datasets --delete {name}`"


@dataclass(frozen=True, kw_only=True)
class DatasetInfo:
    """One data set as shown to people and written to its dataset.json."""

    name: str  # its folder and its key everywhere
    title: str  # shown to people
    origin: str  # "drawn", "torchvision" or "upload"
    classes: tuple[str, ...]  # in label order
    train: int  # pictures
    validation: int  # pictures
    test: int  # pictures
    native_resolution: int  # largest shorter side of its pictures, pixels, at most 224
    counts: dict[str, dict[str, int]] = field(default_factory=dict)  # class -> split -> pictures
    left_out: dict[str, dict[str, Any]] = field(default_factory=dict)  # reason -> {"count", "first": up to 5 names}
    leakage: dict[str, dict[str, Any]] = field(
        default_factory=dict
    )  # kind -> {"count" of pictures, "first": up to 5 "a = b"}
    note: str = ""  # shown wherever the data set appears
    ready: bool = True  # False: downloaded on first use
    splits: str = ""  # DRAWN, GIVEN (at least the test pictures) or "": written by a version that did not say
    groups: int = 0  # clusters of pictures that belong together
    grouped: int = 0  # pictures in them
    grouped_by: str = ""  # how the person said so: "folder", "pattern", "table"; "": by content alone
    crowded: dict[str, int] = field(default_factory=dict)  # class most of which is one cluster -> pictures of that

    def to_json(self) -> dict[str, Any]:
        """JSON-ready dict; `from_json` gives the same DatasetInfo back."""
        return asdict(self)

    @classmethod
    def from_json(cls, document: Any) -> "DatasetInfo":
        """Read back what `to_json` wrote. Raises ValueError for anything else."""
        if not isinstance(document, dict):
            raise ValueError("it is no JSON object")
        kept = {entry.name: document[entry.name] for entry in fields(cls) if entry.name in document}
        wrong = [name for name, value in kept.items() if not _HOLDS[name](value)]
        if wrong or not kept.keys() >= _NEEDED:
            raise ValueError(f"{wrong[0] if wrong else 'a part of it'} is not what it should be")
        return cls(**kept | {"classes": tuple(kept["classes"])})


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


def _is_size(value: Any) -> bool:
    return is_count(value) and value <= MOST_PICTURES


def _is_report(value: Any) -> bool:
    """Reason or kind -> {"count", "first"}."""
    return isinstance(value, dict) and all(
        isinstance(entry, dict) and _is_size(entry.get("count")) and is_texts(entry.get("first"))
        for entry in value.values()
    )


def _is_table(value: Any) -> bool:
    """Class -> split -> pictures."""
    return isinstance(value, dict) and all(
        isinstance(row, dict) and all(map(_is_size, row.values())) for row in value.values()
    )


_HOLDS: dict[str, Callable[[Any], bool]] = {  # field -> what it must be
    "name": is_text,
    "title": is_text,
    "origin": is_text,
    "classes": lambda value: isinstance(value, list | tuple) and len(value) > 0 and is_texts([*value]),
    "train": _is_size,
    "validation": _is_size,
    "test": _is_size,
    "native_resolution": lambda value: is_count(value) and 1 <= value <= MAX_NATIVE_RESOLUTION,
    "counts": _is_table,
    "left_out": _is_report,
    "leakage": _is_report,
    "note": is_text,
    "ready": is_flag,
    "splits": lambda value: isinstance(value, str) and value in ("", DRAWN, GIVEN),
    "groups": _is_size,
    "grouped": _is_size,
    "grouped_by": lambda value: isinstance(value, str) and value in BY,
    "crowded": lambda value: isinstance(value, dict) and all(map(_is_size, value.values())),
}
_NEEDED = {entry.name for entry in fields(DatasetInfo) if entry.default is entry.default_factory is MISSING}
