"""A reading as a person asks for it: `--classes-from`, `--split-from`, `--domain-from`. Raises Refused with what there is."""

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

from tl.config import refusal
from tl.datasets.class_names import label
from tl.datasets.intake.layouts import file_names, read, tables
from tl.datasets.intake.layouts import vocabulary as words
from tl.datasets.intake.layouts.reading import (
    AS_FOUND,
    FILE_NAME,
    GIVEN,
    NEW,
    OUTSIDE,
    PARENT,
    LayoutInput,
    LayoutRequest,
    Place,
    Reading,
)
from tl.languages import commas, later, say, semicolons

LEVELS = re.compile(r"\d{1,2}(\+\d{1,2})*")
OTHER_DOMAIN = later("of another domain")
WAYS = later(
    "a folder level such as 2, levels joined as 1+2, parent, a path such as photos/*, file-name, or TABLE[:COLUMN]"
)
NO_SPLIT = later("in none of the splits")
Namer = Callable[[tuple[str, ...]], str | None]


def choose(found: LayoutInput, readings: Sequence[Reading], asked: LayoutRequest) -> Reading | None:
    """The reading that is asked for; of several that fit, and where nothing is asked, the likeliest.

    None where nothing is asked and there is none.
    """
    if asked == AS_FOUND:
        return readings[0] if readings else None
    same = [reading for reading in readings if reading.asked == asked]
    if same:
        return same[0]
    reading = _domains(found, readings, asked) if asked.domain_from else _classes(found, readings, asked)
    if asked.split_from:
        reading = _splits(found, reading, asked.split_from)
    return replace(reading, asked=asked)


def _classes(found: LayoutInput, readings: Sequence[Reading], asked: LayoutRequest) -> Reading:
    wanted = asked.classes_from
    if not wanted:
        if not readings:
            raise refusal("It is not clear what the classes are; give --classes-from: {ways}.", ways=say(WAYS))
        return readings[0]
    same = [reading for reading in readings if reading.asked.classes_from == wanted]
    if same:
        return same[0]
    if wanted == FILE_NAME:
        return file_names.by_name(found)
    namer, taken, how = _namer(wanted)
    return tables.asked_for(found, wanted) if namer is None else _by_folder(found, namer, taken, how)


def _namer(wanted: str) -> tuple[Namer | None, set[int], str]:
    """(what names the class by the folders of a picture, levels it takes, in words); no namer for a table."""
    if LEVELS.fullmatch(wanted):
        levels = [int(level) - 1 for level in wanted.split("+")]
        if min(levels) < 0:
            raise refusal("classes-from is {wanted!r}; levels count from 1, the outermost folder.", wanted=wanted)
        how = (
            say("each folder of level {level} is a class", level=wanted)
            if len(levels) == 1
            else say("levels {levels} together are the class", levels=wanted)
        )
        deepest = max(levels)
        return lambda own: " ".join(own[at] for at in levels) if len(own) > deepest else None, set(levels), how
    if wanted == PARENT:
        return lambda own: own[-1] if own else None, set(), say("the folder right above each picture is its class")
    if "*" in wanted:
        parts = [part for part in wanted.split("/") if part not in ("", ".")]
        if parts.count("*") == 1:
            place = parts.index("*")
            how = say("each folder at {path!r} is a class", path=wanted)
            return partial(_of_path, parts=parts, place=place), {place}, how
        raise refusal(
            "classes-from is {wanted!r:.100}; put one * where the class folders are, as in photos/*.", wanted=wanted
        )
    return None, set(), ""


def _of_path(folders: tuple[str, ...], parts: list[str], place: int) -> str | None:
    fits = len(folders) >= len(parts) and all(
        part in ("*", "?") or part == folder for part, folder in zip(parts, folders, strict=False)
    )
    return folders[place] if fits else None


def _by_folder(found: LayoutInput, namer: Namer, taken: set[int], how: str) -> Reading:
    names = [namer(folders) for folders in found.folders]
    deepest = max((len(folders) for folders in found.folders), default=0)
    if not any(names):
        text = later("No picture lies at that level ({how}); the deepest picture lies {deepest} folders down.")
        raise refusal(text, how=how, deepest=deepest)
    splits, told = _splits_beside(found, names, taken)
    places: list[Place | str] = []
    for folders, name, split in zip(found.folders, names, splits, strict=True):
        below = folders[max(taken) + 1 :] if taken else ()
        places.append(Place(split, name, (*below, "")[0]) if name else OUTSIDE)
    return Reading(how=semicolons([how, *told]), places=places)


def _splits_beside(
    found: LayoutInput, names: Sequence[str | None], taken: set[int]
) -> tuple[list[str], tuple[str, ...]]:
    """Splits by whatever other folder is called so."""
    splits = [
        next(
            (split for level, folder in enumerate(folders) if level not in taken and (split := words.split_of(folder))),
            "",
        )
        if name
        else ""
        for folders, name in zip(found.folders, names, strict=True)
    ]
    held = {split for split, name in zip(splits, names, strict=True) if name}
    if "train" in held and len(held) > 1 and "" not in held:
        return splits, (say("the splits are folders"),)
    return [""] * len(names), ()


def _domains(found: LayoutInput, readings: Sequence[Reading], asked: LayoutRequest) -> Reading:
    """With a folder level taken for domains: no class, put together, or only those that are named."""
    level, _, only = asked.domain_from.partition(":")
    if not level.isdecimal() or not 1 <= int(level) <= 99:
        raise refusal(
            "domain-from is {wanted!r:.100}; give a folder level such as 1, or 1:NAME,NAME to keep only these.",
            wanted=asked.domain_from,
        )
    place = int(level) - 1
    of = [folders[place] if len(folders) > place else "" for folders in found.folders]
    kept = {name.strip().casefold() for name in only.split(",") if name.strip()}
    if missing := kept - {name.casefold() for name in of}:
        raise refusal(
            "There is no domain {name!r:.60} at level {level}; the domains there are {domains}.",
            name=sorted(missing)[0],
            level=level,
            domains=commas(repr(label(name)) for name in sorted({*of} - {""})[:10]) or say("none"),
        )
    if asked.classes_from:
        reading = _classes(found, readings, asked)
    else:
        names = ["/".join((*folders[:place], *folders[place + 1 :], "x")) for folders in found.folders]
        rest = read(LayoutInput(names=names, most_classes=found.most_classes))
        if not rest:
            raise refusal(
                "Without the folders of level {level} no classes are left; give --classes-from, too.", level=level
            )
        reading = rest[0]
    places = [
        OTHER_DOMAIN if kept and domain.casefold() not in kept else where
        for where, domain in zip(reading.places, of, strict=True)
    ]
    sizes = Counter(domain for domain, where in zip(of, places, strict=True) if isinstance(where, Place) and domain)
    how = reading.how
    if not asked.classes_from:
        told = commas(f"{label(name)} {number:,}" for name, number in sizes.most_common(10))
        how = say(
            "the folders inside are the classes; those of level {level} are domains ({domains})",
            level=level,
            domains=told,
        )
    return replace(reading, places=places, how=how)


def _splits(found: LayoutInput, reading: Reading, wanted: str) -> Reading:
    if wanted == NEW:
        splits = {row: "" for row in range(len(found.names))}
        notes = (say("The pictures are divided anew, whatever splits they came in."),)
        return _with_splits(replace(reading, notes=notes), splits, say("divided anew"))
    if wanted == GIVEN:
        return reading
    if not wanted.isdecimal():
        how = say("the splits are from {name!r}", name=label(wanted))
        return _with_splits(reading, tables.split_column(found, wanted), how)
    place = int(wanted) - 1
    folders = {row: own[place] for row, own in enumerate(found.folders) if 0 <= place < len(own)}
    splits = {row: words.split_of(folder) or "" for row, folder in folders.items()}
    held = {splits.get(row, "") for row, where in enumerate(reading.places) if isinstance(where, Place)}
    if "train" not in held or len(held) < 2:
        raise refusal(
            "The folders of level {level} do not say which pictures are for training and which for the test: "
            "{folders}; rename them train, val and test.",
            level=wanted,
            folders=commas(repr(label(folder)) for folder in sorted(set(folders.values()))[:10]) or say("none"),
        )
    return _with_splits(reading, splits, say("the splits are the folders of level {level}", level=wanted))


def _with_splits(reading: Reading, splits: dict[int, str], how: str) -> Reading:
    places = [
        where._replace(split=splits.get(row, "")) if isinstance(where, Place) else where
        for row, where in enumerate(reading.places)
    ]
    held = {where.split for where in places if isinstance(where, Place)}
    if "" in held and len(held) > 1:  # some have no split: they can't be in one
        places = [NO_SPLIT if isinstance(where, Place) and not where.split else where for where in places]
    return replace(reading, places=places, how=semicolons([reading.how, how]))
