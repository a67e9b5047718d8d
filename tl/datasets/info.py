"""What is known about a data set, and the table of those that come with TL Lab. Light: opens no picture."""

from dataclasses import asdict, dataclass, field, fields

MAX_NATIVE_RESOLUTION = 224  # pixels; nothing here trains on more


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

    def to_json(self) -> dict:
        """JSON-ready dict; `from_json` gives the same DatasetInfo back."""
        return asdict(self)

    @classmethod
    def from_json(cls, document: dict) -> "DatasetInfo":
        """Read back what `to_json` wrote."""
        known = {entry.name for entry in fields(cls)}
        kept = {key: value for key, value in document.items() if key in known}
        return cls(**kept | {"classes": tuple(document["classes"])})
