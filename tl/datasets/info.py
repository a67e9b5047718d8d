"""What is known about a data set, and the table of those that come with TL Lab. Light: opens no picture."""

from collections.abc import Callable
from dataclasses import MISSING, asdict, dataclass, field, fields

from tl.store.documents import is_count, is_flag, is_text, is_texts

MAX_NATIVE_RESOLUTION = 224  # pixels; nothing here trains on more
UNEVEN = 3  # the largest class has over so many times the pictures of the smallest
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
    left_out: dict[str, dict] = field(default_factory=dict)  # reason -> {"count", "first": up to 5 names}
    leakage: dict[str, dict] = field(default_factory=dict)  # kind -> {"count" of pictures, "first": up to 5 "a = b"}
    note: str = ""  # shown wherever the data set appears
    ready: bool = True  # False: downloaded on first use

    @property
    def uneven(self) -> bool:
        """Whether classes differ so much in size that each should count alike; false where their sizes are not known."""
        sizes = [sum(self.counts[name].values()) for name in self.classes if name in self.counts]
        return len(sizes) == len(self.classes) and max(sizes) > UNEVEN * min(sizes)

    def to_json(self) -> dict:
        """JSON-ready dict; `from_json` gives the same DatasetInfo back."""
        return asdict(self)

    @classmethod
    def from_json(cls, document: dict) -> "DatasetInfo":
        """Read back what `to_json` wrote. Raises ValueError for anything else."""
        if not isinstance(document, dict):
            raise ValueError("it is no JSON object")
        kept = {entry.name: document[entry.name] for entry in fields(cls) if entry.name in document}
        wrong = [name for name, value in kept.items() if not _HOLDS[name](value)]
        if wrong or not kept.keys() >= _NEEDED:
            raise ValueError(f"{wrong[0] if wrong else 'a part of it'} is not what it should be")
        return cls(**kept | {"classes": tuple(kept["classes"])})


def _is_size(value) -> bool:
    return is_count(value) and value <= MOST_PICTURES


def _is_report(value) -> bool:
    """Reason or kind -> {"count", "first"}."""
    return isinstance(value, dict) and all(
        isinstance(entry, dict) and _is_size(entry.get("count")) and is_texts(entry.get("first"))
        for entry in value.values()
    )


def _is_table(value) -> bool:
    """Class -> split -> pictures."""
    return isinstance(value, dict) and all(
        isinstance(row, dict) and all(map(_is_size, row.values())) for row in value.values()
    )


_HOLDS: dict[str, Callable] = {  # field -> what it must be
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
}
_NEEDED = {entry.name for entry in fields(DatasetInfo) if entry.default is entry.default_factory is MISSING}
