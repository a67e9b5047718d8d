"""A new data set of one that is here: classes left out, merged, renamed, made smaller, single pictures set aside or
relabelled; it knows what it was made of."""

from typing import Any

import numpy as np
import pandas as pd

from tl.config import refusal
from tl.datasets import corrections
from tl.datasets.archived import KEPT, PLACE
from tl.datasets.bringing import check_name, trained_on, upload_limits
from tl.datasets.catalogue import describe, home_of, list_datasets, name_of
from tl.datasets.corrections import ORIGIN, Corrected, Corrections
from tl.datasets.description import LeftOutReport
from tl.datasets.info import DIVIDED_HERE, GIVEN, DatasetInfo
from tl.datasets.intake.edits import Edits, apply
from tl.datasets.intake.incoming import check_free, refuse_full_disk
from tl.datasets.intake.new_dataset import Pixels, check_classes, write
from tl.datasets.intake.readable import FIRST_RESOLUTION
from tl.datasets.preparing import divided, drawn_here, index_of, prepare
from tl.datasets.titles import check_title, folded
from tl.languages import later
from tl.store.home import Home
from tl.store.pictures import pixels_path
from tl.store.quarantine import move_into_place, quarantine

NEEDED = {"name", "sha256", "same", "looks", "label", "split", *PLACE}  # of its index


def derive(
    home: Home,
    source: str,
    name: str | None,
    edits: Edits | None = None,
    correct: Corrections | None = None,
) -> DatasetInfo:
    """Make the data set `name` of `source`, with `edits` to its classes and single pictures corrected.

    Splits that it came with stay. What was divided here is divided anew where classes change: other classes, other
    shares; where only pictures are corrected, every other picture keeps its split (see tl.datasets.corrections). None
    as the name: made of the counts of such pictures. Raises Refused with one sentence, and then nothing was written.
    """
    edits, correct = edits or Edits(), correct or Corrections()
    source = name_of(home, source)
    info = describe(home, source)
    if name is not None:
        check_name(home, name)
    if info.origin == "drawn":
        raise refusal(
            "The pictures of {title} are drawn when they are needed; choose another data set.", title=info.title
        )
    if not info.labelled:
        raise refusal(
            "The pictures of {name} have no labels, and so no classes that could be changed.", name=info.called
        )
    if not edits and not correct:
        raise refusal("There is nothing to change; say which classes to rename, leave out or make smaller.")
    side = min(FIRST_RESOLUTION, info.native_resolution)
    prepare(home, source, side)
    info = describe(home, source)  # downloaded meanwhile
    origin = home_of(home, source).dataset_dir(source)
    index = index_of(origin, info)
    if not {*index} >= NEEDED:
        text = later("{title} was made by an earlier version; bring its pictures again to change their classes.")
        raise refusal(text, title=info.title)
    found = corrections.check(correct, index, info) if correct else None
    title = check_title(name or _title(home, info, found))
    name = check_name(home, title)
    target = home.dataset_dir(name)
    pictures, report = _kept(home, info, index, edits, found)
    check_classes(pictures, upload_limits(home).classes)
    pixels = Pixels(pixels_path(origin, side), origin / KEPT, side)
    about: dict[str, Any] = {
        "name": name,
        "title": title,
        "origin": "upload",
        "note": "",
        "grouped_by": info.grouped_by,
    }
    changes = (*edits.in_words(), *(corrections.in_words(*found.counts) if found else ()))
    about |= {"read_as": info.read_as, "derived_from": source, "changes": changes}
    if found and not edits:
        about |= {"splits": DIVIDED_HERE if drawn_here(home, info) else GIVEN, "scales": info.scales}
    home.policy.check_disk()
    with refuse_full_disk(home, target), quarantine(home, home.datasets_dir) as folder:
        made = write(folder, pixels, pictures, about, info.native_resolution, report)
        if found and not edits:
            corrections.keep(folder, found, index, divided(origin, info, index))
        home.policy.check_disk()
        check_free(target)
        move_into_place(folder, target)
    return made


def _title(home: Home, info: DatasetInfo, found: Corrected | None) -> str:
    if found is None:
        raise refusal("The new data set has no name; give it one.")
    taken = {folded(other.title) for other in list_datasets(home)} | trained_on(home)
    earlier = corrections.corrected(home.dataset_dir(info.name))
    return corrections.title_of(info.called, earlier, *found.counts, lambda title: folded(title) not in taken)


def _kept(
    home: Home, info: DatasetInfo, index: pd.DataFrame, edits: Edits, found: Corrected | None
) -> tuple[pd.DataFrame, LeftOutReport]:
    """The pictures of the new data set as `settling.write` takes them, and what was left out."""
    names = np.array(info.classes, object)
    pictures = index.assign(
        **{"class": names[index["label"]]}, slot=np.arange(len(index)), below="", short=info.native_resolution
    )
    groups = index["group"] if "group" in index else np.full(len(index), -1)
    pictures["belongs"] = [f"{number}" if number >= 0 else "" for number in groups]
    report = LeftOutReport()
    if found:
        for one in found.corrections:
            if one.now is None:
                report.add(corrections.SET_ASIDE, one.picture)
        if ORIGIN not in pictures:
            pictures[ORIGIN] = np.arange(len(index))
        pictures = corrections.apply(found, pictures)
    if edits:
        if drawn_here(home, info):
            pictures["split"] = ""
        pictures = apply(edits, pictures.drop(columns=ORIGIN, errors="ignore"))
        for picture, reason in pictures.loc[pictures["gone"] != "", ["name", "gone"]].itertuples(index=False):
            report.add(reason, picture)
        pictures = pictures[pictures["gone"] == ""].drop(columns="gone")
    return pictures.drop(columns=["label", "group"], errors="ignore").reset_index(drop=True), report
