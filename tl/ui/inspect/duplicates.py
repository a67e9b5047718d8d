"""Pictures that occur, or nearly occur, in two splits or in two classes, side by side."""

import streamlit as st

from tl.config import Refused
from tl.datasets.duplicates import Duplicates, counted, duplicates
from tl.datasets.info import DatasetInfo, reason_in_words
from tl.datasets.stored_pictures import pictures_at
from tl.languages import joined, plural, say
from tl.store.features import fingerprint
from tl.store.home import Home
from tl.ui.inspect import correcting
from tl.ui.inspect.choice import Choice
from tl.ui.inspect.correcting import Labelled
from tl.ui.parts.text import escape
from tl.words import count, number_of

PER_PAGE = 6


def show(choice: Choice, info: DatasetInfo, pictures: Labelled) -> None:
    """Draw the pairs, or one sentence where there are none."""
    st.header(say("Pictures that occur twice"), anchor=False)
    if not counted(info):
        st.caption(say("No picture occurs in two splits or in two classes, equal or almost equal."))
        return
    try:
        found = _twins(choice.home, str(choice.home.path), info.name, fingerprint(choice.home, info.name))
    except Refused as problem:
        st.error(escape(problem), icon=":material/broken_image:")
        return
    across = sum(not pair.two_classes for pair in found)
    said = []
    if across:
        said.append(
            plural(
                "{pairs} lies across splits: what was seen in training makes the accuracy on the test pictures too good.",
                "{pairs} lie across splits: what was seen in training makes the accuracy on the test pictures too good.",
                across,
                pairs=number_of(across, "pair"),
            )
        )
    if labelled := len(found) - across:
        said.append(
            plural(
                "{pairs} has two classes: one label must be wrong.",
                "{pairs} have two classes: one label must be wrong.",
                labelled,
                pairs=number_of(labelled, "pair"),
            )
        )
    if not said:
        number = count(counted(info))
        said.append(say("{number} were counted; the pictures are not ready to be shown.", number=number))
    st.markdown(joined(said))
    pages = -(-len(found) // PER_PAGE)
    key = f"inspect_twins_{info.name}_page"
    page = min(int(st.session_state.get(key) or 1), max(1, pages))
    for pair in found[(page - 1) * PER_PAGE : page * PER_PAGE]:
        _pair(choice, info, pictures, pair)
    if pages > 1:
        st.pagination(pages, key=key)


@st.cache_data(max_entries=8, show_spinner=False)
def _twins(_home: Home, path: str, name: str, stamp: str) -> list[Duplicates]:
    """Of the set as it is now (`stamp`): some seconds where it is large."""
    from tl import datasets

    return duplicates(_home, datasets.describe(_home, name))


def _pair(choice: Choice, info: DatasetInfo, pictures: Labelled, pair: Duplicates) -> None:
    places = [pair.row, pair.other]
    shown = pictures_at(choice.home, info, places, [pictures.labels[place] for place in places], choice.sides)
    with st.container(border=True, key=f"twins_{pair.row}_{pair.other}"):
        kind = reason_in_words(pair.kind)
        st.caption(escape(kind[0].upper() + kind[1:]))
        with st.grid(2, min_column_width=150):
            for place, picture in zip(places, shown, strict=True):
                with st.container():
                    name = info.classes[pictures.labels[place]]
                    correcting.image(picture, say("Labelled {name}", name=name))
                    split = say(correcting.SPLITS[pictures.splits[place]])
                    said = say("**{name}**, {split}", name=escape(name), split=split)
                    st.caption(f"{said}  \n{escape(picture.name)}")
                    correcting.picker(info, pictures, place, f"twin_{pair.row}_{pair.other}")
