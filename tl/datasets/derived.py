"""A new data set of one that is here: classes left out, merged, renamed, made smaller; it knows what it was made of."""

from typing import Any

import numpy as np

from tl.config import Refused
from tl.datasets import catalogue
from tl.datasets.archived import KEPT, PLACE
from tl.datasets.description import Report
from tl.datasets.info import DatasetInfo
from tl.datasets.intake import FIRST_RESOLUTION, Edits, check_free
from tl.datasets.intake.edits import apply
from tl.datasets.intake.incoming import disk_told
from tl.datasets.intake.settling import Pixels, check_classes, write
from tl.datasets.pieces import Progress
from tl.datasets.titles import check_title
from tl.store.home import Home
from tl.store.pictures import pixels_path
from tl.store.quarantine import quarantine, settle
from tl.store.quota import check_disk

NEEDED = {"name", "sha256", "same", "looks", "label", "split", *PLACE}  # of its index


def derive(home: Home, source: str, name: str, edits: Edits, progress: Progress | None = None) -> DatasetInfo:
    """Make the data set `name` of `source`, with `edits` to its classes. Splits that it came with stay.

    What was divided here is divided anew: other classes, other shares. Raises Refused with one sentence, and then
    nothing was written.
    """
    source = catalogue.name_of(home, source)
    info = catalogue.describe(home, source)
    title, name = check_title(name), catalogue.check_name(home, name)
    if info.origin == "drawn":
        raise Refused(f"The pictures of {info.title} are drawn when they are needed; choose another data set.")
    if not edits:
        raise Refused("Nothing is to be changed; say which classes to rename, to leave out or to make smaller.")
    side = min(FIRST_RESOLUTION, info.native_resolution)
    catalogue.prepare(home, source, side, progress=progress)
    info = catalogue.describe(home, source)  # downloaded meanwhile
    origin, target = catalogue.home_of(home, source).dataset_dir(source), home.dataset_dir(name)
    index = catalogue.index_of(origin, info)
    if not {*index} >= NEEDED:
        raise Refused(f"{info.title} was made by an earlier version; bring its pictures again to change their classes.")
    names = np.array(info.classes, object)
    pictures = index.assign(
        **{"class": names[index["label"]]}, slot=np.arange(len(index)), below="", short=info.native_resolution
    )
    groups = index["group"] if "group" in index else np.full(len(index), -1)
    pictures["belongs"] = [f"{number}" if number >= 0 else "" for number in groups]
    if catalogue.drawn_here(home, info):
        pictures["split"] = ""
    pictures = apply(edits, pictures)
    report = Report()
    for picture, reason in pictures.loc[pictures["gone"] != "", ["name", "gone"]].itertuples(index=False):
        report.add(reason, picture)
    kept = pictures[pictures["gone"] == ""].drop(columns=["gone", "label", "group"], errors="ignore")
    check_classes(kept, catalogue.upload_limits().classes)
    pixels = Pixels(pixels_path(origin, side), origin / KEPT, side)
    about: dict[str, Any] = {
        "name": name,
        "title": title,
        "origin": "upload",
        "note": "",
        "grouped_by": info.grouped_by,
    }
    about |= {"read_as": info.read_as, "derived_from": source, "changes": tuple(edits.in_words())}
    check_disk(home)
    with disk_told(home, target), quarantine(home, home.datasets_dir) as folder:
        made = write(folder, pixels, kept.reset_index(drop=True), about, info.native_resolution, report)
        check_disk(home)
        check_free(target)
        settle(folder, target)
    return made
