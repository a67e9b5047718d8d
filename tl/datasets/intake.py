"""A zip of class folders -> a data set: checked, decoded once, split, and in place whole or not at all."""

import errno
import fcntl
import math
import os
import secrets
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pandas as pd

from tl.config import Refused
from tl.datasets import decode, split
from tl.datasets.archive import LIMITS, Limits, Member, check_kind, read_members
from tl.datasets.archived import PLACE, Progress, decode_all
from tl.datasets.info import MAX_NATIVE_RESOLUTION, DatasetInfo
from tl.datasets.layout import arrange, is_junk, label, natural
from tl.store.files import sync_folder, write_json, write_parquet
from tl.store.home import Home
from tl.store.pictures import locked

FIRST_RESOLUTION = 64  # what every data set is decoded to at once
PEEKED = 64  # pictures looked at first, to guess the native resolution
LOCK = "lock"  # in a quarantine folder, held while it is filled
JUNK, OUTSIDE, BARE = "junk", "not in a class folder", "folder without a picture"
SHOWN_SPLITS = ("train", "validation", "test")
FIRST_NAMES = 5


class Report:
    """What was left out and why: reason -> count and the first names."""

    def __init__(self):
        self.reasons: dict[str, dict] = {}

    def add(self, reason: str, name: str) -> None:
        """Count one entry."""
        entry = self.reasons.setdefault(reason, {"count": 0, "first": []})
        entry["count"] += 1
        if len(entry["first"]) < FIRST_NAMES:
            entry["first"].append(label(name, 200))


def ingest_zip(
    home: Home,
    zip_path: Path,
    name: str,
    *,
    title: str,
    origin: str,
    note: str = "",
    progress: Progress | None = None,
    limits: Limits = LIMITS,
    take: bool = False,
) -> DatasetInfo:
    """Make the data set `name` of the zip. Raises Refused with one sentence, and then nothing was written.

    `take` moves the zip into the data set instead of copying it.
    """
    folder = home.dataset_dir(name)
    _check_free(folder)
    check_kind(zip_path, limits)
    try:
        with _quarantine(home) as quarantine:
            source = quarantine / "source.zip"
            os.replace(zip_path, source) if take else shutil.copyfile(zip_path, source)
            about = {"name": name, "title": title, "origin": origin, "note": note}
            info = _build(quarantine, zip_path.name, about, progress, limits)
            _check_free(folder)
            os.rename(quarantine, folder)
            (folder / LOCK).unlink()
            sync_folder(home.datasets_dir)
    except OSError as problem:
        if problem.errno in (errno.ENOSPC, errno.EDQUOT):
            raise Refused(f"The disk that holds {home.path} is full; free some space and try again.") from None
        if problem.errno in (errno.ENOTEMPTY, errno.EEXIST):  # another ingest took the name meanwhile
            _check_free(folder)
        raise
    return info


def _check_free(folder: Path) -> None:
    if folder.exists():
        raise Refused(f"There is already a data set {folder.name!r}; choose another name or delete that one first.")


@contextmanager
def _quarantine(home: Home) -> Iterator[Path]:
    """A fresh locked folder that is removed unless it was renamed away; those of killed processes are swept first."""
    home.datasets_dir.mkdir(parents=True, exist_ok=True)
    with locked(home.locks_dir / "ingest.lock"):  # so that nobody sweeps a folder that is not locked yet
        sweep(home.datasets_dir)
        folder = home.datasets_dir / f".incoming-{secrets.token_hex(8)}"
        folder.mkdir(mode=0o700)
        lock = open(folder / LOCK, "wb")  # noqa: SIM115 - closed below, after the outer lock is free
        fcntl.flock(lock, fcntl.LOCK_EX)
    with lock:
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def sweep(parent: Path) -> None:
    """Remove quarantine folders whose process is gone: the kernel has freed their locks."""
    for old in parent.glob(".incoming-*"):
        try:
            with open(old / LOCK, "ab") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(old, ignore_errors=True)
        except OSError:  # held by a living process, or just removed by one
            continue


def _build(folder: Path, shown: str, about: dict, progress: Progress | None, limits: Limits) -> DatasetInfo:
    """All files of the data set in `folder`, which holds source.zip; `shown` is the zip's name in messages."""
    source = folder / "source.zip"
    report = Report()
    members = _candidates(read_members(source, limits, shown), report)
    if not members:
        raise Refused(f"{shown} holds no pictures; pack one folder of pictures per class into it.")
    if not any("/" in member.name for member in members):  # hopeless: don't decode a gigabyte first
        arrange([member.name for member in members])
    slots = folder / "slots.u8"
    pictures, native, side = _decode(source, members, slots, report, progress, limits)
    for name in _bare_folders(members, pictures["name"]):
        report.add(BARE, name)
    index, classes = _index(pictures, report, limits)
    _place(slots, index["slot"], folder / f"pictures-{side}.u8", side)
    slots.unlink()
    index = index.drop(columns="slot")
    write_parquet(folder / "index.parquet", index)
    write_json(folder / f"pictures-{side}.json", {"ready": len(index)})
    about["note"] = " ".join(filter(None, [about["note"], *_warnings(index)]))
    info = _describe(index, classes, about, native, report)
    write_json(folder / "dataset.json", info.to_json())
    return info


def _candidates(members: list[Member], report: Report) -> list[Member]:
    """The members that may be pictures; junk and empty folders go to the report."""
    parents = {parent for member in members if not member.name.endswith("/") for parent in _parents(member.name)}
    kept = []
    for member in members:
        if is_junk(member.name):
            report.add(JUNK, member.name)
        elif not member.name.endswith("/"):
            kept.append(member)
        elif member.name.rstrip("/") not in parents:
            report.add(BARE, member.name)
    return kept


def _parents(name: str) -> list[str]:
    """'a/b/c.jpg' -> ['a', 'a/b']."""
    parts = name.split("/")
    return ["/".join(parts[:depth]) for depth in range(1, len(parts))]


def _bare_folders(members: list[Member], readable: Iterable[str]) -> list[str]:
    """Folders of which no picture could be read, at any depth below."""
    with_pictures = {parent for name in readable for parent in _parents(name)}
    return sorted(
        {member.name.rpartition("/")[0] + "/" for member in members if "/" in member.name}
        - {f"{folder}/" for folder in with_pictures}
    )


def _decode(
    source: Path, members: list[Member], slots: Path, report: Report, progress: Progress | None, limits: Limits
) -> tuple[pd.DataFrame, int, int]:
    """Decode every member into its slot; (readable pictures, native resolution, side of the slots)."""
    some = members[:: math.ceil(len(members) / PEEKED)]
    answers = _decode_into(slots, FIRST_RESOLUTION, source, some, None, limits)
    native = _native(answers) or FIRST_RESOLUTION
    while True:
        side = min(FIRST_RESOLUTION, native)
        answers = _decode_into(slots, side, source, members, progress, limits)
        native = _native(answers)
        if not native or side == min(FIRST_RESOLUTION, native):
            break  # else those peeked at were smaller than others: again at the right size
    rows = []
    for slot, (member, (digest, _, reason)) in enumerate(zip(members, answers, strict=True)):
        if reason:
            report.add(reason, member.name)
        else:
            rows.append((member.name, slot, digest, *member[1:]))
    if not rows:
        raise Refused(
            f"None of the {len(members):,} files is a readable picture; JPEG, PNG, WebP, BMP, GIF and TIFF are read."
        )
    return pd.DataFrame(rows, columns=["name", "slot", "sha256", *PLACE]), native, side


def _native(answers: list[list]) -> int:
    return min(MAX_NATIVE_RESOLUTION, max((short for _, short, _ in answers), default=0))


def _decode_into(
    slots: Path, side: int, source: Path, members: list[Member], progress: Progress | None, limits: Limits
) -> list[list]:
    """[sha256, shorter side, reason left out] of every member, whose pixels are then in the file `slots`."""
    with open(slots, "wb") as file:
        os.posix_fallocate(file.fileno(), 0, len(members) * side**2 * 3)  # a full disk shows now
    answers: list[list] = []
    places = [member[1:] for member in members]
    for answer in decode_all(source, places, range(len(members)), slots, side, limits):
        for member, (_, _, reason) in zip(members[len(answers) : len(answers) + len(answer)], answer, strict=True):
            if reason == decode.TOO_MANY_PIXELS:
                raise Refused(
                    f"The picture {member.name!r:.200} is too large; at most {limits.pixels / 10**6:,.0f} million pixels"
                    f" and {limits.side:,} px a side are accepted: make it smaller."
                )
        answers += answer
        if progress:
            progress(len(answers), len(members), "decoding pictures")
    return answers


def _index(pictures: pd.DataFrame, report: Report, limits: Limits) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Pictures with split and label in the order of the store, and the classes."""
    placed = arrange(list(pictures["name"]))
    for name, place in zip(pictures["name"], placed, strict=True):
        if place is None:
            report.add(OUTSIDE, name)
    inside = [place is not None for place in placed]
    pictures = pictures[inside].reset_index(drop=True)
    classes = tuple(sorted({place[1] for place in placed if place}, key=natural))
    if len(classes) > limits.classes:
        raise Refused(f"There are {len(classes):,} class folders; at most {limits.classes:,} are accepted.")
    number = {name: position for position, name in enumerate(classes)}
    pictures["split"] = [place[0] for place in placed if place]
    pictures["label"] = [number[place[1]] for place in placed if place]
    return split.order(pictures, classes), classes


def _place(slots: Path, order: Iterable[int], out: Path, side: int) -> None:
    """Copy the slots into the order of the store, picture by picture: no more than one is in memory."""
    size = side * side * 3
    with open(slots, "rb") as source, open(out, "wb") as file:
        for slot in order:
            file.write(os.pread(source.fileno(), size, int(slot) * size))


def _warnings(index: pd.DataFrame) -> list[str]:
    """Sentences on equal pictures that make a comparison less sure."""
    by_picture = index.groupby("sha256")
    found = []
    leaked = int((by_picture["split"].nunique() > 1).sum())
    if leaked:
        found.append(f"Pictures that lie in more than one of the training, validation and test folders: {leaked:,}.")
    doubtful = int((by_picture["label"].nunique() > 1).sum())
    if doubtful:
        found.append(f"Pictures that lie in more than one class folder: {doubtful:,}.")
    return found


def _describe(index: pd.DataFrame, classes: tuple[str, ...], about: dict, native: int, report: Report) -> DatasetInfo:
    table = index.groupby(["label", "split"]).size().unstack(fill_value=0).reindex(columns=SHOWN_SPLITS, fill_value=0)
    return DatasetInfo(
        **about,
        **{split: int(table[split].sum()) for split in SHOWN_SPLITS},
        classes=classes,
        native_resolution=native,
        counts={
            classes[number]: {split: int(row[split]) for split in SHOWN_SPLITS} for number, row in table.iterrows()
        },
        left_out=report.reasons,
    )
