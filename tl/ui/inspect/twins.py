"""Pictures that occur, or nearly occur, in two splits or in two classes, side by side."""

import streamlit as st

from tl.config import Refused
from tl.datasets.info import DatasetInfo
from tl.datasets.kept import pictures_at
from tl.datasets.twins import Twins, counted, twins
from tl.store.features import fingerprint
from tl.store.home import Home
from tl.ui.inspect import correcting
from tl.ui.inspect.choice import Choice
from tl.ui.inspect.correcting import Labelled
from tl.ui.parts.text import count, escape
from tl.words import number_of

PER_PAGE = 6


def show(choice: Choice, info: DatasetInfo, pictures: Labelled) -> None:
    """Draw the pairs, or one sentence where there are none."""
    st.header("Pictures that occur twice", anchor=False)
    if not counted(info):
        st.caption("No picture occurs in two splits or in two classes, equal or almost equal.")
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
            f"{number_of(across, 'pair')} {'lies' if across == 1 else 'lie'} across splits: what was seen in training makes the "
            "accuracy on the test pictures too good."
        )
    if labelled := len(found) - across:
        said.append(
            f"{number_of(labelled, 'pair')} {'has' if labelled == 1 else 'have'} two classes: one label must be wrong."
        )
    st.markdown(" ".join(said) or f"{count(counted(info))} were counted; the pictures are not ready to be shown.")
    pages = -(-len(found) // PER_PAGE)
    key = f"inspect_twins_{info.name}_page"
    page = min(int(st.session_state.get(key) or 1), max(1, pages))
    for pair in found[(page - 1) * PER_PAGE : page * PER_PAGE]:
        _pair(choice, info, pictures, pair)
    if pages > 1:
        st.pagination(pages, key=key)


@st.cache_data(max_entries=8, show_spinner=False)
def _twins(_home: Home, path: str, name: str, stamp: str) -> list[Twins]:
    """Of the set as it is now (`stamp`): some seconds where it is large."""
    from tl import datasets

    return twins(_home, datasets.describe(_home, name))


def _pair(choice: Choice, info: DatasetInfo, pictures: Labelled, pair: Twins) -> None:
    spec = choice.now.experiment
    sides = [spec.of(arm).resolution for arm in spec.arms]
    places = [pair.row, pair.other]
    shown = pictures_at(choice.home, info, places, [pictures.labels[place] for place in places], sides)
    with st.container(border=True, key=f"twins_{pair.row}_{pair.other}"):
        st.caption(escape(pair.kind.capitalize()))
        with st.grid(2, min_column_width=150):
            for place, picture in zip(places, shown, strict=True):
                with st.container():
                    name = info.classes[pictures.labels[place]]
                    correcting.image(picture, f"Labelled {name}")
                    st.caption(
                        f"**{escape(name)}**, {correcting.SPLITS[pictures.splits[place]]}  \n{escape(picture.name)}"
                    )
                    correcting.picker(info, pictures, place, f"twin_{pair.row}_{pair.other}")
