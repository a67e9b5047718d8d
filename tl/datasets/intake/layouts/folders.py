"""Classes by folders: the outer ones, those inside, or both; and a copy of the whole that lies beside it."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from tl.datasets.class_names import label, quoted
from tl.datasets.info import COPY
from tl.datasets.intake.layouts import vocabulary as words
from tl.datasets.intake.layouts.reading import OUTSIDE, LayoutInput, LayoutRequest, Place, Reading
from tl.datasets.intake.layouts.views import View, majority, views
from tl.languages import english, say, semicolons

FEW = 3  # pictures a class that can be divided has at least
SHARE_INSIDE = 0.6  # of the pictures that lie in a further folder for that to be a class
TELLS_NOTHING, COUNTS, TOO_FEW, LEFT_OUT = 90.0, 25.0, 60.0, 100.0  # likelihood lost where it is so of all
INNER, BOTH, INNERMOST, MERGED = -20.0, -30.0, -45.0, -5.0  # likelihood of other readings than by the outer folders

SAME = 0.5  # share of sub-folders that two folders have in common to be alike
AS_DOMAINS = 35.0  # likelihood that the inner folders gain where the outer ones are called like domains


def readings(found: LayoutInput) -> Iterator[Reading]:
    """Every way in which the folders can be the classes."""
    for view in views(found.folders):
        copies = _copies(view.rests)
        yield from _with_copies(view, copies) if copies else _by_level(view)


def _at_level(view: View, level: str, places: Sequence[Place | str]) -> str:
    """'each folder of level 2 is a class' with the first of them: ", such as 'photo/cat'"."""
    row = next((row for row, place in enumerate(places) if isinstance(place, Place)), None)
    if row is None:
        return say("each folder of level {level} is a class", level=level)
    example = label("/".join(view.folders[row][: int(level)]))
    return say("each folder of level {level} is a class, such as {example!r}", level=level, example=example)


def _by_level(view: View) -> Iterator[Reading]:
    yield _reading(view, 0, lambda rest: rest[0] if rest else None)
    inner = majority(view.rests, 1)
    filled = sum(map(bool, view.rests))
    if not inner or not filled:
        return
    share = inner.total() / filled
    if share >= SHARE_INSIDE and len(inner) > 1:
        yield from _inside(view)
    if 0 < share < 1:
        innermost = _reading(view, 0, lambda rest: rest[-1] if rest else None, INNERMOST)
        how = _told(view, say("the folder right above each picture is its class"))
        yield replace(innermost, how=how, asked=LayoutRequest(classes_from="parent"))


def _alike(rests: Sequence[tuple[str, ...]]) -> bool:
    """Whether most outer folders hold the same sub-folders, `rests` being the folders of each picture."""
    inside: dict[str, set[str]] = defaultdict(set)
    for rest in rests:
        if len(rest) > 1:
            inside[rest[0]].add(rest[1].casefold())
    if len(inside) < 2:
        return False
    every = set.union(*inside.values())
    return len(every) > 1 and sum(len(own) for own in inside.values()) >= SAME * len(every) * len(inside)


def _domains(rests: Sequence[tuple[str, ...]]) -> float:
    """What speaks for the outer folders being domains: AS_DOMAINS, or 0 where nothing does."""
    outer = {rest[0] for rest in rests if rest}
    named = sum(words.is_domain(name) for name in outer)
    return AS_DOMAINS if _alike(rests) and 2 * named > len(outer) else 0.0


def _inside(view: View) -> Iterator[Reading]:
    """The folders inside the outer ones as classes, alone and joined to those."""
    inner = _reading(view, 1, lambda rest: rest[1] if len(rest) > 1 else None, INNER)
    outer = list(majority(view.rests, 0))
    where, number = _domains(view.rests), view.level_of(0)
    if where > 0 or (_alike(view.rests) and all(map(words.is_container, outer))):
        around = say(
            "the folders around them ({folders}) are taken for domains and put together", folders=quoted(outer, 4)
        )
        inner = replace(inner, how=semicolons([inner.how, around]), likely=inner.likely + where)
    yield inner
    if _alike(view.rests):
        both = _reading(view, 1, lambda rest: f"{rest[0]} {rest[1]}" if len(rest) > 1 else None, BOTH)
        second = view.level_of(1)
        asked = LayoutRequest(classes_from=f"{number}+{second}" if number.isdigit() and second.isdigit() else "")
        how = _told(
            view,
            say(
                "folder and sub-folder together are the class (levels {first} and {second})",
                first=number,
                second=second,
            ),
        )
        yield replace(both, how=how, asked=asked)
    if majority(view.rests, 2).total() >= SHARE_INSIDE * sum(map(bool, view.rests)):
        yield _reading(view, 2, lambda rest: rest[2] if len(rest) > 2 else None, BOTH)


def _copies(rests: Sequence[tuple[str, ...]]) -> set[str]:
    """Outer folders that hold a copy of the class folders beside them."""
    inside: dict[str, set[str]] = defaultdict(set)
    bare: set[str] = set()
    for rest in rests:
        if len(rest) == 1:
            bare.add(rest[0])
        elif rest:
            inside[rest[0]].add(rest[1].casefold())
    outer = {name.casefold() for name in bare | inside.keys()}
    found = {
        name
        for name, below in inside.items()
        if name not in bare and len(below & (outer - {name.casefold()})) > 1 and len(below & outer) > len(below) / 2
    }
    beside = {name.casefold() for name in bare | (inside.keys() - found)}
    return {name for name in found if len(inside[name] & beside) > 1}


def _with_copies(view: View, copies: set[str]) -> Iterator[Reading]:
    shown = quoted(sorted(copies), 4)
    reason_of_copy = {folder: english(say(COPY, folder=repr(label(folder)))) for folder in copies}
    reasons = {row: reason_of_copy[rest[0]] for row, rest in enumerate(view.rests) if rest and rest[0] in copies}
    once = replace(
        view,
        outside=view.outside | reasons,
        rests=[() if row in reasons else rest for row, rest in enumerate(view.rests)],
    )
    first = _reading(once, 0, lambda rest: rest[0] if rest else None)
    note = say(
        "{folders} holds class folders of the same names as those beside it and is taken for a copy, so it is left out.",
        folders=shown,
    )
    yield replace(first, notes=(*first.notes, note), asked=LayoutRequest())
    merged = _reading(
        view, 0, lambda rest: (rest[1] if rest[0] in copies and len(rest) > 1 else rest[0]) if rest else None
    )
    how = _told(
        view,
        say("folders are the classes, those inside {folders} put together with those beside it", folders=shown),
    )
    yield replace(merged, how=how, likely=merged.likely + MERGED, asked=LayoutRequest(classes_from="parent"))
    every = _reading(view, 0, lambda rest: rest[0] if rest else None)
    yield replace(every, likely=every.likely - TELLS_NOTHING / 2)


def _reading(view: View, place: int, name: Callable[[tuple[str, ...]], str | None], bonus: float = 0.0) -> Reading:
    """The reading in which `name` of the folders that are left is the class; `place` of them says it."""
    named = [name(rest) for rest in view.rests]
    places: list[Place | str] = []
    for row, (label_of, rest) in enumerate(zip(named, view.rests, strict=True)):
        if label_of is None or row in view.outside:
            places.append(view.outside.get(row, OUTSIDE))
        else:
            places.append(Place(view.splits[row], label_of, (*rest[place + 1 :], "")[0]))
    level = view.level_of(place)
    how = _at_level(view, level, places) if level.isdigit() else say("each class has a folder")
    reading = Reading(
        how=_told(view, how),
        places=places,
        asked=LayoutRequest(classes_from=level, split_from=view.split_from),
        notes=view.notes,
    )
    return replace(reading, likely=_likely(reading, view) + bonus)


def tells_nothing(name: str) -> bool:
    """Whether a folder's name is that of no class: 'images', 'docs', 'train', 'fold_1'."""
    usual = words.is_container(name) or words.is_clutter(name)
    return usual or words.split_of(name) is not None or words.is_fold(name)


def _told(view: View, how: str) -> str:
    return semicolons([how, *view.how])


def _likely(reading: Reading, view: View) -> float:
    """How likely people mean this: names that tell nothing, tiny classes and pictures left out speak against it."""
    sizes = reading.sizes
    if not sizes:
        return -1000.0
    empty = sum(map(tells_nothing, sizes))
    numbers = sum(words.is_number(name) for name in sizes)
    few = sum(number < FEW for number in sizes.values())
    inside = [row for row, rest in enumerate(view.rests) if rest and row not in view.outside]
    lost = sum(isinstance(reading.places[row], str) for row in inside) / max(1, len(inside))
    by_share = (TELLS_NOTHING * empty + COUNTS * numbers + TOO_FEW * few) / len(sizes)
    return view.likely - by_share - LEFT_OUT * lost
