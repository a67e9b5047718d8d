"""A data set's pictures for whoever trains on them or shows them: decoded, drawn or downloaded where missing."""

from contextlib import suppress
from functools import lru_cache
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image

from tl.config import refusal
from tl.datasets.archived import PLACE, fill_from_kept, store_of
from tl.datasets.catalogue import damaged, describe, home_of
from tl.datasets.corrections import DIVIDED, ORIGIN
from tl.datasets.download import download
from tl.datasets.drawn import drawn_examples, prepare_drawn
from tl.datasets.giving_way import Progress
from tl.datasets.info import DIVIDED_HERE, UNLABELLED, DatasetInfo
from tl.datasets.intake.readable import FIRST_RESOLUTION
from tl.datasets.resplit import divided_by_content, redrawn, together
from tl.languages import later
from tl.store.files import read_parquet
from tl.store.home import Home
from tl.store.pictures import SPLITS, PictureStore

UNLABELLED_EXAMPLES = 24
RESPLIT_BELOW = 2_000  # pictures in all: in larger sets one split says enough


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
    are training pictures. `progress(done, total, what)` is called now and then. Who holds the device lock goes on with
    it, anybody else gives way to trainers, piece by piece. Raises Refused for an unknown or damaged set, more samples
    than it has, a download that fails, or splits that are not to be drawn anew.
    """
    info = describe(home, name)
    if resplit:
        check_resplit(home, info)
    home = home_of(home, name)
    folder = home.dataset_dir(name)
    if samples is not None and samples > info.train and not whole:
        text = later("{title} has {number:,} training pictures, not {wanted:,}; choose at most {number:,}.")
        raise refusal(text, title=info.title, number=info.train, wanted=samples)
    side = min(resolution, info.native_resolution)
    if whole and info.origin == "drawn":
        raise refusal(
            "{title} can make as many pictures as you want; a final model needs pictures of your own.", title=info.title
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
        return info.splits == DIVIDED_HERE and info.origin == "upload"
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
        raise damaged(path, info.name)
    return index


def divided(folder: Path, info: DatasetInfo, index: pd.DataFrame) -> pd.DataFrame | None:
    """What its splits are drawn anew from where pictures were corrected, else None. Raises Refused where that is damaged."""
    if ORIGIN not in index:
        return None
    before = read_parquet(folder / DIVIDED)
    if before is None or not {"label", "sha256"} <= {*before} or not index[ORIGIN].between(0, len(before) - 1).all():
        raise damaged(folder / DIVIDED, info.name)
    return before


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
