"""What data sets there are, and what the page, the command line and the trainer do with one."""

import os
from contextlib import nullcontext, suppress
from dataclasses import replace
from difflib import get_close_matches
from functools import lru_cache
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image

from tl.config import NAME_PATTERN, Refused, refusal
from tl.datasets.archive import LIMITS, Limits
from tl.datasets.archived import PLACE, ReadOptions, bands_of, fill_from_kept, store_of
from tl.datasets.corrections import DIVIDED, ORIGIN, divided_of
from tl.datasets.download import download
from tl.datasets.drawn import BLOSSOMS, BLOSSOMS_DUSK, drawn_examples, prepare_drawn
from tl.datasets.encodings import encoding_named
from tl.datasets.grouping import parse
from tl.datasets.info import DRAWN, UNLABELLED, DatasetInfo, mending, taken
from tl.datasets.intake import FIRST_RESOLUTION, Edits, Incoming, check_free, read_zip
from tl.datasets.intake.incoming import Source
from tl.datasets.intake.layouts.reading import AS_FOUND, Asked
from tl.datasets.pieces import Progress
from tl.datasets.resplit import divided_by_content, redrawn, together
from tl.datasets.titles import called, check_title, name_for
from tl.datasets.torchvision_sets import CIFAR10, FLOWERS102
from tl.store import database
from tl.store.files import read_json, read_parquet
from tl.store.home import Home
from tl.store.pictures import SPLITS, PictureStore
from tl.store.quarantine import alone

UNLABELLED_EXAMPLES = 24
RESPLIT_BELOW = 2_000  # pictures in all: in larger sets one split says enough
BUILT_IN: dict[str, DatasetInfo] = {info.name: info for info in (BLOSSOMS, BLOSSOMS_DUSK, CIFAR10, FLOWERS102)}


def home_of(home: Home, name: str) -> Home:
    """Where a data set lies: built-in ones are at the root, shared by all visitors, others in their owner's home."""
    return home.of(None) if name in BUILT_IN else home


def list_datasets(home: Home) -> list[DatasetInfo]:
    """The built-in data sets, then those brought by people, by name; without damaged ones."""
    return survey(home)[0]


def survey(home: Home) -> tuple[list[DatasetInfo], dict[str, str]]:
    """`list_datasets`, and for each data set that is damaged its name and one sentence."""
    names = {path.parent.name for path in home.datasets_dir.glob("[!.]*/dataset.json")}
    own = sorted(name for name in names - set(BUILT_IN) if NAME_PATTERN.fullmatch(name))
    sound, damaged = [], {}
    for name in [*BUILT_IN, *own]:
        try:
            sound.append(describe(home, name))
        except Refused as problem:
            damaged[name] = str(problem)
    return sound, damaged


def describe(home: Home, name: str) -> DatasetInfo:
    """What is known about one data set. Raises Refused for an unknown or damaged one."""
    path = home_of(home, name).dataset_dir(name) / "dataset.json"
    if path.exists():
        with suppress(ValueError):
            info = DatasetInfo.from_json(read_json(path))
            if info.name == name:
                return info
        raise _damaged(path, name)
    if name in BUILT_IN:
        return BUILT_IN[name].worded()
    own = (path.parent.name for path in home.datasets_dir.glob("[!.]*/dataset.json"))
    close = get_close_matches(name, {*BUILT_IN, *own}, 1)
    if close:
        raise refusal(
            "There is no data set {name!r}; did you mean {close!r}? `python -m tl datasets` lists them.",
            name=name,
            close=close[0],
        )
    raise refusal("There is no data set {name!r}; `python -m tl datasets` lists them.", name=name)


def has(home: Home, name: str) -> bool:
    """Whether there is a data set of this name, damaged or not."""
    return name in BUILT_IN or home.dataset_dir(name).is_dir()


def _damaged(path: Path, name: str) -> Refused:
    return refusal("{path} is damaged; {mend}", path=path, mend=mending(name, name in BUILT_IN))


def ingest(
    home: Home,
    source: str | os.PathLike[str] | Source,
    name: str,
    progress: Progress | None = None,
    shown: str = "",
    group: str | None = None,
    asked: Asked = AS_FOUND,
    edits: Edits | None = None,
    names: str | None = None,
    bands: str | None = None,
    unlabelled: bool = False,
) -> DatasetInfo:
    """Make a data set of an archive of pictures, in the likeliest reading or as `asked`; see `read`.

    `edits` are made to its classes. Raises Refused with one sentence, and then nothing was written.
    """
    with read(home, source, name, progress, shown, group, names, bands, unlabelled) as incoming:
        return incoming.settle(incoming.choose(asked), edits)


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
    with alone(home, progress) if home.policy.reads_uploads_in_turn else nullcontext():
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
    if other := called(list_datasets(home), title):
        there = describe(home, other).called
        if other in BUILT_IN:
            raise refusal("There is already a data set {name!r}; choose another name.", name=there)
        raise taken(there, other)
    trained = trained_on(home)
    return name_for(title, lambda name: has(home, name) or name in trained)


def trained_on(home: Home) -> set[str]:
    """Names of the data sets that runs of this home were trained or tested on, here."""
    rows = database.read_runs(home)
    return {name for row in rows if not home.run(row.run_id).imported.exists() for name in row.experiment.sets}


def name_of(home: Home, text: str) -> str:
    """The name of the data set that somebody calls so, by name or title. Raises Refused where there is none."""
    if found := called(list_datasets(home), text):
        return found
    if NAME_PATTERN.fullmatch(text):
        return text  # a damaged one, maybe: whoever opens it says so
    raise refusal("There is no data set {name!r:.80}; `python -m tl datasets` lists them.", name=text)


def upload_limits(home: Home) -> Limits:
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


def prepare(
    home: Home,
    name: str,
    resolution: int,
    samples: int | None = None,
    progress: Progress | None = None,
    seed: int | None = None,
    resplit: bool = False,
    whole: bool = False,
) -> PictureStore:
    """The data set's pictures at min(resolution, its native one) px: decoded, drawn or downloaded where missing.

    Test and validation pictures and the first `samples` training pictures (None: all) are ready in the store returned.
    With `resplit` all pictures are, in splits that content and `seed` alone decide (see `redrawn`); with `whole` all of them
    are training pictures. `progress(done, total, what)` is called now and then. Who holds the turn goes on with it, anybody else works in turns with trainers,
    piece by piece. Raises Refused for an unknown or damaged set, more samples than it has, a download that fails, or
    splits that are not to be drawn anew.
    """
    info = describe(home, name)
    if resplit:
        check_resplit(home, info)
    home = home_of(home, name)
    folder = home.dataset_dir(name)
    if samples is not None and samples > info.train and not whole:
        raise refusal(
            "{title} has {number:,} training pictures, not {wanted:,}; choose at most {number:,}.",
            title=info.title,
            number=info.train,
            wanted=samples,
        )
    side = min(resolution, info.native_resolution)
    if whole and info.origin == "drawn":
        raise refusal(
            "{title} has as many pictures as one wants; a final model takes pictures of your own.", title=info.title
        )
    if info.origin == "drawn":
        return prepare_drawn(folder, side, samples, home.locks_dir, progress)
    if not info.ready:
        download(home, info, progress)
        info = describe(home, name)
    index = index_of(folder, info)
    store = store_of(folder, index, info.classes, side)
    fill_from_kept(store, index, info, None if resplit or whole else samples, home.locks_dir, progress)
    if whole:
        return together(store)
    if not resplit:
        return store
    if seed is None:
        raise ValueError("seed is None; splits are drawn anew for a seed")  # not shown
    return redrawn(store, index, seed, divided(folder, info, index))


def check_resplit(home: Home, info: DatasetInfo) -> None:
    """Refuse new splits of a data set that was divided by who made it."""
    if not drawn_here(home, info):
        raise refusal(
            "The test set of {title} stays the test set; leave out the new split for every seed (--no-resplit).",
            title=info.title,
        )


def resplits_by_itself(home: Home, info: DatasetInfo) -> bool:
    """Whether splits are drawn anew for every seed where nobody says otherwise: small sets of one's own without a test set.

    Not of pictures without labels: those that a person labels later are test pictures of every seed.
    """
    few = info.train + info.validation + info.test < RESPLIT_BELOW
    return few and info.labelled and info.origin == "upload" and drawn_here(home, info)


def drawn_here(home: Home, info: DatasetInfo) -> bool:
    """Whether TL Lab divided this data set; of those that earlier versions made it is found out."""
    if info.splits or info.origin != "upload":
        return info.splits == DRAWN and info.origin == "upload"
    folder = home_of(home, info.name).dataset_dir(info.name)
    with suppress(FileNotFoundError):
        found = (folder / "index.parquet").stat()
        return _divided_by_content(folder / "index.parquet", info.classes, found.st_mtime_ns, found.st_size)
    return False


@lru_cache(maxsize=100)
def _divided_by_content(path: Path, classes: tuple[str, ...], *stamp: int) -> bool:
    """Of the index as it was at this `stamp`; False where it is damaged, which is told when it is used."""
    index = read_parquet(path)
    return index is not None and divided_by_content(index, classes)


def index_of(folder: Path, info: DatasetInfo) -> pd.DataFrame:
    """One row per picture in the order of the store. Raises Refused where it is damaged."""
    path = folder / "index.parquet"
    index = read_parquet(path)
    if index is None or not _fits(index, info):
        raise _damaged(path, info.name)
    return index


def divided(folder: Path, info: DatasetInfo, index: pd.DataFrame) -> pd.DataFrame | None:
    """What its splits are drawn anew from where pictures were corrected, else None. Raises Refused where that is damaged."""
    try:
        return divided_of(folder, index)
    except ValueError:
        raise _damaged(folder / DIVIDED, info.name) from None


def _fits(index: pd.DataFrame, info: DatasetInfo) -> bool:
    """Whether the index is one of this data set: its splits in their order, its classes, numbers where they belong."""
    sizes = [getattr(info, split) for split in SPLITS]
    if len(index) != sum(sizes) or not index.columns.is_unique or not {"split", "label"} <= {*index}:
        return False
    if any(index.dtypes[name] != np.int64 for name in ("label", "group", ORIGIN, *PLACE) if name in index):
        return False
    in_order = index["split"].tolist() == np.repeat(SPLITS, sizes).tolist()
    lowest, highest = (0, len(info.classes) - 1) if info.labelled else (UNLABELLED, UNLABELLED)
    return in_order and bool(index["label"].between(lowest, highest).all())


def examples(home: Home, name: str, per_class: int = 1, resolution: int = 64) -> list[tuple[str, np.ndarray]]:
    """Training pictures to show, `per_class` of each class: (class, (R, R, 3) uint8); [] where not downloaded yet.

    Of a set without labels the first UNLABELLED_EXAMPLES, each called "".

    Raises Refused for an unknown or damaged set.
    """
    info = describe(home, name)
    if info.origin == "drawn":
        return drawn_examples(name, per_class, resolution)
    if not info.ready:
        return []
    folder = home_of(home, name).dataset_dir(name)
    index = index_of(folder, info)
    store = store_of(folder, index, info.classes, min(FIRST_RESOLUTION, info.native_resolution))
    if store.ready < len(index):  # filled with the first upload: its files are damaged
        fill_from_kept(store, index, info, None, home.locks_dir, None)
    pixels, labels = store.pixels("train"), store.labels_of("train")
    shown = []
    each = list(enumerate(info.classes)) if info.labelled else [(UNLABELLED, "")]
    for number, title in each:
        for row in np.flatnonzero(labels == number)[: per_class if info.labelled else UNLABELLED_EXAMPLES]:
            picture = Image.fromarray(pixels[row])
            if picture.width != resolution:
                picture = picture.resize((resolution, resolution), Image.Resampling.BICUBIC)
            shown.append((title, np.asarray(picture)))
    return shown
