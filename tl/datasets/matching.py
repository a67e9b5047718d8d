"""Which classes two data sets have in common: a source that is learned from, and a target that looks different.

Classes are matched by name. What only one side has is never dropped silently: whoever asks says whether it is left out.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tl.config import refusal
from tl.datasets.catalogue import describe
from tl.datasets.info import UNLABELLED, DatasetInfo
from tl.datasets.titles import folded
from tl.languages import commas, later, say, semicolons
from tl.store.home import Home
from tl.words import number_of

FEWEST = 2  # classes that can be told apart
NAMED = 6  # classes at most that a sentence names


@dataclass(frozen=True, kw_only=True)
class Matching:
    """The classes of two data sets, source and target; K are in both."""

    classes: tuple[str, ...]  # K, as the source spells them and in its order
    only_source: tuple[str, ...] = ()
    only_target: tuple[str, ...] = ()
    source_numbers: tuple[int, ...]  # (K,) the number that each has in the source
    target_numbers: tuple[int, ...]  # (K,) and in the target; () where that has no labels

    @property
    def whole(self) -> bool:
        """Whether both sides have the same classes, as far as is known."""
        return not self.only_source and not self.only_target

    def of_source(self, labels: NDArray[np.int64]) -> NDArray[np.int64]:
        """(n,) the source's labels as 0..K-1; UNLABELLED for a class that is left out."""
        return _renumbered(labels, self.source_numbers)

    def of_target(self, labels: NDArray[np.int64]) -> NDArray[np.int64]:
        """(n,) the target's labels as 0..K-1; UNLABELLED for a class that is left out, and where it has no labels."""
        return _renumbered(labels, self.target_numbers)


def _renumbered(labels: NDArray[np.int64], numbers: Sequence[int]) -> NDArray[np.int64]:
    table = np.full(max(numbers, default=-1) + 1, UNLABELLED, np.int64)
    table[list(numbers)] = np.arange(len(numbers))
    known = (labels >= 0) & (labels < len(table))
    found = np.full(len(labels), UNLABELLED, np.int64)
    found[known] = table[labels[known]]
    return found


def match(source: Sequence[str], target: Sequence[str]) -> Matching:
    """Match class names, in label order; a target without classes is unlabelled and is taken to have the source's.

    Names are the same where they differ in case, or in '_' and '-' for a space, only: unless one side has both spellings.
    """
    if not target:
        return Matching(classes=tuple(source), source_numbers=tuple(range(len(source))), target_numbers=())
    exact = {name: number for number, name in enumerate(target)}
    loose = _by_key(target)
    ambiguous = {key for key, number in Counter(map(_key, source)).items() if number > 1}
    pairs: list[tuple[int, int]] = []
    for number, name in enumerate(source):
        other = exact.get(name)
        if other is None and _key(name) not in ambiguous:
            other = loose.get(_key(name))
        if other is not None:
            pairs.append((number, other))
    matched = {number for number, _ in pairs}, {number for _, number in pairs}
    return Matching(
        classes=tuple(source[number] for number, _ in pairs),
        only_source=tuple(name for number, name in enumerate(source) if number not in matched[0]),
        only_target=tuple(name for number, name in enumerate(target) if number not in matched[1]),
        source_numbers=tuple(number for number, _ in pairs),
        target_numbers=tuple(number for _, number in pairs),
    )


def _by_key(names: Sequence[str]) -> dict[str, int]:
    """Key -> number, of names whose key no other has."""
    counts = Counter(map(_key, names))
    return {_key(name): number for number, name in enumerate(names) if counts[_key(name)] == 1}


def _key(name: str) -> str:
    return " ".join(folded(name).replace("_", " ").replace("-", " ").split())


def check_source(info: DatasetInfo) -> None:
    """Refuse to learn from pictures without labels."""
    if not info.labelled:
        raise refusal(
            "The pictures of {called} have no labels, so nothing can be learned from them alone; choose a labelled set "
            "to learn from, and this one to work on (--target-dataset {name}).",
            called=info.called,
            name=info.name,
        )


def source_of(home: Home, name: str) -> DatasetInfo:
    """What is known about a data set that is to be learned from. Raises Refused for one without labels, as `describe`."""
    info = describe(home, name)
    check_source(info)
    return info


def matched(source: DatasetInfo, target: DatasetInfo, leave_out_unmatched: bool = False) -> Matching:
    """The matching of two data sets that a comparison can be made of. Raises Refused with one sentence where none can."""
    check_source(source)
    if source.name == target.name:
        raise refusal("{name} can't be its own target; choose pictures that look different.", name=source.called)
    found = match(source.classes, target.classes)
    if len(found.classes) < FEWEST:
        sides = {
            "source": source.called,
            "target": target.called,
            "of_source": _named(source.classes),
            "of_target": _named(target.classes),
        }
        if found.classes:
            raise refusal(
                "{source} and {target} have only the class {name!r:.80} in common ({of_source}; {of_target}); rename "
                "the classes of one of them.",
                name=found.classes[0],
                **sides,
            )
        raise refusal(
            "{source} and {target} have no class in common ({of_source}; {of_target}); rename the classes of one of "
            "them.",
            **sides,
        )
    if not found.whole and not leave_out_unmatched:
        text = later("{unmatched}; leave out what only one has (--unmatched leave_out), or rename.")
        raise refusal(text, unmatched=unmatched(source, target, found))
    return found


def unmatched(source: DatasetInfo, target: DatasetInfo, found: Matching) -> str:
    """What only one side has, a sentence without its full stop; "" where nothing is."""
    if not found.only_source:
        return _only(target, found.only_target) if found.only_target else ""
    first = _only(source, found.only_source)
    if not found.only_target:
        return first
    second = say("only {dataset} has {classes}", dataset=target.called, classes=_named(found.only_target))
    return semicolons([first, second])


def _only(info: DatasetInfo, names: Sequence[str]) -> str:
    return say("Only {dataset} has {classes}", dataset=info.called, classes=_named(names))


def _named(names: Sequence[str]) -> str:
    shown = commas(f"{name!r:.60}" for name in names[:NAMED])
    more = len(names) - NAMED
    return say("{list} and {more}", list=shown, more=number_of(more, "more class")) if more > 0 else shown  # not shown
