"""Pictures decoded on all cores: those of an archive, and later, at other resolutions, the clean copies kept of them."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from tl.config import Refused, refusal
from tl.datasets import pool
from tl.datasets.archive import UploadLimits
from tl.datasets.giving_way import Progress, WaitingProgress
from tl.datasets.info import DatasetInfo, mending
from tl.decoding.compression import STORED
from tl.decoding.heads import CRASHES
from tl.languages import plural, say
from tl.store.pictures import SPLITS, PictureStore

DECODER = ["-P", "-m", "tl.decoding"]
KEPT = "pictures.jpegs"  # one clean JPEG after another; absent where the first store has every pixel
CHUNK = 64  # pictures a task
MOST_DEATHS = 40  # of decoding processes in one upload
RECORDED = 16  # tasks after which the pictures decoded so far are recorded as ready
PLACE = ["start", "packed", "crc"]  # of what is kept of a picture


class ReadOptions(NamedTuple):
    """How an archive is read where there is a choice."""

    names: str | None = None  # encoding of those of which the zip says nothing; None: guessed
    bands: tuple[int, ...] = ()  # which three of a TIFF with more, from 1
    scales: Mapping[str, tuple[float, float]] = MappingProxyType({})  # kind of number -> what is black, what white


PLAIN = ReadOptions()


class _Crashing(RuntimeError):
    """Its processes ended over and over; the number says how often."""


Decoder = Callable[[Iterator[dict[str, Any]]], Iterator[list[Any]]]


def bands_of(text: str | None) -> tuple[int, ...]:
    """ "4,3,2" -> (4, 3, 2), None -> (). Raises Refused for anything but three numbers from 1."""
    if text is None:
        return ()
    numbers = [part.strip() for part in text.split(",")]
    if len(numbers) != 3 or not all(re.fullmatch("[1-9][0-9]{0,2}", number) for number in numbers):
        raise refusal(
            "bands is {text!r:.40}; give three band numbers for red, green and blue, such as 4,3,2.", text=text
        )
    return tuple(map(int, numbers))


def decoder(locks_dir: Path, told: WaitingProgress, minutes: float | None = None) -> AbstractContextManager[Decoder]:
    """Decoding processes, for as long as the block runs and `minutes` at most, that give way to trainers."""
    return pool.answers(DECODER, _ask, None if minutes is None else 60 * minutes, locks_dir, told.waits)


def decode_all(
    decode: Decoder,
    source: Path,
    places: Mapping[int, Sequence[int]],
    out: Path,
    side: int,
    kept: Path | None,
    limits: UploadLimits,
    options: ReadOptions,
) -> Iterator[list[Any] | dict[str, Any] | str]:
    """Decode pictures of the archive `source` into the file `out`, (N, side, side, 3) uint8; copies go to `kept`.

    `places` are slot -> (start, packed, size, method, crc). Yields per picture, in order, the reason to leave it out;
    [sha256 of the file, hash of the pixels, difference hash, shorter side, *PLACE of the copy, what is to be told]; or
    for one with more than 8 bits whose scale `options` lack {"kind", "sketch", "short"}. Raises Refused where the time
    of `decode` is over.
    """
    about = {"source": str(source), "out": str(out), "side": side, "kept": str(kept or "")}
    about |= {"max_pixels": limits.pixels, "max_side": limits.side}
    about |= {"bands": options.bands, "scales": dict(options.scales)}
    try:
        for answer in _answered(decode, _tasks(about, list(places), list(places.values()))):
            yield from answer
    except pool.Closed:
        raise refusal(
            "Reading the pictures took longer than the {minutes:g} minutes that are allowed; make them smaller or fewer "
            "and pack them again.",
            minutes=limits.minutes,
        ) from None


def decode_kept(
    decode: Decoder, source: Path, places: Mapping[int, Sequence[int]], out: Path, side: int, raw: int
) -> Iterator[int | None]:
    """Scale what was kept of pictures in `source` into the file `out`, (N, side, side, 3) uint8.

    `places` are slot -> PLACE; JPEGs lie there, or squares of `raw` px where that is not 0. Yields the number of pictures
    of each piece that is done, None for one that is damaged.
    """
    about = {"source": str(source), "out": str(out), "side": side, "kept": "", "raw": raw}
    entries = [(start, size, size, STORED, crc) for start, size, crc in places.values()]
    for answer in _answered(decode, _tasks(about, list(places), entries)):
        yield None if any(answer) else len(answer)


def _answered(decode: Decoder, tasks: Iterator[dict[str, Any]]) -> Iterator[list[Any]]:
    """The answers of `decode`. Raises Refused where its processes end over and over: here, where it is known who reads."""
    try:
        yield from decode(tasks)
    except _Crashing as problem:
        raise Refused(
            plural(
                "The program that reads pictures crashed or stalled {number} time over these files; convert them to JPEG "
                "or PNG and pack them again.",
                "The program that reads pictures crashed or stalled {number} times over these files; convert them to JPEG "
                "or PNG and pack them again.",
                problem.args[0],
            )
        ) from None


def _tasks(about: dict[str, Any], slots: Sequence[int], places: Sequence[Sequence[int]]) -> Iterator[dict[str, Any]]:
    for first in range(0, len(places), CHUNK):
        piece = zip(slots[first : first + CHUNK], places[first : first + CHUNK], strict=True)
        yield about | {"rows": [[int(slot), *map(int, place)] for slot, place in piece]}


def _ask(processes: pool.Pool, task: dict[str, Any]) -> list[Any]:
    """The answer; where the process dies of a picture, each of the chunk is tried alone and that one is left out."""
    try:
        answer: list[Any] = processes.ask(task)
        return answer
    except pool.Died:
        if processes.deaths > MOST_DEATHS:
            raise _Crashing(processes.deaths) from None
        rows = task["rows"]
        if len(rows) == 1:
            return [CRASHES]
        return [answer for row in rows for answer in _ask(processes, task | {"rows": [row]})]


def store_of(folder: Path, index: pd.DataFrame, classes: tuple[str, ...], side: int) -> PictureStore:
    """The store of an ingested data set; `index` has one row per picture in the order of the store."""
    sizes = {split: int((index["split"] == split).sum()) for split in SPLITS}
    groups = index["group"].to_numpy(np.int64) if "group" in index else None  # None: made by an earlier version
    return PictureStore(folder, side, sizes, classes, index["label"].to_numpy(np.int64), groups)


def fill_from_kept(
    store: PictureStore,
    index: pd.DataFrame,
    info: DatasetInfo,
    samples: int | None,
    locks_dir: Path,
    progress: Progress | None,
) -> None:
    """Scale what `store` lacks for `samples` training pictures from what was kept, giving way to trainers."""
    told = WaitingProgress(progress)
    source = store.folder / KEPT
    raw = 0 if source.exists() else info.native_resolution
    if raw:
        source = store.folder / f"pictures-{raw}.u8"
    mend = mending(info.name, info.origin != "upload")

    def decode_rows(rows: np.ndarray, out: np.ndarray) -> Iterator[int]:
        if not {*PLACE} <= {*index} or not source.exists():
            raise refusal("{path} was made by an earlier version; {mend}", path=store.folder, mend=mend)
        places = dict(zip(rows.tolist(), index[PLACE].to_numpy()[rows].tolist(), strict=True))
        done = 0
        with decoder(locks_dir, told) as decode:
            for number in decode_kept(decode, source, places, store.path, store.resolution, raw):
                if number is None:
                    raise refusal("{path} is damaged; {mend}", path=source, mend=mend)
                done += number
                told(done, len(rows), say("decoding pictures at {side} px", side=store.resolution))
                if done % (RECORDED * CHUNK) == 0 or done == len(rows):
                    yield done

    if not (store.folder / "dataset.json").exists():  # filling would make its folder again
        raise refusal("The data set {name!r} was deleted meanwhile; choose another one.", name=info.called)
    store.fill(samples, decode_rows, progress)
