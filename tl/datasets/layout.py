"""From paths inside an archive to split and class: wrapping folders, train/val/test in their usual spellings, junk."""

import re
import unicodedata
from collections.abc import Iterable, Sequence

from tl.config import Refused

EXPECTED = "make one folder per class, such as flowers/rose/1.jpg and flowers/tulip/2.jpg"
JUNK_FILES = {"thumbs.db", "desktop.ini", "icon\r", "ehthumbs.db"}
SPLIT_WORDS = {
    "train": "train",
    "training": "train",
    "trainset": "train",
    "val": "validation",
    "valid": "validation",
    "validation": "validation",
    "validate": "validation",
    "valset": "validation",
    "dev": "validation",
    "test": "test",
    "testing": "test",
    "tests": "test",
    "testset": "test",
    "holdout": "test",
}


def is_junk(name: str) -> bool:
    """Whether an operating system, not a person, put this file there."""
    parts = name.split("/")
    return parts[-1].lower() in JUNK_FILES or any(part[:1] == "." != part or part == "__MACOSX" for part in parts)


LONGEST = 80  # of a class's name


def label(folder: str, longest: int = LONGEST, end: int = 0) -> str:
    """A name from outside made fit to be shown: NFC, no control or direction characters, at most `longest` long.

    Of one that is longer "…" stands for what is left out: all the rest, or all but the last `end` characters.
    """
    kept = "".join(c if unicodedata.category(c)[0] not in "CZ" else " " if c.isspace() else "" for c in folder)
    text = unicodedata.normalize("NFC", " ".join(kept.split()))
    if len(text) > longest:
        text = f"{text[: longest - 1 - end].strip()}…{text[len(text) - end :].strip()}"
    return text or "unnamed"


def natural(text: str) -> tuple:
    """Sort key: 'class 2' before 'class 10'."""
    parts = re.split(r"([0-9]+)", text)  # text, number, text, ...
    return tuple((int(part), "") if place % 2 else (0, part) for place, part in enumerate(parts)), text


def split_of(folder: str) -> str | None:
    """The split a folder's name means ('Training', 'val_images', 'seg_test'), if any."""
    found = {SPLIT_WORDS[word] for word in re.split(r"[^a-z]+", folder.lower()) if word in SPLIT_WORDS}
    return found.pop() if len(found) == 1 else None


def arrange(names: Sequence[str]) -> list[tuple[str, str] | None]:
    """Per picture (split, class), split "" where the archive has none; None where it lies in no class folder.

    Raises Refused where there are no class folders or fewer than two.
    """
    return _named([place and place[:2] for place in _located(names)])


def folders_below(names: Sequence[str]) -> list[str]:
    """Per picture the folder it lies in below its class folder (and a split's inside that), "" where there is none."""
    return [place[2] if place else "" for place in _located(names)]


def _located(names: Sequence[str]) -> list[tuple[str, str, str] | None]:
    """Per picture (split, class folder, first folder below); see `arrange`."""
    paths = [tuple(part for part in name.split("/") if part not in ("", ".")) for name in names]
    depth, inside = _peel(paths, 0, range(len(paths)))
    splits = _splits(paths, depth, inside)
    placed: list[tuple[str, str, str] | None] = [None] * len(paths)
    if splits:
        for split, folder in splits.items():
            below = [row for row in inside if len(paths[row]) > depth + 1 and paths[row][depth] == folder]
            level, below = _peel(paths, depth + 1, below)
            for row in below:
                if len(paths[row]) > level + 1:
                    below_class = paths[row][level + 1 : -1]
                    placed[row] = split if len(splits) > 1 else "", paths[row][level], (*below_class, "")[0]
    else:
        rows = [row for row in inside if len(paths[row]) > depth + 1]
        for row, split in zip(rows, _splits_in_classes([paths[row][depth + 1 :] for row in rows]), strict=True):
            below_class = paths[row][depth + 1 + bool(split) : -1]
            placed[row] = split, paths[row][depth], (*below_class, "")[0]
    return placed


def _splits_in_classes(rests: list[tuple[str, ...]]) -> list[str]:
    """Splits where the classes are outside and train and test inside: rose/train/1.jpg; else "" for all."""
    found = [split_of(rest[0]) if len(rest) > 1 else None for rest in rests]
    whole = None not in found and "train" in found and len(set(found)) > 1
    return found if whole else [""] * len(rests)


def _folders(paths: list[tuple[str, ...]], depth: int, rows: Iterable[int]) -> set[str]:
    return {paths[row][depth] for row in rows if len(paths[row]) > depth + 1}


def _peel(paths: list[tuple[str, ...]], depth: int, rows: Sequence[int]) -> tuple[int, Sequence[int]]:
    """Go down while there is a single folder that holds folders; (depth, rows below it)."""
    while True:
        folders = _folders(paths, depth, rows)
        if len(folders) != 1:
            return depth, rows
        below = [row for row in rows if len(paths[row]) > depth + 1]
        if not _folders(paths, depth + 1, below):
            return depth, rows
        depth, rows = depth + 1, below


def _splits(paths: list[tuple[str, ...]], depth: int, rows: Sequence[int]) -> dict[str, str]:
    """split -> folder, where folders at `depth` are called train, val, test and hold class folders."""
    with_folders = {paths[row][depth] for row in rows if len(paths[row]) > depth + 2}
    folders = _folders(paths, depth, rows)
    named = {folder for folder in folders if split_of(folder)}
    found: dict[str, str] = {}
    for folder in sorted(named & with_folders):
        split = split_of(folder)
        if split in found:
            raise Refused(
                f"The folders {found[split]!r} and {folder!r} both look like {split} pictures; keep one of them."
            )
        found[split] = folder
    if not found and len(named) > 1 and named == folders and "train" in map(split_of, named):
        raise Refused(f"The folders {_listed(named)} hold pictures, but no class folders; {EXPECTED}.")
    if len(named) < 2 or not found:  # one folder of that name may well be a class
        return {}
    if "train" not in found:
        raise Refused(
            f"There are folders {', '.join(sorted(named))} but none for training; add a folder 'train' with the same classes."
        )
    return found


def _listed(folders: Iterable[str]) -> str:
    return " and ".join(repr(label(folder)) for folder in sorted(folders))


def _named(placed: list[tuple[str, str] | None]) -> list[tuple[str, str] | None]:
    """Folder names made labels; Refused where two become one or fewer than two are left."""
    folders = sorted({place[1] for place in placed if place})
    whole = {folder: label(folder, len(folder) + 1) for folder in folders}
    for first, second, *_ in _same(whole):
        raise Refused(
            f"The class folders {label(first)!r} and {label(second)!r} have the same name for many computers; rename or "
            "merge them."
        )
    labels = {folder: label(folder) for folder in folders}
    for alike in _same(labels):  # as far as they are shown
        labels |= {folder: label(folder, end=LONGEST // 2) for folder in alike}
    for alike in _same(labels):
        raise Refused(
            f"{len(alike)} class folders have long names that begin and end alike, {labels[alike[0]]!r}; give them "
            f"names of at most {LONGEST} characters."
        )
    if len(folders) == 1:
        raise Refused(
            f"There is only one class folder, {label(folders[0])!r}; at least two classes are needed: {EXPECTED}."
        )
    if not folders:
        raise Refused(f"The pictures lie in no class folders; {EXPECTED}.")
    return [place and (place[0], labels[place[1]]) for place in placed]


def _same(labels: dict[str, str]) -> list[list[str]]:
    """Groups of folders whose labels many computers take for one."""
    by_key: dict[str, list[str]] = {}
    for folder, text in labels.items():
        by_key.setdefault(unicodedata.normalize("NFC", text.casefold()), []).append(folder)
    return [group for group in by_key.values() if len(group) > 1]
