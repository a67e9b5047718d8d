"""The library of a home: weights with their cards in `$TL_HOME/library/NAME`, written whole, by names that mean one thing."""

import datetime
import hashlib
import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

import msgspec

from tl.config import NAME_PATTERN, Refused, refusal
from tl.config.training import AUTO, BUNDLED, IMAGENET
from tl.languages import later
from tl.sources.card import Card
from tl.sources.catalogue import available, source
from tl.sources.source import Source
from tl.store.files import write_json, write_pieces
from tl.store.home import Home
from tl.store.queue.database import read_runs
from tl.store.queue.rows import RunRow
from tl.strategies import RANDOM

CARD, WEIGHTS = "card.json", "weights.safetensors"
LIBRARY = "library"  # the state of a source that lies here


def names(home: Home) -> list[str]:
    """Of everything in the library whose card can be read."""
    return [path.parent.name for path in sorted(home.library_dir.glob(f"*/{CARD}"))]


def folder_of(home: Home, name: str) -> Path:
    """Where the weights of this name lie. Raises Refused where there are none."""
    if not NAME_PATTERN.fullmatch(name) or not (home.library_dir / name / CARD).is_file():
        there = ", ".join(names(home))
        if there:
            raise refusal("The library has no weights {name!r:.60}; it has {names}.", name=name, names=there)
        raise refusal("The library has no weights {name!r:.60}; it is empty.", name=name)
    return home.library_dir / name


def starts_from(row: RunRow) -> str:
    """The key of the source whose weights, or whose input, a run is trained with."""
    return row.experiment.of(row.arm_config).weights


def check_new_name(home: Home, backbone: str, name: str) -> None:
    """Refuse what can't be the name of further weights for `backbone`: one that is taken, or that runs were trained with."""
    taken = {AUTO, BUNDLED, IMAGENET, RANDOM, *(entry.key for entry in available(home, backbone))}
    if not NAME_PATTERN.fullmatch(name):
        no_name = later("{name!r:.60} can't be a name in the library; use up to 40 characters: a-z, 0-9, '-' and '_'.")
        raise refusal(no_name, name=name)
    if name in taken or (home.library_dir / name / CARD).exists():
        raise refusal("Weights called {name!r} already exist; choose another name.", name=name)
    if any(starts_from(row) == name for row in read_runs(home)):
        began = later(
            "Runs here began from other weights that were called {name!r}; choose another name, or delete those runs first."
        )
        raise refusal(began, name=name)


def add(home: Home, name: str, card: Card, weights: Iterable[bytes]) -> Source:
    """Write weights, `card` with their size and hash, and give the source. The card is last: it says that they are whole."""
    digest, size = hashlib.sha256(), 0

    def counted() -> Iterator[bytes]:
        nonlocal size
        for piece in weights:
            digest.update(piece)
            size += len(piece)
            yield piece

    folder = home.library_dir / name
    write_pieces(folder / WEIGHTS, counted())
    date = card.date or datetime.date.today().isoformat()
    whole = msgspec.structs.replace(card, name=name, date=date, sha256=digest.hexdigest(), size_bytes=size)
    write_json(folder / CARD, msgspec.to_builtins(whole))
    return source(home, card.backbone, name)


def suggested_name(home: Home, backbone: str, dataset: str) -> str:
    """A name that further weights for `backbone`, trained on `dataset`, could have."""
    stem = f"{dataset[:16]}-{re.sub('[^a-z0-9_-]', '-', backbone.lower().removeprefix('timm:'))[:18]}".strip("-_")
    for number in range(1, 100):
        name = stem if number == 1 else f"{stem}-{number}"
        with suppress(Refused):
            check_new_name(home, backbone, name)
            return name
    return stem
