"""A zip of class folders -> a data set: checked, decoded once, split, and in place whole or not at all.

Of the upload itself nothing is kept: pictures are encoded anew, so what a camera wrote beside them (place, owner) is gone.
"""

import errno
import math
import os
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import BinaryIO

import numpy as np
import pandas as pd

from tl.config import Refused
from tl.datasets import leakage, split
from tl.datasets.archive import LIMITS, Limits, Member, check_kind, read_members
from tl.datasets.archived import KEPT, PLACE, Decoder, decode_all, decoder
from tl.datasets.clusters import clusters
from tl.datasets.description import Report, describe
from tl.datasets.grouping import Grouping, belonging, is_table
from tl.datasets.info import DRAWN, GIVEN, MAX_NATIVE_RESOLUTION, DatasetInfo, deletion
from tl.datasets.layout import arrange, is_junk, natural
from tl.datasets.pieces import Progress, Told
from tl.decoding import pixels
from tl.store.files import write_json, write_parquet
from tl.store.home import Home
from tl.store.quarantine import quarantine, settle
from tl.store.quota import check_disk
from tl.store.redrawn import Selected

FIRST_RESOLUTION = 64  # what every data set is decoded to at once
PEEKED = 64  # pictures looked at first, to guess the native resolution
COLUMNS = ["slot", "name", "sha256", "same", "looks", "short", *PLACE]  # of a readable picture
JUNK, OUTSIDE, BARE = "junk", "not in a class folder", "folder without a picture"


def ingest_zip(
    home: Home,
    source: Path | BinaryIO,
    name: str,
    *,
    title: str,
    origin: str,
    note: str = "",
    shown: str = "",
    progress: Progress | None = None,
    limits: Limits = LIMITS,
    grouping: Grouping | None = None,
    beside: bool = False,
) -> DatasetInfo:
    """Make the data set `name` of the zip. Raises Refused with one sentence, and then nothing was written.

    `source`, which messages call `shown`, is a path, or an open file whose bytes are put on the disk meanwhile.
    `grouping` says which pictures belong together; its table may lie `beside` the zip.
    """
    folder = home.dataset_dir(name)
    check_free(folder)
    if isinstance(source, Path):
        check_kind(source, limits)
    check_disk(home, _size(source))
    try:
        with quarantine(home, home.datasets_dir) as incoming:
            path = source if isinstance(source, Path) else _received(source, incoming, shown or "The zip", limits)
            about = {"name": name, "title": title, "origin": origin, "note": note}
            info = _build(
                home.locks_dir, incoming, path, shown or path.name, about, Told(progress), limits, grouping, beside
            )
            if path is not source:
                path.unlink()
            check_disk(home)
            check_free(folder)
            settle(incoming, folder)
    except OSError as problem:
        if problem.errno in (errno.ENOSPC, errno.EDQUOT):
            raise Refused(f"The disk that holds {home.path} is full; free some space and try again.") from None
        if problem.errno in (errno.ENOTEMPTY, errno.EEXIST):  # another ingest took the name meanwhile
            check_free(folder)
        raise
    return info


def _size(source: Path | BinaryIO) -> int:
    if isinstance(source, Path):
        return source.stat().st_size
    place = source.tell()
    size = source.seek(0, os.SEEK_END)
    source.seek(place)
    return size


def _received(source: BinaryIO, folder: Path, shown: str, limits: Limits) -> Path:
    if (size := _size(source)) > limits.archive_bytes:
        most = limits.archive_bytes / 10**6
        raise Refused(f"{shown} has {size / 10**6:,.1f} MB; at most {most:,.0f} MB are accepted.")
    path = folder / "upload.zip"
    with open(path, "wb") as file:
        shutil.copyfileobj(source, file, 1 << 20)
    return path


def check_free(folder: Path) -> None:
    """Refuse a data set's folder that is there already."""
    if folder.exists():
        how = deletion(folder.name)
        raise Refused(
            f"There is already a data set {folder.name!r}; choose another name or delete that one first ({how})."
        )


def _build(
    locks_dir: Path,
    folder: Path,
    source: Path,
    shown: str,
    about: dict,
    told: Told,
    limits: Limits,
    grouping: Grouping | None,
    beside: bool,
) -> DatasetInfo:
    """All files of the data set in `folder`; `shown` is the zip's name in messages."""
    report = Report()
    everything = read_members(source, limits, shown)
    members = _candidates([member for member in everything if not is_table(member, grouping)], report)
    if not members:
        raise Refused(f"{shown} holds no pictures; pack one folder of pictures per class into it.")
    if len(members) > limits.pictures:
        raise Refused(f"{shown} holds {len(members):,} files; at most {limits.pictures:,} are accepted.")
    if not any("/" in member.name for member in members):  # hopeless: don't decode a gigabyte first
        arrange([member.name for member in members])
    slots, copies = folder / "slots.part", folder / "copies.part"
    with decoder(locks_dir, told, limits.minutes) as decode:
        pictures, native, side = _decode(decode, source, members, (slots, copies), report, told, limits)
    for name in _bare_folders(members, pictures["name"]):
        report.add(BARE, name)
    pictures, classes = _classified(pictures, report, limits)
    pictures["belongs"] = ""
    if grouping:
        pictures["belongs"] = belonging(grouping, list(pictures["name"]), source, everything, beside, limits)
    decoded = np.memmap(slots, np.uint8, "r", shape=(slots.stat().st_size // (side * side * 3), side, side, 3))
    pictures["group"] = clusters(pictures, Selected(decoded, pictures["slot"].to_numpy()))
    drawn = not pictures["split"].any()
    index = _place(folder, slots, copies, split.order(pictures, classes), side)
    write_parquet(folder / "index.parquet", index.drop(columns="belongs"))
    write_json(folder / f"pictures-{side}.json", {"ready": len(index)})
    stored = np.memmap(folder / f"pictures-{side}.u8", np.uint8, "r", shape=(len(index), side, side, 3))
    found = Report()
    for kind, pair in leakage.find(index, stored):
        found.add(kind, pair)
    about |= {"splits": DRAWN if drawn else GIVEN, "grouped_by": grouping.way if grouping else ""}
    info = describe(index, classes, about, native, report, found)
    write_json(folder / "dataset.json", info.to_json())
    return info


def _candidates(members: list[Member], report: Report) -> list[Member]:
    """The members that may be pictures; junk and empty folders go to the report."""
    folders = {member.name.rstrip("/") for member in members if member.name.endswith("/")}
    filled = _filled(folders, (member.name for member in members if not member.name.endswith("/")))
    kept = []
    for member in members:
        if is_junk(member.name):
            report.add(JUNK, member.name)
        elif not member.name.endswith("/"):
            kept.append(member)
        elif member.name.rstrip("/") not in filled:
            report.add(BARE, member.name)
    return kept


def _filled(folders: set[str], names: Iterable[str]) -> set[str]:
    """Those of the folders that hold one of the files, at any depth below: no more than there are, however deep."""
    return {parent for name in names for parent in _parents(name) if parent in folders}


def _parents(name: str) -> list[str]:
    """'a/b/c.jpg' -> ['a', 'a/b']."""
    parts = name.split("/")
    return ["/".join(parts[:depth]) for depth in range(1, len(parts))]


def _bare_folders(members: list[Member], readable: Iterable[str]) -> list[str]:
    """Folders of which no picture could be read, at any depth below."""
    folders = {member.name.rpartition("/")[0] for member in members if "/" in member.name}
    return sorted(f"{folder}/" for folder in folders - _filled(folders, readable))


def _decode(
    decode: Decoder,
    source: Path,
    members: list[Member],
    outs: tuple[Path, Path],
    report: Report,
    told: Told,
    limits: Limits,
) -> tuple[pd.DataFrame, int, int]:
    """Decode every member into its slot; (readable pictures, native resolution, side of the slots).

    First a few, to guess the native resolution: what is smaller than FIRST_RESOLUTION needs no copies besides.
    """
    some = members[:: math.ceil(len(members) / PEEKED)]
    native = side = FIRST_RESOLUTION
    copying, settled = True, False
    while not settled:
        tell = told if len(some) == len(members) else None
        pictures, left_out = _decode_into(decode, outs, side, copying, source, some, tell, limits)
        native = min(MAX_NATIVE_RESOLUTION, int(pictures["short"].max())) if len(pictures) else FIRST_RESOLUTION
        right = min(FIRST_RESOLUTION, native), native > FIRST_RESOLUTION
        settled = len(some) == len(members) and side == right[0] and copying >= right[1]
        (side, copying), some = (side, copying) if settled else right, members
    for reason, name in left_out:
        report.add(reason, name)
    if not len(pictures):
        raise Refused(
            f"None of the {len(members):,} files is a readable picture; JPEG, PNG, WebP, BMP, GIF and TIFF are read."
        )
    return pictures, native, side


def _decode_into(
    decode: Decoder,
    outs: tuple[Path, Path],
    side: int,
    copying: bool,
    source: Path,
    members: list[Member],
    progress: Progress | None,
    limits: Limits,
) -> tuple[pd.DataFrame, list[tuple[str, str]]]:
    """(readable pictures, whose pixels are then in the first of `outs`; (reason, name) of the others)."""
    slots, copies = outs
    with open(slots, "wb") as file, open(copies, "wb"):
        os.posix_fallocate(file.fileno(), 0, len(members) * side**2 * 3)  # a full disk shows now
    kept = copies if copying else None
    rows: list[tuple] = []
    left_out: list[tuple[str, str]] = []
    answers = decode_all(decode, source, [member[1:] for member in members], slots, side, kept, limits)
    for slot, (member, answer) in enumerate(zip(members, answers, strict=True)):
        if answer == pixels.TOO_MANY_PIXELS:
            raise Refused(
                f"The picture {member.name!r:.200} is too large; at most {limits.pixels / 10**6:,.0f} million pixels"
                f" and {limits.side:,} px a side are accepted: make it smaller."
            )
        if isinstance(answer, str):
            left_out.append((answer, member.name))
        else:
            rows.append((slot, member.name, *answer))
        if progress and (slot % PEEKED == PEEKED - 1 or slot == len(members) - 1):
            progress(slot + 1, len(members), "decoding pictures")
    return pd.DataFrame(rows, columns=COLUMNS).astype({"looks": np.uint64}), left_out


def _classified(pictures: pd.DataFrame, report: Report, limits: Limits) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """The pictures that lie in a class folder, with split ("" where none is given) and label; the classes."""
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
    # Pictures that look the same to the last pixel count as one, whatever their files: they share a content hash.
    pictures["sha256"] = pictures.groupby("same")["sha256"].transform("min")
    pictures["split"] = [place[0] for place in placed if place]
    pictures["label"] = [number[place[1]] for place in placed if place]
    return pictures, classes


def _place(folder: Path, slots: Path, copies: Path, index: pd.DataFrame, side: int) -> pd.DataFrame:
    """Put pixels and copies into the order of the store; the index with their new places."""
    size = side * side * 3
    _copy(slots, ((slot * size, size) for slot in index["slot"]), folder / f"pictures-{side}.u8")
    if copies.stat().st_size:
        _copy(copies, zip(index["start"], index["packed"], strict=True), folder / KEPT)
    slots.unlink()
    copies.unlink()
    return index.drop(columns=["slot", "short"]).assign(start=index["packed"].cumsum() - index["packed"])


def _copy(source: Path, pieces: Iterable[tuple[int, int]], target: Path) -> None:
    """The pieces (start, bytes) of a file one after another, on the disk for good: no more than one is in memory."""
    with open(source, "rb") as file, open(target, "wb") as out:
        for start, size in pieces:
            out.write(os.pread(file.fileno(), int(size), int(start)))
        out.flush()
        os.fsync(out.fileno())
