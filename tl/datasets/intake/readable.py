"""Every file of an archive that may be a picture, decoded: those that are readable, what is wrong with the others."""

import math
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from tl.datasets.archive import Member, UploadLimits
from tl.datasets.archived import PLACE, Decoder, ReadOptions, decode_all
from tl.datasets.description import LeftOutReport
from tl.datasets.giving_way import Progress, WaitingProgress
from tl.datasets.info import MAX_NATIVE_RESOLUTION
from tl.datasets.intake.refusals import no_pictures
from tl.datasets.intake.scales import Scales
from tl.languages import say

FIRST_RESOLUTION = 64  # what every data set is decoded to at once
PEEKED = 64  # pictures looked at first, to guess the native resolution
COLUMNS = ["slot", "name", "sha256", "same", "looks", "short", *PLACE, "notes"]  # of a readable picture


class Work(NamedTuple):
    """What is decoded, by whom and where to."""

    decode: Decoder
    source: Path  # the archive
    outs: tuple[Path, Path]  # for the pixels, a slot for each file; for the copies that are kept
    limits: UploadLimits
    options: ReadOptions


class _Found(NamedTuple):
    """What became of files."""

    pictures: pd.DataFrame  # readable ones, see COLUMNS; their pixels are in their slots
    left_out: list[tuple[str, str]]  # (reason, name)
    deep: dict[int, int]  # slot -> shorter side, pixels, of pictures that need a scale
    scales: Scales


def decode_members(
    work: Work, members: list[Member], report: LeftOutReport, told: WaitingProgress
) -> tuple[pd.DataFrame, int, int, Scales]:
    """Decode every member into its slot; (readable pictures, native resolution, side of the slots, scales).

    First a few, to guess the native resolution: what is smaller than FIRST_RESOLUTION needs no copies besides. Pictures of
    more than 8 bits are decoded twice: before the second time all of them have said between what their values lie.
    """
    some = members[:: math.ceil(len(members) / PEEKED)]
    native = side = FIRST_RESOLUTION
    copying, settled = True, False
    while not settled:
        with open(work.outs[0], "wb") as file, open(work.outs[1], "wb"):
            os.posix_fallocate(file.fileno(), 0, len(some) * side**2 * 3)  # a full disk shows now
        tell = told if len(some) == len(members) else None
        found = _decode_some(work, side, copying, dict(enumerate(some)), tell)
        shorts = [*found.pictures["short"], *found.deep.values()]
        native = min(MAX_NATIVE_RESOLUTION, int(max(shorts))) if shorts else FIRST_RESOLUTION
        right = min(FIRST_RESOLUTION, native), native > FIRST_RESOLUTION
        settled = len(some) == len(members) and side == right[0] and copying >= right[1]
        (side, copying), some = (side, copying) if settled else right, members
    pictures, left_out = found.pictures, found.left_out
    if found.deep:
        scaled = work._replace(options=work.options._replace(scales=found.scales.found()))
        again = _decode_some(scaled, side, copying, {slot: members[slot] for slot in found.deep}, told)
        parts = [part for part in (pictures, again.pictures) if len(part)]
        pictures = pd.concat(parts).sort_values("slot", ignore_index=True)
        left_out += again.left_out
    for reason, name in left_out:
        report.add(reason, name)
    if not len(pictures):
        raise no_pictures(len(members), report.entries)
    return pictures, native, side, found.scales


def _decode_some(
    work: Work, side: int, copying: bool, members: Mapping[int, Member], progress: Progress | None
) -> _Found:
    """Of the files of some slots."""
    slots, copies = work.outs
    rows: list[tuple[Any, ...]] = []
    left_out: list[tuple[str, str]] = []
    deep: dict[int, int] = {}
    scales = Scales()
    places = {slot: member[1:] for slot, member in members.items()}
    kept = copies if copying else None
    answers = decode_all(work.decode, work.source, places, slots, side, kept, work.limits, work.options)
    for done, ((slot, member), answer) in enumerate(zip(members.items(), answers, strict=True), 1):
        if isinstance(answer, str):
            left_out.append((answer, member.name))
        elif isinstance(answer, dict):
            deep[slot] = answer["short"]
            scales.add(answer["kind"], answer["sketch"])
        else:
            rows.append((slot, member.name, *answer))
        if progress and (done % PEEKED == 0 or done == len(members)):
            progress(done, len(members), say("decoding pictures"))
    pictures = pd.DataFrame(rows, columns=COLUMNS).astype({"looks": np.uint64})
    return _Found(pictures, left_out, deep, scales)
