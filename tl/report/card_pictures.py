"""The part of a model's card that says which pictures it learned from, and which it has to do with besides, as Markdown."""

import re
from collections.abc import Iterator

from tl.config import RunConfig
from tl.datasets import DatasetInfo
from tl.strategies import SOURCE, SOURCE_AND_FEW, SOURCE_AND_TARGET, SOURCE_THEN_TARGET, STRATEGIES, TARGET
from tl.words import count, number_of, plain

MARKDOWN = re.compile(r"([\\`*_{}\[\]<>#|])")
UNSEEN = {  # learns_from -> what of the target the network has seen, for a card
    SOURCE: "None of its pictures was used in training.",
    SOURCE_AND_TARGET: "Its training pictures were used as well, without their labels.",
    SOURCE_THEN_TARGET: "Once training was over, the network was adapted to its training pictures, without their labels.",
}


def text(words: object) -> str:
    """A name as Markdown shows it, whatever signs are in it."""
    return MARKDOWN.sub(r"\\\1", plain(words))


def called(source: DatasetInfo, target: DatasetInfo | None) -> str:
    """The data set, or both, as people call them; not escaped."""
    return source.called if target is None else f"{source.called} → {target.called}"


def tested_on(target: DatasetInfo | None) -> str:
    """ " of “sketches”": whose test pictures they were, where it learned from others; escaped."""
    return "" if target is None else f" of “{text(target.called)}”"


def learned(config: RunConfig, info: DatasetInfo, source: DatasetInfo, target: DatasetInfo | None) -> Iterator[str]:
    """Paragraphs; `info`: as tl.datasets.describe_for gives it, `source` and `target`: of either data set by itself."""
    yield "## What it learned from"
    if target is not None and STRATEGIES[config.arm.strategy].learns_from == TARGET:
        yield (
            f"The training pictures of “{text(target.called)}”, with their labels: the data set that it was to work on. Nothing "
            f"of “{text(source.called)}”, the other one of its comparison, was used. {text(info.note)}"
        ).strip()
        yield _table(target.classes, target, "test")
        return
    split = "all of them for training" if config.final else f"{used(config)} of its training pictures were used"
    yield f"The data set “{text(source.called)}”: {split}. {text(info.note)}".strip()
    if target is not None:
        yield f"It was to work on another data set, “{text(target.called)}”. {_of_target(config)}"
    yield _table(info.classes, info, "test" if target is None else f"test, of {text(target.called)}")
    if config.resplit:
        yield f"Its split was drawn anew by its seed, {config.seed}, in parts of about these sizes."


def used(config: RunConfig) -> str:
    """How many of the training pictures: settings that name no number take them all."""
    return count(config.samples) if config.samples else "all"


def _of_target(config: RunConfig) -> str:
    learns = STRATEGIES[config.arm.strategy].learns_from
    if learns == SOURCE_AND_FEW:
        number = number_of(config.arm.labelled_per_class, "training picture")
        return f"Up to {number} of each of its classes were used as well, with their labels."
    return UNSEEN[learns]


def _table(classes: tuple[str, ...], info: DatasetInfo, test: str) -> str:
    rows = [f"| class | training | validation | {test} |", "|---|---|---|---|"]
    for name in classes:
        held = info.counts.get(name, {})
        rows.append(
            f"| {text(name)} | {' | '.join(count(held.get(part)) for part in ('train', 'validation', 'test'))} |"
        )
    return "\n".join(rows)
