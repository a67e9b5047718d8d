"""All pictures of an archive, decoded once into a folder; what lay beside them, and what was left out and why."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path

import pandas as pd

from tl.config import refusal
from tl.datasets.archive import Member, UploadLimits, read_contents
from tl.datasets.archived import PLAIN, ReadOptions, decoder
from tl.datasets.description import LeftOutReport
from tl.datasets.encodings import Names
from tl.datasets.giving_way import WaitingProgress
from tl.datasets.grouping import Grouping, is_table
from tl.datasets.intake.layouts import LayoutInput, file_names, sheets
from tl.datasets.intake.new_dataset import Pixels
from tl.datasets.intake.readable import Work, decode_members
from tl.datasets.intake.refusals import no_classes
from tl.datasets.lookup import content
from tl.decoding.heads import TOO_LARGE_A_FILE, is_junk
from tl.languages import later

JUNK, BARE = later("junk"), later("folder without a picture")
MOST_TABLES, MOST_NOTES = 50, 5  # files that may say classes, and of each kind that may tell boxes
NOTES = (".txt", ".xml")
NOTE_BYTES = 100_000


@dataclass(frozen=True, kw_only=True)
class Decoded:
    """What is known of an archive whose pictures have been decoded."""

    source: Path  # the zip
    members: list[Member]  # all its files
    pictures: pd.DataFrame  # the readable ones, by COLUMNS
    report: LeftOutReport  # what was left out
    native: int  # largest shorter side, px
    pixels: Pixels  # of them, in the order of their slots
    scales: list[str]  # what is black and white in pictures of more than 8 bits, in words
    names: Names  # how the names of the files were read


def decode_into(
    locks_dir: Path,
    folder: Path,
    source: Path,
    shown: str,
    told: WaitingProgress,
    limits: UploadLimits,
    grouping: Grouping | None,
    options: ReadOptions = PLAIN,
    unlabelled: bool = False,
) -> Decoded:
    """Decode all pictures of the zip into `folder`; `shown` is its name in messages."""
    report = LeftOutReport()
    everything, names = read_contents(source, limits, shown, options.names)
    members = _candidates([member for member in everything if not is_table(member, grouping)], report, limits)
    if not members:
        raise refusal("{shown} holds no pictures; pack one folder of pictures per class into it.", shown=shown)
    if len(members) > limits.pictures:
        text = later("{shown} holds {number:,} files; at most {most:,} are accepted.")
        raise refusal(text, shown=shown, number=len(members), most=limits.pictures)
    if not unlabelled:
        _check_hope(members, limits)
    slots, copies = folder / "slots.part", folder / "copies.part"
    with decoder(locks_dir, told, limits.minutes) as decode:
        work = Work(decode, source, (slots, copies), limits, options)
        pictures, native, side, scales = decode_members(work, members, report, told)
    # Folders of which no picture could be read, at any depth below.
    folders = {member.name.rpartition("/")[0] for member in members if "/" in member.name}
    for name in sorted(f"{bare}/" for bare in folders - _filled(folders, pictures["name"])):
        report.add(BARE, name)
    return Decoded(
        source=source,
        members=everything,
        pictures=pictures,
        report=report,
        native=native,
        pixels=Pixels(slots, copies, side),
        scales=scales.sentences(),
        names=names,
    )


def _check_hope(members: list[Member], limits: UploadLimits) -> None:
    """Refuse loose pictures that nothing can tell apart: a gigabyte of them need not be decoded first."""
    found = LayoutInput(names=[member.name for member in members], most_classes=limits.classes)
    tables = any(member.name.lower().endswith(sheets.SUFFIXES) for member in members)
    if not any(found.folders) and not tables and not any(True for _ in file_names.readings(found)):
        raise no_classes(found, [])


def tables(source: Path, members: list[Member], limits: UploadLimits) -> dict[str, bytes]:
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


def _candidates(members: list[Member], report: LeftOutReport, limits: UploadLimits) -> list[Member]:
    """The members that may be pictures; junk, empty folders and what is too large go to the report."""
    folders = {member.name.rstrip("/") for member in members if member.name.endswith("/")}
    filled = _filled(folders, (member.name for member in members if not member.name.endswith("/")))
    kept = []
    for member in members:
        if is_junk(member.name):
            report.add(JUNK, member.name)
        elif member.size > limits.entry_bytes:
            report.add(TOO_LARGE_A_FILE, member.name)
        elif not member.name.endswith("/"):
            kept.append(member)
        elif member.name.rstrip("/") not in filled:
            report.add(BARE, member.name)
    return kept


def _filled(folders: set[str], names: Iterable[str]) -> set[str]:
    """Those of the folders that hold one of the files, at any depth below: no more than there are, however deep."""
    every = (accumulate(name.split("/")[:-1], "{}/{}".format) for name in names)  # 'a/b/c.jpg': 'a', 'a/b'
    return {parent for parents in every for parent in parents if parent in folders}
