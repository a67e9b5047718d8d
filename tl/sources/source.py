"""One thing that can be transferred: weights for one backbone, and what is known of them."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from tl.backbones import Input
from tl.languages import later


class Here(NamedTuple):
    """What weights that are on this computer are called; still to be said."""

    title: str  # on a card of its own
    word: str  # in a table


HERE = {  # state of a source whose file is on this computer
    "bundled": Here(later("Comes with TL Lab"), later("bundled")),
    "library": Here(later("Your own"), later("own")),  # pretrained here
    "installed": Here(later("From a package"), later("installed")),
    "cached": Here(later("Downloaded"), later("cached")),  # before
}
AWAY = ("download", "missing")  # states of others; missing: of a package that is not installed


@dataclass(frozen=True, kw_only=True)
class Source:
    """Weights for one backbone, and where they come from."""

    key: str  # what `weights` of a RunConfig names
    title: str  # as the page shows it, in the language of whoever asked
    backbone: str  # key of BACKBONES, or timm:NAME
    file: Path | None  # the weights; None: not here yet
    place: Path  # the file the weights are in, or will be in once they are here
    url: str | None = None  # where they are downloaded from; None: only as a file
    repository: str | None = None  # on the model hub, whose library downloads them; None: they are not there
    sha256: str  # hex digest of the file, or the part of it that is known; "": unknown
    size_bytes: int  # of the file; of a download as its publisher rounds it
    input: Input  # what the network takes with these weights
    licence: str  # in English, as cards have it: `tl.sources.licences.in_words` says it
    source_data: str  # the pictures they were trained on, in English: `tl.networks.pictures_in_words` says them
    accuracy: float | None  # top-1 on the source's own validation pictures, fraction 0..1
    card: dict[str, Any] | None = None  # the whole model card, where there is one
    state: str  # key of HERE or one of AWAY

    def __post_init__(self) -> None:
        assert self.state in (*HERE, *AWAY), f"{self.state} is neither in HERE nor in AWAY"
