"""The part of a model's card that says which pictures it learned from, and which it has to do with besides, as Markdown."""

import re
from collections.abc import Iterator

from tl.config import RunConfig
from tl.datasets import DatasetInfo
from tl.languages import joined, later, say
from tl.strategies import SOURCE, SOURCE_AND_FEW, SOURCE_AND_TARGET, SOURCE_THEN_TARGET, STRATEGIES, TARGET
from tl.words import count, number_of, plain

MARKDOWN = re.compile(r"([\\`*_{}\[\]<>#|])")
UNSEEN = {  # learns_from -> what of the target the network has seen, for a card
    SOURCE: later("None of its pictures was used in training."),
    SOURCE_AND_TARGET: later("Its training pictures were used as well, without their labels."),
    SOURCE_THEN_TARGET: later(
        "Once training was over, the network was adapted to its training pictures, without their labels."
    ),
}


def text(words: object) -> str:
    """A name as Markdown shows it, whatever signs are in it."""
    return MARKDOWN.sub(r"\\\1", plain(words))


def dataset_titles(source: DatasetInfo, target: DatasetInfo | None) -> str:
    """The data set, or both, as people call them; not escaped."""
    return source.called if target is None else f"{source.called} → {target.called}"


def pictures_of(pictures: str, target: DatasetInfo | None) -> str:
    """ "12 test pictures of “sketches”": whose they were, where it learned from others; escaped."""
    return pictures if target is None else say("{pictures} of “{data}”", pictures=pictures, data=text(target.called))


def learned(config: RunConfig, info: DatasetInfo, source: DatasetInfo, target: DatasetInfo | None) -> Iterator[str]:
    """Paragraphs; `info`: as tl.datasets.describe_for gives it, `source` and `target`: of either data set by itself."""
    yield f"## {say('What it learned from')}"
    note = text(info.note)
    if target is not None and STRATEGIES[config.arm.strategy].learns_from == TARGET:
        told = say(
            "The training pictures of “{target}”, with their labels: the data set it was meant to work on. Nothing "
            "from “{source}”, the other one of its comparison, was used.",
            target=text(target.called),
            source=text(source.called),
        )
        yield joined([told, note])
        yield _table(target.classes, target, say("test"))
        return
    yield joined([_used(config, text(source.called)), note])
    if target is not None:
        other = say("It was meant to work on another data set, “{data}”.", data=text(target.called))
        yield joined([other, _of_target(config)])
    test = say("test") if target is None else say("test, of {data}", data=text(target.called))
    yield _table(info.classes, info, test)
    if config.resplit:
        yield say("Its split was drawn anew for its seed, {seed}, in parts of about these sizes.", seed=config.seed)


def _used(config: RunConfig, data: str) -> str:
    """How many of the training pictures: settings that name no number take them all."""
    if config.final:
        return say("The data set “{data}”: all of them for training.", data=data)
    if not config.samples:
        return say("The data set “{data}”: all of its training pictures were used.", data=data)
    number = count(config.samples)
    return say("The data set “{data}”: {number} of its training pictures were used.", data=data, number=number)


def _of_target(config: RunConfig) -> str:
    learns = STRATEGIES[config.arm.strategy].learns_from
    if learns == SOURCE_AND_FEW:
        number = number_of(config.arm.labelled_per_class, "training picture")  # not shown
        return say("Up to {pictures} of each of its classes were used as well, with their labels.", pictures=number)
    return say(UNSEEN[learns])


def _table(classes: tuple[str, ...], info: DatasetInfo, test: str) -> str:
    rows = [f"| {say('class')} | {say('training')} | {say('validation')} | {test} |", "|---|---|---|---|"]
    for name in classes:
        held = info.counts.get(name, {})
        rows.append(
            f"| {text(name)} | {' | '.join(count(held.get(part)) for part in ('train', 'validation', 'test'))} |"
        )
    return "\n".join(rows)
