"""From what people bring to a data set: what it may be, and what it may be called."""

import os
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

from tl.config import NAME_PATTERN, refusal
from tl.datasets.archive import LIMITS, UploadLimits
from tl.datasets.archived import ReadOptions, bands_of
from tl.datasets.catalogue import BUILT_IN, describe, has, list_datasets
from tl.datasets.encodings import encoding_named
from tl.datasets.giving_way import Progress
from tl.datasets.grouping import parse
from tl.datasets.info import name_taken
from tl.datasets.intake.incoming import Incoming, Source, check_free, read_zip
from tl.datasets.titles import check_title, name_for, name_of_title
from tl.store.home import Home
from tl.store.quarantine import one_upload_at_a_time
from tl.store.queue import database


def read(
    home: Home,
    source: str | os.PathLike[str] | Source,
    name: str,
    progress: Progress | None = None,
    shown: str = "",
    group: str | None = None,
    names: str | None = None,
    bands: str | None = None,
    unlabelled: bool = False,
) -> Incoming:
    """Read the archive that is to be the data set `name`: a path or an open file that messages call `shown`, or several.

    `name` is what people call it, in any script: its title. `group` says which pictures belong together, see
    `tl.datasets.grouping.parse`; a table beside the zip is read where the zip is a path of this computer's user. `names`
    is the encoding of the names in it (see `encodings.NAMES`; None: guessed where the zip does not say it), `bands`
    which three of a picture's bands are red, green and blue, as in "4,3,2". `unlabelled`: nobody knows what they show.
    Raises Refused with one sentence, and then nothing was written.
    """
    title = check_title(name)
    name = check_name(home, title)
    options = ReadOptions(names and encoding_named(names), bands_of(bands))
    grouping = None if group is None else parse(group)
    source = Path(source) if isinstance(source, str | os.PathLike) else source
    with one_upload_at_a_time(home, progress) if home.policy.reads_uploads_in_turn else nullcontext():
        return read_zip(
            home,
            source,
            name,
            title=title,
            origin="upload",
            shown=shown,
            progress=progress,
            limits=upload_limits(home),
            grouping=grouping,
            beside=isinstance(source, Path) and home.policy.reads_beside_zips,
            options=options,
            unlabelled=unlabelled,
        )


def check_group(group: str | None) -> None:
    """Refuse what does not say which pictures belong together."""
    if group is not None:
        parse(group)


def check_name(home: Home, title: str) -> str:
    """The name of the folder of a new data set that is called so. Raises Refused where it can't be called so."""
    title = check_title(title)
    if title in BUILT_IN:
        raise refusal("{title!r} is the name of a built-in data set; choose another name.", title=title)
    if NAME_PATTERN.fullmatch(title):
        check_free(home.dataset_dir(title))
        # Else they could go on, and be judged, with other pictures than they began with.
        if title in trained_on(home):
            raise refusal(
                "Runs here were trained on another data set {title!r} that was deleted; choose another name, or delete "
                "those runs first.",
                title=title,
            )
    if other := name_of_title(list_datasets(home), title):
        there = describe(home, other).called
        if other in BUILT_IN:
            raise refusal("There is already a data set {name!r}; choose another name.", name=there)
        raise name_taken(there, other)
    trained = trained_on(home)
    return name_for(title, lambda name: has(home, name) or name in trained)


def trained_on(home: Home) -> set[str]:
    """Names of the data sets that runs of this home were trained or tested on, here."""
    rows = database.read_runs(home)
    return {name for row in rows if not home.run(row.run_id).imported.exists() for name in row.experiment.sets}


def upload_limits(home: Home) -> UploadLimits:
    """What an upload may be."""
    bounds = home.policy
    if bounds.upload_megabytes is None or bounds.pictures is None or bounds.classes is None:
        return LIMITS
    most = bounds.upload_megabytes * 10**6
    entries = min(LIMITS.entries, 4 * bounds.pictures)  # folders and what a computer puts beside each picture
    return replace(
        LIMITS,
        archive_bytes=most,
        unpacked_bytes=4 * most,
        entries=entries,
        contents_bytes=min(LIMITS.contents_bytes, 500 * entries),
        depth=12,
        pictures=bounds.pictures,
        table_bytes=min(LIMITS.table_bytes, 1_000 * bounds.pictures),
        classes=bounds.classes,
        minutes=bounds.upload_minutes,
    )
