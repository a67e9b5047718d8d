"""A model card as it may be relied on: what weights learned, from what they began, under which licence.

Cards are JSON beside the weights. Those that come from elsewhere are read with `of_stranger`: bounded, and in plain text.
"""

import json
from dataclasses import dataclass
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct

from tl.backbones import Input
from tl.config import refusal
from tl.languages import commas, later, say
from tl.networks import UNKNOWN_PICTURES, pictures_in_words
from tl.store.documents import Amount, Count, Share, of_type, place_of
from tl.words import count, number_of, percent, plain

CARD_BYTES = 300_000  # of a stranger's, as JSON
Text = Annotated[str, Meta(max_length=400)]
Long = Annotated[str, Meta(max_length=4000)]
Side = Annotated[int, Meta(ge=16, le=1024)]  # pixels
Names = Annotated[tuple[Annotated[str, Meta(max_length=200)], ...], Meta(max_length=20_000)]


class Card(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What is known of weights; None or empty for what nobody has said."""

    backbone: Text
    name: Text = ""
    resolution: Side | None = None
    input: Input | None = None
    source_data: Text = ""  # the pictures, in words
    classes: Count | None = None
    images: Count | None = None  # training pictures
    test_images: Count | None = None
    epochs: Count | None = None
    strategy: Text = ""  # key of STRATEGIES, of a run that was kept
    seed: Count | None = None
    run_id: Text = ""
    experiment_id: Text = ""
    started_from: "Card | Text | None" = None  # the card of what it began with, or that source's key
    teacher: "Card | Text | None" = None
    accuracy: Share | None = None  # on its own test pictures
    interval: tuple[Share, Share] | None = None  # of the accuracy, for other pictures of the same kind
    loss: Amount | None = None
    seconds: Amount | None = None
    device: Text = ""
    command: Long = ""
    date: Text = ""
    licence: Text = ""
    licence_of: Text = ""  # which of the weights it goes back to the licence is, where it is inherited
    parameters: Count | None = None
    precision: Text = ""
    versions: dict[Text, Text] = {}
    file: Text = ""  # the file it was brought in
    class_names: Names = ()
    sha256: Text = ""
    size_bytes: Count | None = None


@dataclass(frozen=True, kw_only=True)
class Step:
    """One set of pictures that weights have learned from."""

    data: str  # as people are told
    card: Card | None = None  # None: nothing more is known

    def words(self) -> str:
        """ "Flower photos: 3 classes, 1,500 pictures, 91.0 % (87.6 % to 93.4 %)"; plain text."""
        known = [each for each in (self.size(), accuracy_words(self.card) if self.card else "") if each]
        return plain(say("{pictures}: {facts}", pictures=self.data, facts=commas(known)) if known else self.data)

    def size(self) -> str:
        """ "3 classes, 1,500 pictures"; empty where that isn't known."""
        if self.card is None:
            return ""
        numbers = ((self.card.classes, "class"), (self.card.images, "picture"))
        return commas([number_of(number, noun) for number, noun in numbers if number])


def accuracy_words(card: Card) -> str:
    """ "91.0 % (87.6 % to 93.4 %)"; empty where it isn't known."""
    if card.accuracy is None:
        return ""
    if card.interval is None:
        return percent(card.accuracy)
    low, high = map(percent, card.interval)
    return say("{accuracy} ({low} to {high})", accuracy=percent(card.accuracy), low=low, high=high)


def card_of(document: object) -> Card | None:
    """The card that a home's own JSON holds; None where it is none."""
    return of_type(document, Card)


def steps(card: Card) -> list[Step]:
    """What weights have learned from, the first first; training again on the same pictures is one step."""
    found: list[Step] = []
    now: Card | str | None = card
    while isinstance(now, Card):
        before = found[-1].card if found else None
        if before is None or before.source_data != now.source_data:
            found.append(Step(data=pictures_in_words(now.source_data or UNKNOWN_PICTURES), card=now))
        now = now.started_from
    if now:
        found.append(Step(data=pictures_in_words(now)))
    return found[::-1]


def ancestors(card: Card) -> list[Card]:
    """The card itself and all that it goes back to, teachers too."""
    found, left = [], [card]
    while left:
        now = left.pop(0)
        found.append(now)
        left += [other for other in (now.started_from, now.teacher) if isinstance(other, Card)]
    return found


def without_class_names(document: dict[str, Any]) -> dict[str, Any]:
    """A card as the card of what was made of it keeps it."""
    return {name: value for name, value in document.items() if name != "class_names"}


def of_stranger(text: str, shown: str) -> Card:
    """The card in a file that comes from elsewhere, its texts on one line each. Raises Refused; `shown`: the file's name."""
    if len(text) > CARD_BYTES:
        long = later(
            "{file} has no model card that can be read: it has {number} characters, at most {most} are accepted."
        )
        raise refusal(long, file=shown, number=count(len(text)), most=count(CARD_BYTES))
    try:
        return msgspec.convert(_in_plain_text(json.loads(text)), Card)
    except msgspec.ValidationError as problem:
        place = plain(place_of(problem, say("a part of it")))[:100]
        wrong = later("{file} has no model card that can be read: {place} is invalid.")
        raise refusal(wrong, file=shown, place=place) from None
    except (ValueError, RecursionError):
        damaged = later("{file} has no model card that can be read: it is damaged; export it again.")
        raise refusal(damaged, file=shown) from None


def _in_plain_text(value: Any) -> Any:
    if isinstance(value, str):
        return plain(value)
    if isinstance(value, list):
        return [_in_plain_text(each) for each in value]
    if isinstance(value, dict):
        return {plain(name): _in_plain_text(each) for name, each in value.items()}
    return value
