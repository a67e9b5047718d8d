"""The library of one's own weights: list, rename and delete what keep_in_library.py has kept. No torch."""

import shutil
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

from tl.config import refusal
from tl.languages import later, say
from tl.sources import own
from tl.sources.card import Card, Step, card_of, steps
from tl.sources.cards import of_library
from tl.sources.catalogue import available, networks_here
from tl.sources.licences import in_words
from tl.sources.source import HERE, Source
from tl.store.files import locked
from tl.store.home import Home
from tl.store.queue import database
from tl.store.queue.schema import ACTIVE, RESUMABLE
from tl.store.trash import deleting
from tl.words import status_name

LOCK = "library.lock"


@dataclass(frozen=True, kw_only=True)
class LibraryEntry:
    """Weights of the library, and who began with them."""

    source: Source
    card: Card
    used_by: tuple[str, ...]  # ids of the experiments, the newest first

    def to_json(self) -> dict[str, Any]:
        """JSON-ready dict, as `python -m tl library --json` shows it."""
        return as_json(self.source) | {"used_by": list(self.used_by)}


def as_json(found: Source) -> dict[str, Any]:
    """A source of any kind as JSON shows it."""
    card = card_of(found.card)
    return {
        "name": found.key,
        "backbone": found.backbone,
        "kind": found.state,
        "input": asdict(found.input),
        "source_data": found.source_data,
        "accuracy": found.accuracy,
        "interval": card.interval if card else None,
        "licence": found.licence,
        "sha256": found.sha256,
        "size_bytes": found.size_bytes,
        "history": [step.words() for step in history(found)],
    }


def history(found: Source) -> list[Step]:
    """What the weights of a source have learned from, the first first."""
    card = card_of(found.card)
    return steps(card) if card else [Step(data=found.source_data)]


def licence_words(found: Source) -> str:
    """The licence, and whose it is where the weights have it from those they began with."""
    card = card_of(found.card)
    if card and card.licence_of:
        return say("{licence} (from {weights})", licence=in_words(found.licence), weights=card.licence_of)
    return in_words(found.licence)


def entries(home: Home) -> list[LibraryEntry]:
    """All of the library that can be used, by name."""
    uses: dict[str, dict[str, None]] = {}
    for row in database.read_runs(home):
        uses.setdefault(own.starts_from(row), {})[row.experiment_id] = None
    found = []
    for name in own.names(home):
        entry = of_library(home, name)
        card = entry and card_of(entry.card)
        if entry and card:
            found.append(LibraryEntry(source=entry, card=card, used_by=tuple(uses.get(name, ()))))
    return found


def others_here(home: Home) -> list[Source]:
    """All else that can be transferred and is on this computer: bundled, ImageNet's and a hub's."""
    found = [entry for name in networks_here(home) for entry in available(home, name) if entry.state in HERE]
    return sorted((entry for entry in found if entry.state != own.LIBRARY), key=lambda entry: entry.state != "bundled")


def rename(home: Home, name: str, new: str) -> None:
    """Call weights of the library otherwise; what has been trained with them keeps the name that it knew.

    Raises Refused for a name that can't be had, and while a run that trains, waits or may be resumed begins with them.
    """
    with locked(home.locks_dir / LOCK):
        folder, entry = own.folder_of(home, name), of_library(home, name)
        if entry is None:
            raise refusal("The weights {name!r} of the library are damaged; delete them.", name=name)
        own.check_new_name(home, entry.backbone, new)
        shutil.rmtree(folder.with_name(new), ignore_errors=True)  # without a card: who wrote it was killed
        _unless_used(home, name, RENAMING, lambda: folder.rename(folder.with_name(new)))


def delete(home: Home, name: str) -> None:
    """Remove weights from the library; what has been trained with them keeps its results.

    Raises Refused for an unknown name, and while a run that trains, waits or may be resumed begins with them.
    """
    with locked(home.locks_dir / LOCK), deleting(home) as take:
        folder = own.folder_of(home, name)
        _unless_used(home, name, DELETING, lambda: take(folder))


# What refuses something to weights in use: where seeds are being added; a run trains or waits; one can be resumed.
RENAMING = (
    later(
        "Seeds are being added to the experiment {experiment}, which begins with the weights {name!r}; they can't be renamed "
        "before that has ended."
    ),
    later("Run {run} begins with the weights {name!r} and is {status}; they can't be renamed before it has ended."),
    later(
        "Run {run} begins with the weights {name!r} and can be resumed ({status}); resume or delete it first, then they can be "
        "renamed."
    ),
)
DELETING = (
    later(
        "Seeds are being added to the experiment {experiment}, which begins with the weights {name!r}; they can't be deleted "
        "before that has ended."
    ),
    later("Run {run} begins with the weights {name!r} and is {status}; they can't be deleted before it has ended."),
    later(
        "Run {run} begins with the weights {name!r} and can be resumed ({status}); resume or delete it first, then they can be "
        "deleted."
    ),
)


def _unless_used(home: Home, name: str, refusals: tuple[str, str, str], action: Callable[[], object]) -> None:
    """Do `action`, at a moment at which nothing is trained with these weights or will be. Raises Refused."""
    adding, active, resumable = refusals
    for experiment_id in {row.experiment_id for row in database.read_runs(home) if own.starts_from(row) == name}:
        plan = database.read_experiment(home, experiment_id)["settling"]
        if plan is not None and plan.open:
            raise refusal(adding, experiment=experiment_id, name=name)
    row = database.unless_needed(
        home,
        (*ACTIVE, *RESUMABLE),
        lambda row: own.starts_from(row) == name and not home.run(row.run_id).imported.exists(),
        action,
    )
    if row is not None:
        sentence = active if row.status in ACTIVE else resumable
        raise refusal(sentence, run=row.run_id, name=name, status=status_name(row.status))
