"""All pictures of an archive, decoded once into a folder; what lay beside them, and what was left out and why."""

import math
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from tl.config import Refused
from tl.datasets.archive import Limits, Member, read_members
from tl.datasets.archived import PLACE, Decoder, decode_all, decoder
from tl.datasets.description import Report
from tl.datasets.grouping import Grouping, content, is_table
from tl.datasets.info import MAX_NATIVE_RESOLUTION
from tl.datasets.intake.layouts import Found, file_names, sheets
from tl.datasets.intake.refusals import no_classes, no_pictures
from tl.datasets.intake.settling import Pixels
from tl.datasets.layout import is_junk
from tl.datasets.pieces import Progress, Told
from tl.decoding import pixels

FIRST_RESOLUTION = 64  # what every data set is decoded to at once
PEEKED = 64  # pictures looked at first, to guess the native resolution
COLUMNS = ["slot", "name", "sha256", "same", "looks", "short", *PLACE]  # of a readable picture
JUNK, BARE = "junk", "folder without a picture"
MOST_TABLES, MOST_NOTES = 50, 5  # files that may say classes, and of each kind that may tell boxes
NOTES = (".txt", ".xml")
NOTE_BYTES = 100_000


@dataclass(frozen=True, kw_only=True)
class Decoded:
    """What is known of an archive whose pictures have been decoded."""

    source: Path  # the zip
    members: list[Member]  # all its files
    pictures: pd.DataFrame  # the readable ones, by COLUMNS
    report: Report  # what was left out
    native: int  # largest shorter side, px
    pixels: Pixels  # of them, in the order of their slots


def decode_into(
    locks_dir: Path,
    folder: Path,
    source: Path,
    shown: str,
    told: Told,
    limits: Limits,
    grouping: Grouping | None,
) -> Decoded:
    """Decode all pictures of the zip into `folder`; `shown` is its name in messages."""
    report = Report()
    everything = read_members(source, limits, shown)
    members = _candidates([member for member in everything if not is_table(member, grouping)], report)
    if not members:
        raise Refused(f"{shown} holds no pictures; pack one folder of pictures per class into it.")
    if len(members) > limits.pictures:
        raise Refused(f"{shown} holds {len(members):,} files; at most {limits.pictures:,} are accepted.")
    _check_hope(members, limits)
    slots, copies = folder / "slots.part", folder / "copies.part"
    with decoder(locks_dir, told, limits.minutes) as decode:
        pictures, native, side = _decode(decode, source, members, (slots, copies), report, told, limits)
    for name in _bare_folders(members, pictures["name"]):
        report.add(BARE, name)
    return Decoded(
        source=source,
        members=everything,
        pictures=pictures,
        report=report,
        native=native,
        pixels=Pixels(slots, copies, side),
    )


def _check_hope(members: list[Member], limits: Limits) -> None:
    """Refuse loose pictures that nothing can tell apart: a gigabyte of them need not be decoded first."""
    found = Found(names=[member.name for member in members], most_classes=limits.classes)
    tables = any(member.name.lower().endswith(sheets.SUFFIXES) for member in members)
    if not any(found.folders) and not tables and not any(True for _ in file_names.readings(found)):
        raise no_classes(found, [])


def tables(source: Path, members: list[Member], limits: Limits) -> dict[str, bytes]:
    """What may say the classes or name boxes: tables, and a few of the small texts; no more than is allowed in all."""
    found: dict[str, bytes] = {}
    budget, notes = limits.table_bytes, dict.fromkeys(NOTES, MOST_NOTES)
    for member in sorted(members, key=lambda member: member.size):
        suffix = f".{member.name.lower().rpartition('.')[2]}"
        if is_junk(member.name) or member.size > budget or len(found) >= MOST_TABLES:
            continue
        if suffix in sheets.SUFFIXES or (notes.get(suffix, 0) and member.size <= NOTE_BYTES):
            notes[suffix] = notes.get(suffix, 0) - 1
            data = content(source, member)
            if data is not None:
                found[member.name] = data
                budget -= len(data)
    return dict(sorted(found.items()))


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
        raise no_pictures(len(members), report.entries)
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
