"""An archive on its way in: checked and decoded once, then asked about; then a data set, or gone without a trace.

Of the upload itself nothing is kept: pictures are re-encoded, so what a camera wrote beside them (place, owner) is gone.
"""

import errno
import os
import shutil
import weakref
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import pandas as pd

from tl.config import refusal
from tl.datasets.archive import LIMITS, UploadLimits
from tl.datasets.archived import PLAIN, ReadOptions
from tl.datasets.giving_way import Progress, WaitingProgress
from tl.datasets.grouping import Grouping, belonging
from tl.datasets.info import DatasetInfo, name_taken, of_names
from tl.datasets.info import ReasonCount as Left
from tl.datasets.intake import new_dataset
from tl.datasets.intake.asked_for import choose
from tl.datasets.intake.contents import Decoded, decode_into, tables
from tl.datasets.intake.edits import Edits
from tl.datasets.intake.layouts import LayoutInput, Place, Reading, read
from tl.datasets.intake.layouts.reading import AS_FOUND, LayoutRequest
from tl.datasets.intake.packing import one_zip, pack_files, too_large
from tl.datasets.intake.refusals import no_classes
from tl.languages import later, reworded, say
from tl.store.home import Home
from tl.store.quarantine import move_into_place, quarantine

ANY = "pictures"  # their class while those without labels are divided; nothing that is kept calls them so
ARCHIVES = (".zip", ".tar", ".tgz", ".gz", ".bz2", ".tbz2", ".xz", ".txz", ".7z")  # endings
THE_ZIP, THE_UPLOAD, THE_FOLDER = later("The zip"), later("The upload"), later("The folder")  # as messages call it
# An archive or a folder of this computer; uploads, each with its `name`.
Source = Path | BinaryIO | Sequence[Path | BinaryIO]


class Incoming(AbstractContextManager["Incoming"]):
    """An archive that was read and is a data set once `create_dataset` says how; closed otherwise, nothing of it stays.

    Whoever forgets it closes it, too: its folder goes with it.
    """

    def __init__(
        self, home: Home, folder: Path, ends: ExitStack, read: Decoded, about: dict[str, Any], asks: dict[str, Any]
    ) -> None:
        self.home, self.folder, self._read, self._about, self._asks = home, folder, read, about, asks
        self.name: str = about["name"]
        self.title: str = about["title"]  # as people call it
        self._end = weakref.finalize(self, ends.close)

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Remove what was read, unless it has become a data set."""
        self._end()

    @property
    def open(self) -> bool:
        """Whether it can still become a data set."""
        return self._end.alive

    @property
    def labelled(self) -> bool:
        """Whether it is known what the pictures show."""
        return not self._asks["unlabelled"]

    @cached_property
    def found(self) -> LayoutInput:
        """What the ways to read look at."""
        limits: UploadLimits = self._asks["limits"]
        beside = tables(self._read.source, self._read.members, limits)
        return LayoutInput(names=list(self._read.pictures["name"]), tables=beside, most_classes=limits.classes)

    @cached_property
    def readings(self) -> list[Reading]:
        """Every plausible way to read it, the likelier first."""
        if self.labelled:
            return read(self.found)
        # Who groups pictures by folder means the folder that one lies in.
        places = [Place("", ANY, "/".join(folders)) for folders in self.found.folders]
        return [Reading(how=say("pictures without labels"), places=places)]

    def choose(self, asked: LayoutRequest) -> Reading:
        """The reading that is asked for, else the likeliest. Raises Refused where there is none."""
        if not self.labelled:
            if asked != AS_FOUND:
                raise refusal("Pictures without labels have no classes; leave out {options}.", options=asked.options)
            return self.readings[0]
        reading = choose(self.found, self.readings, asked)
        if reading is None or (asked != AS_FOUND and len(reading.classes) < 2):
            if reading is not None and len(reading.classes) == 1:
                text = later("With {options} there is only one class, {name!r:.80}; choose differently.")
                raise refusal(text, options=asked.options, name=reading.classes[0])
            raise no_classes(self.found, self._read.report.entries)
        return reading

    @property
    def left_out(self) -> dict[str, Left]:
        """Reason -> count and first names of the files that are no readable pictures."""
        return self._read.report.reasons

    def left_out_by(self, reading: Reading) -> dict[str, int]:
        """Reason -> number of all files that a reading leaves out; the table it takes the classes from is none."""
        unread = Counter(reason for reason, name in self._read.report.entries if name != reading.table)
        return dict(unread + Counter(reading.left_out))

    @property
    def notes(self) -> list[str]:
        """Sentences on how pictures and names were read, where that was not plain."""
        names = self._read.names
        return [*map(reworded, self._read.scales), *of_names(names.encoding if names.guessed else "", names.garbled)]

    def examples(self, reading: Reading, per_class: int = 1, most: int = 24) -> list[tuple[str, np.ndarray]]:
        """Pictures to show of the first `most` classes: (class as the archive spells it, (S, S, 3) uint8)."""
        slots, decoded = self._read.pictures["slot"].to_numpy(), self._read.pixels.array()
        rows = list(reading.examples(per_class).items())[:most]
        return [(name, np.array(decoded[slots[row]])) for name, own in rows for row in own]

    def create_dataset(self, reading: Reading, edits: Edits | None = None) -> DatasetInfo:
        """Make it the data set, and close. Raises Refused with one sentence; then it can be made in another way."""
        target = self.home.dataset_dir(self.name)
        if edits and not self.labelled:
            raise refusal("Pictures without labels have no classes that could be changed.")
        with refuse_full_disk(self.home, target):
            pictures, report = new_dataset.classified(self._read.pictures, reading, edits or Edits(), self._read.report)
            grouping, names = self._asks["grouping"], self._read.names
            pictures["belongs"] = self._belonging(pictures, grouping) if grouping else ""
            ways = self._about | {
                "read_as": reading.how,
                "remarks": new_dataset.remarks(reading, pictures),
                "changes": tuple((edits or Edits()).in_words()),
                "grouped_by": grouping.way if grouping else "",
                "scales": self._read.scales,
                "names_in": names.encoding if names.guessed else "",
                "garbled": names.garbled,
                "labelled": self.labelled,
            }
            if self.labelled:
                new_dataset.check_classes(pictures, self._asks["limits"].classes)
            info = new_dataset.write(self.folder, self._read.pixels, pictures, ways, self._read.native, report)
            for part in self.folder.glob("*.part*"):
                shutil.rmtree(part) if part.is_dir() else part.unlink()
            self.home.policy.check_disk()
            check_free(target)
            move_into_place(self.folder, target)
        self.close()
        return info

    def _belonging(self, pictures: pd.DataFrame, grouping: Grouping) -> list[str]:
        names, below, asks = list(pictures["name"]), list(pictures["below"]), self._asks
        return belonging(grouping, names, below, self._read.source, self._read.members, asks["beside"], asks["limits"])


def ingest_zip(home: Home, source: Source, name: str, *, asked: LayoutRequest = AS_FOUND, **about: Any) -> DatasetInfo:
    """Make the data set `name` of the zip, read as `asked`; see `read_zip` for the rest of `about`.

    Raises Refused with one sentence, and then nothing was written.
    """
    with read_zip(home, source, name, **about) as incoming:
        return incoming.create_dataset(incoming.choose(asked))


def read_zip(
    home: Home,
    source: Source,
    name: str,
    *,
    title: str,
    origin: str,
    note: str = "",
    shown: str = "",
    progress: Progress | None = None,
    limits: UploadLimits = LIMITS,
    grouping: Grouping | None = None,
    beside: bool = False,
    options: ReadOptions = PLAIN,
    unlabelled: bool = False,
) -> Incoming:
    """Check and decode the zip that is to be the data set `name`. Raises Refused with one sentence; nothing stays then.

    `source`, which messages call `shown`, is a path, or open files whose bytes are put on the disk meanwhile: one
    archive, several, or the files of a folder.
    `grouping` says which pictures belong together; its table may lie `beside` the zip. `options` say in which encoding
    names are, and which bands of a picture are shown. `unlabelled`: nobody knows what the pictures show.
    """
    folder = home.dataset_dir(name)
    check_free(folder)
    home.policy.check_disk(sum(map(_size, source)) if isinstance(source, Sequence) else _size(source))
    with refuse_full_disk(home, folder), ExitStack() as stack:
        incoming = stack.enter_context(quarantine(home, home.datasets_dir))
        path, shown = one_zip(_sources(source, incoming, shown, limits), incoming, limits, options.names)
        found = decode_into(
            home.locks_dir, incoming, path, shown, WaitingProgress(progress), limits, grouping, options, unlabelled
        )
        about = {"name": name, "title": title, "origin": origin, "note": note}
        asks = {"limits": limits, "grouping": grouping, "beside": beside, "unlabelled": unlabelled}
        return Incoming(home, incoming, stack.pop_all(), found, about, asks)


@contextmanager
def refuse_full_disk(home: Home, target: Path) -> Iterator[None]:
    """A full disk, and a name that another took meanwhile, as one sentence."""
    try:
        yield
    except OSError as problem:
        if problem.errno in (errno.ENOSPC, errno.EDQUOT):
            raise refusal(
                "The disk that holds {path} is full; free some space and try again.", path=home.path
            ) from None
        if problem.errno in (errno.ENOTEMPTY, errno.EEXIST):  # another ingest took the name meanwhile
            check_free(target)
        raise


def _size(source: Path | BinaryIO) -> int:
    if isinstance(source, Path):
        return source.stat().st_size if source.is_file() else 0
    place = source.tell()
    size = source.seek(0, os.SEEK_END)
    source.seek(place)
    return size


def _sources(source: Source, folder: Path, shown: str, limits: UploadLimits) -> list[tuple[Path, str]]:
    """What was brought as (path, name in messages); open files are put into `folder`."""
    if isinstance(source, Path):
        return [(source, shown or source.name)]
    if not isinstance(source, Sequence):
        shown = shown or say(THE_ZIP)
        return [(_received(source, folder / "upload.part", shown, limits), shown)]
    if (size := sum(map(_size, source))) > limits.archive_bytes:
        raise too_large(shown or say(THE_UPLOAD), size, limits)
    paths = [(path, path.name) for path in source if isinstance(path, Path)]
    files = [(str(getattr(file, "name", "")).replace("\\", "/"), file) for file in source if not isinstance(file, Path)]
    if all(name.lower().endswith(ARCHIVES) for name, _ in files):
        received = [
            (_received(file, folder / f"upload-{number}.part", name, limits), name)
            for number, (name, file) in enumerate(files)
        ]
        return [*paths, *received]
    shown = shown or say(THE_FOLDER)
    pack_files(files, folder / "upload.part", shown, limits)
    return [*paths, (folder / "upload.part", shown)]


def _received(source: BinaryIO, path: Path, shown: str, limits: UploadLimits) -> Path:
    if (size := _size(source)) > limits.archive_bytes:
        raise too_large(shown, size, limits)
    source.seek(0)
    with open(path, "wb") as file:
        shutil.copyfileobj(source, file, 1 << 20)
    return path


def check_free(folder: Path) -> None:
    """Refuse a data set's folder that is there already."""
    if folder.exists():
        raise name_taken(folder.name, folder.name)
