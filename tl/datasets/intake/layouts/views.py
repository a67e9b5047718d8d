"""Which folders of an archive are wrapping, splits, folds or clutter: what is left of each path may be classes."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from tl.datasets.class_names import label, listed_folders
from tl.datasets.info import OUTSIDE_FOLDER, OUTSIDE_FOLDERS
from tl.datasets.intake.layouts import vocabulary as words
from tl.languages import english, later, say

Folders = Sequence[tuple[str, ...]]
DESCENTS = 3  # folders of which one holds most, one inside the other
MOSTLY = 0.5  # share of the pictures that one of several folders holds to be looked into
LOSES_ALL = 100.0  # likelihood that a view loses where it leaves out everything
TAKEN_AS = {  # split -> what is said of a folder for it
    "train": later("{folder!r} taken as train"),
    "validation": later("{folder!r} taken as validation"),
    "test": later("{folder!r} taken as test"),
}
CLUTTER = 0.3  # of that where what it leaves out is called 'docs' or lies loose


@dataclass(frozen=True, kw_only=True)
class View:
    """Per picture the folders that may be its class, and what the others were taken for."""

    folders: Folders  # as they are in the archive
    rests: list[tuple[str, ...]]  # () where the picture lies in none of them
    levels: list[int]  # of the first folder of each rest, from 0 for the outermost of the archive
    splits: list[str]  # "" where there is none
    outside: dict[int, str]  # row -> why it is left out
    how: tuple[str, ...] = ()  # what was taken for what
    notes: tuple[str, ...] = ()
    split_from: str = ""  # what `--split-from` would have to say for this
    likely: float = 100.0
    cut: int | None = None  # level of a folder inside the classes that names the split, not part of `rests`
    divided: bool = False  # whether splits were found

    def level_of(self, place: int) -> str:
        """How `--classes-from` calls the folder at `place` of the rests: "" where it has no level in common."""
        inside = [row for row, rest in enumerate(self.rests) if len(rest) > place]
        levels = {self.levels[row] + place for row in inside}
        if len(levels) == 1:
            level = levels.pop()
            return str(level + 1 + (self.cut is not None and self.cut <= level))
        return "parent" if all(len(self.rests[row]) == place + 1 for row in inside) else ""


def views(folders: Folders) -> Iterator[View]:
    """The likelier first: with what is recognised taken off, and where one folder holds most, what lies in that."""
    rows: Sequence[int] = range(len(folders))
    depth, rows = peel(folders, 0, rows)
    outside: dict[int, str] = {}
    lost = 0.0
    for _ in range(DESCENTS + 1):
        known = _known(folders, depth, rows)
        for view in known or [_plain(folders, depth, rows)]:
            yield replace(view, outside=view.outside | outside, likely=view.likely - lost)
        if known or (child := _dominant(folders, depth, rows)) is None:
            return
        below = [row for row in rows if len(folders[row]) > depth and folders[row][depth] == child]
        reason = english(say(OUTSIDE_FOLDER, folder=repr(label(child))))
        left = [row for row in rows if len(folders[row]) <= depth or folders[row][depth] != child]
        outside |= dict.fromkeys(left, reason)
        little = sum(len(folders[row]) <= depth or words.is_clutter(folders[row][depth]) for row in left)
        lost += LOSES_ALL * (len(left) - (1 - CLUTTER) * little) / len(folders)
        depth, rows = peel(folders, depth + 1, below)


def peel(folders: Folders, depth: int, rows: Sequence[int]) -> tuple[int, Sequence[int]]:
    """Go down while there is a single folder that holds folders; (depth, rows below it)."""
    while True:
        here = [row for row in rows if len(folders[row]) > depth]
        if len({folders[row][depth] for row in here}) != 1 or all(len(folders[row]) <= depth + 1 for row in here):
            return depth, rows
        depth, rows = depth + 1, here


def _children(folders: Folders, depth: int, rows: Sequence[int]) -> dict[str, list[int]]:
    found: dict[str, list[int]] = defaultdict(list)
    for row in rows:
        if len(folders[row]) > depth:
            found[folders[row][depth]].append(row)
    return found


def _dominant(folders: Folders, depth: int, rows: Sequence[int]) -> str | None:
    """The folder that holds most pictures, in folders of its own; None where there is none."""
    children = _children(folders, depth, rows)
    if len(children) < 2:
        return None
    child, own = max(children.items(), key=lambda item: len(item[1]))
    level, inside = peel(folders, depth + 1, own)
    return child if len(own) > MOSTLY * len(rows) and len(_children(folders, level, inside)) > 1 else None


def _plain(folders: Folders, depth: int, rows: Sequence[int]) -> View:
    count = len(folders)
    rests: list[tuple[str, ...]] = [()] * count
    for row in rows:
        rests[row] = folders[row][depth:]
    view = View(folders=folders, rests=rests, levels=[depth] * count, splits=[""] * count, outside={})
    inner = {rest[:2] for rest in rests if len(rest) > 1}
    outer = {rest[0] for rest in rests if rest}
    if len(outer) > 1 and len(inner) == len(outer) and all(len(rest) > 2 for rest in rests if rest):
        # Each holds one folder that holds all the others: photo/images/cat, sketch/images/cat.
        return replace(view, rests=[rest[:1] + rest[2:] for rest in rests], cut=depth + 1)
    return _splits_inside(view)


def _splits_inside(view: View) -> View:
    """Splits where the classes are outside and train and test inside: rose/train/1.jpg."""
    rows = [row for row, rest in enumerate(view.rests) if rest]
    for place in (1, 2):
        found = {row: words.split_of(view.rests[row][place]) for row in rows if len(view.rests[row]) > place}
        if len(found) < len(rows) or None in found.values() or "train" not in found.values():
            continue
        if len(set(found.values())) > 1:
            splits, rests = list(view.splits), list(view.rests)
            for row, split in found.items():
                splits[row], rests[row] = split or "", rests[row][:place] + rests[row][place + 1 :]
            how = (say("the splits are folders of level {level}", level=view.levels[rows[0]] + place + 1),)
            cut = view.levels[rows[0]] + place
            return replace(view, rests=rests, splits=splits, how=how, cut=cut, divided=True)
    return view


def _known(folders: Folders, depth: int, rows: Sequence[int]) -> list[View]:
    """Views where the folders at `depth` are splits or folds or pieces of a whole; none where they may be classes."""
    children = _children(folders, depth, rows)
    deep = {child for child, own in children.items() if any(len(folders[row]) > depth + 1 for row in own)}
    named = {child: split for child in sorted(children) if (split := words.split_of(child))}
    if len(named) > 1 and named.keys() & deep:
        return [_split_view(folders, depth, children, named)]
    folds = [child for child in sorted(children) if words.is_fold(child)]
    if len(folds) > 1 and folds == sorted(deep):
        return _fold_views(folders, depth, children, folds)
    parts = [child for child in sorted(children) if words.is_part(child)]
    if len(parts) > 1 and parts == sorted(deep):
        view = _stripped(folders, depth, children, dict.fromkeys(parts, ""))
        return [replace(view, how=(say("{folders} are parts of one set", folders=listed_folders(parts)),))]
    return []


def _stripped(folders: Folders, depth: int, children: dict[str, list[int]], taken: dict[str, str]) -> View:
    """What lies in the folders `taken` -> split; wrapping folders inside each are taken off, too."""
    count = len(folders)
    rests: list[tuple[str, ...]] = [()] * count
    levels, splits = [depth + 1] * count, [""] * count
    outside: dict[int, str] = {}
    reason = english(say(OUTSIDE_FOLDERS, folders=listed_folders(taken)))
    for child, own in children.items():
        if child not in taken:
            outside |= dict.fromkeys(own, reason)
            continue
        level, inside = peel(folders, depth + 1, own)
        for row in inside:
            rests[row], levels[row], splits[row] = folders[row][level:], level, taken[child]
    return View(folders=folders, rests=rests, levels=levels, splits=splits, outside=outside)


def _split_view(folders: Folders, depth: int, children: dict[str, list[int]], named: dict[str, str]) -> View:
    roles = dict(named)
    if "test" not in roles.values():
        tests = [child for child, split in roles.items() if split == "validation" and words.means_test(child)]
        if tests and len(tests) < list(roles.values()).count("validation"):
            roles |= dict.fromkeys(tests, "test")
    view = _stripped(folders, depth, children, roles)
    held = {split for split, rest in zip(view.splits, view.rests, strict=True) if rest}
    how = tuple(say(TAKEN_AS[split], folder=label(child)) for child, split in roles.items() if split in held)
    if "train" in held and len(held) > 1:
        return replace(view, how=how, divided=True)
    notes: tuple[str, ...] = ()
    if "train" not in held:
        notes = (
            say(
                "There is no folder for training beside {folders}, so the pictures are divided anew.",
                folders=listed_folders(roles),
            ),
        )
    return replace(view, splits=[""] * len(folders), how=how, notes=notes)


def _fold_views(folders: Folders, depth: int, children: dict[str, list[int]], folds: list[str]) -> list[View]:
    """Folds taken together; and the last one for the test, as who made them means it."""
    level = str(depth + 1)
    together = _stripped(folders, depth, children, dict.fromkeys(folds, ""))
    last = _stripped(folders, depth, children, dict.fromkeys(folds, "train") | {folds[-1]: "test"})
    how = say("{folders} are folds", folders=listed_folders(folds))
    return [
        replace(last, how=(how, say(TAKEN_AS["test"], folder=label(folds[-1]))), divided=True, split_from=level),
        replace(together, how=(how, say("taken together and divided anew")), likely=90.0, split_from="new"),
    ]


def splits_by_folder(folders: Folders) -> tuple[list[str], tuple[str, ...]]:
    """Per picture its split by whatever folder is called so, also where there are no class folders in it, and how.

    "" for all where not every picture lies in one, or none is for training.
    """
    view = next(views(folders), None)
    if view and view.divided:
        return view.splits, view.how
    first = [next((split for folder in own if (split := words.split_of(folder))), "") for own in folders]
    if "train" in first and len(set(first)) > 1 and "" not in first:
        return first, (say("the splits are folders"),)
    return [""] * len(folders), ()


def majority(rests: Sequence[tuple[str, ...]], place: int) -> Counter[str]:
    """How often each folder stands at this place of the rests."""
    return Counter(rest[place] for rest in rests if len(rest) > place)
