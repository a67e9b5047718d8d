"""What is in a data set: examples, counts, what was left out, what occurs more than once."""

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import numpy as np
import streamlit as st

from tl import datasets
from tl.datasets.info import ReasonCount, reason_in_words
from tl.languages import plural, say
from tl.store.home import Home
from tl.ui.compose.class_editor import SPLITS
from tl.ui.parts.text import escape
from tl.words import cell, number_of, plain

MAX_EXAMPLES = 24
SEEN = "same picture in training and test"  # not shown: in what a data set says of its doubled pictures
EXAMPLE_PIXELS = 64
STRIP, STRIP_PIXELS = 12, 56  # of them beside the choice of the data set


def strip(home: Home, info: datasets.DatasetInfo) -> None:
    """A picture of each of the first classes, small. Raises Refused where some of its files are damaged."""
    if pictures := _examples(home, info)[:STRIP]:
        st.image([pixels for _, pixels in pictures], width=STRIP_PIXELS, alt=[plain(name) for name, _ in pictures])
    else:
        st.caption(say("Examples appear once the pictures have been downloaded; the first run does that."))


def words(info: datasets.DatasetInfo) -> str:
    """What is in it, in a line, and what should be looked at; Markdown."""
    classes = number_of(len(info.classes), "class")
    pictures = number_of(info.train, "training picture")  # not shown: a noun's name
    parts = [say("{pictures} in {classes}", pictures=pictures, classes=classes)]
    if left := sum(entry["count"] for entry in info.left_out.values()):
        parts.append(say(":material/warning: {files} left out", files=number_of(left, "file")))
    if seen := _seen_in_training(info):
        pictures = number_of(seen, "test picture")  # not shown: a noun's name
        parts.append(say(":material/warning: {pictures} also in training", pictures=pictures))
    return " · ".join(parts)


def contents(home: Home, info: datasets.DatasetInfo) -> None:
    """Draw all of it. Raises Refused where some of its files are damaged."""
    with st.container(horizontal=True, vertical_alignment="center"):
        if info.note:
            st.badge(escape(info.note), icon=":material/draw:" if info.origin == "drawn" else None, color="gray")
        held = say(
            "{train:,} training pictures in {classes} classes; {validation:,} more for validation and {test:,} for the test.",
            train=info.train,
            classes=len(info.classes),
            validation=info.validation,
            test=info.test,
        )
        st.caption(held, width="content")
    if unevenness := datasets.uneven(info):
        st.caption(
            say(
                "{unevenness}, so arms are judged by balanced accuracy unless you choose otherwise.",
                unevenness=unevenness,
            )
        )
    for sentence in (*datasets.story(info), *datasets.reading_notes(info), *datasets.grouped(info)):
        st.caption(escape(sentence))
    _captioned(info, _examples(home, info))
    if info.left_out:
        left = sum(entry["count"] for entry in info.left_out.values())
        title = plural("{number:,} file was left out", "{number:,} files were left out", left)
        with st.expander(title, icon=":material/warning:", expanded=True):
            _kinds(info.left_out)
    if info.leakage:
        _leakage(info)
    if info.counts:
        _counts(info)


def _leakage(info: datasets.DatasetInfo) -> None:
    """Pictures that occur more than once: what is seen in training makes the accuracy on the test pictures too good."""
    seen = _seen_in_training(info)
    title = say("Some pictures occur more than once")
    if seen:
        title = say("Test pictures that occur in training, too: {number:,}", number=seen)
    with st.expander(title, icon=":material/content_copy:"):
        _kinds(info.leakage)


def _kinds(found: Mapping[str, ReasonCount]) -> None:
    """A line for each kind of what was found, with the first names."""
    for kind, entry in found.items():
        more = ", …" if entry["count"] > len(entry["first"]) else ""
        names = escape(", ".join(entry["first"])) + more
        words = escape(reason_in_words(kind))
        st.caption(say("{kind}: {number:,} ({names})", kind=words, number=entry["count"], names=names))


def _seen_in_training(info: datasets.DatasetInfo) -> int:
    return sum(entry["count"] for kind, entry in info.leakage.items() if SEEN in kind)


def _counts(info: datasets.DatasetInfo) -> None:
    listing = st.expander(say("Classes and counts"), icon=":material/table_rows:", on_change="rerun", key="form_counts")
    if listing.open:
        with listing:
            table: dict[str, list[object]] = {say("class"): [cell(name) for name in info.counts]}
            table |= {say(SPLITS[split]): [entry.get(split, 0) for entry in info.counts.values()] for split in SPLITS}
            st.dataframe(table, hide_index=True, alt=say("Pictures per class and split"))


def _examples(home: Home, info: datasets.DatasetInfo) -> list[tuple[str, np.ndarray]]:
    place = datasets.home_of(home, info.name)
    return _example_pictures(str(place.path), info.name, _stamp(place.dataset_dir(info.name)), info.ready)


def _captioned(info: datasets.DatasetInfo, pictures: list[tuple[str, np.ndarray]]) -> None:
    if not pictures:
        return
    names = [_caption(name, info) for name, _ in pictures]
    st.image(
        [pixels for _, pixels in pictures],
        caption=names,
        width=84,
        alt=[plain(name) for name, _ in pictures],
    )
    if len(info.classes) > len(pictures):
        more = len(info.classes) - len(pictures)
        st.caption(plural("and {number:,} more class", "and {number:,} more classes", more))


def _caption(name: str, info: datasets.DatasetInfo) -> str:
    """A class and how many pictures it has; of a set drawn on demand the number means nothing."""
    if info.origin == "drawn" or name not in info.counts:
        return escape(name)
    pictures = sum(info.counts[name].values())
    return f"{escape(name)}  \n:small[{number_of(pictures, 'picture')}]"  # a line of its own


def _stamp(folder: Path) -> tuple[int, int] | None:
    """Changes with the data set: under a name that was deleted another may come."""
    with suppress(FileNotFoundError):
        found = (folder / "dataset.json").stat()
        return found.st_mtime_ns, found.st_size
    return None


@st.cache_data(max_entries=20, show_spinner=False)
def _example_pictures(
    home_path: str, name: str, stamp: tuple[int, int] | None, ready: bool
) -> list[tuple[str, np.ndarray]]:
    """Of the set as it is now; the cache is everybody's, hence the whole path."""
    return (
        datasets.examples(Home(home_path), name, per_class=1, resolution=EXAMPLE_PIXELS)[:MAX_EXAMPLES] if ready else []
    )
