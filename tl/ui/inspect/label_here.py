"""Label pictures that nobody has labelled: one after the other, a key per class, each on the disk before the next is shown.

What the networks answered is not shown: whoever labels is not to be led. What was labelled is a measurement from then on.
"""

from collections.abc import Sequence

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from tl import datasets
from tl.config import Refused
from tl.datasets import given_labels
from tl.datasets.given_labels import ENOUGH, NONE_OF_THEM, Given
from tl.datasets.info import UNLABELLED, DatasetInfo
from tl.datasets.stored_pictures import ShownPicture, pictures_at
from tl.languages import say
from tl.store.home import Home
from tl.ui.inspect.choice import Choice
from tl.ui.inspect.gallery import GREY
from tl.ui.parts.links import COMPARE, experiment_link
from tl.ui.parts.problems import show_kept, show_problems
from tl.ui.parts.refresh import fragment
from tl.ui.parts.text import escape
from tl.words import number_of, plain

KEYS = "1234567890abdefghijklmnopqstuvwy"  # C and R are Streamlit's own; X and Z say something else
MOST_EXAMPLES = 24  # classes of which one is shown
LARGE, SMALL = 280, 84  # pixels, of the picture that is asked about, and of those that are labelled
PROBLEM, AT, ROUNDS = "label_here_problem", "label_here_at", "label_here_rounds"


def show(choice: Choice) -> None:
    st.header(say("Label pictures here"), anchor=False)
    info = choice.target
    if info is None or choice.now.imported:
        st.info(say("Only a comparison with a second data set that is on this computer has pictures to label."))
        return
    if info.labelled:
        st.info(
            say("The pictures of {data} have labels already: the verdict is measured on them.", data=escape(info.title))
        )
        return
    try:
        classes = datasets.describe_for(choice.home, choice.now.experiment).classes
    except Refused as problem:
        st.error(escape(problem), icon=":material/broken_image:")
        return
    st.caption(
        say(
            "Which class does each picture show? {number} of the {pictures}, drawn at random, are enough for a first "
            "real interval. Each answer is saved at once: stop whenever you like and go on later.",
            number=min(ENOUGH, info.test),
            pictures=number_of(info.test, "test picture"),  # not shown
        )
    )
    fragment(_ask, None)(choice, info, classes)


def _ask(choice: Choice, info: DatasetInfo, classes: Sequence[str]) -> None:
    given = given_labels.read(choice.home, info.name)
    if given.usable and choice.known is None:
        st.rerun()  # there is more to look at now: the page's list of sections says so
    asked = given_labels.to_label(info)
    wanted = _wanted(asked, given)
    done = [place for place in wanted if place in given.labels]
    bar = st.empty()
    show_kept(PROBLEM)
    at = st.session_state.get(AT)
    place = at if at in wanted else next((each for each in wanted if each not in given.labels), None)
    needed = done if place is None else [*(each for each in done if each != place), place]  # not all that are to come
    shown = dict(zip(needed, _pictures(choice, info, needed), strict=True))
    if place is None:
        _finished(choice, wanted, asked)
    else:
        _one(choice, info, classes, place, shown[place], done, given)
    # Only now the next can be answered: what says how many are done says so.
    text = say("{number} of {all} labelled", number=len(done), all=len(wanted))
    bar.progress(len(done) / max(1, len(wanted)), text=text)
    if done:
        said = [given.labels[each] or say("none of these") for each in done]
        st.image(
            [GREY if (pixels := shown[each].pixels) is None else pixels for each in done],
            caption=[escape(words) for words in said],
            width=SMALL,
            alt=[plain(words) for words in said],
        )


def _wanted(asked: Sequence[int], given: Given) -> list[int]:
    """Those that are asked about: the first ENOUGH, and as many more again while somebody goes on."""
    labelled = sum(place in given.labels for place in asked)
    rounds = st.session_state.get(ROUNDS, 1)
    number = max(rounds * ENOUGH, -(-labelled // ENOUGH) * ENOUGH)
    return list(asked[:number])


def _one(
    choice: Choice,
    info: DatasetInfo,
    classes: Sequence[str],
    place: int,
    picture: ShownPicture,
    done: Sequence[int],
    given: Given,
) -> None:
    left, right = st.columns([1, 2], vertical_alignment="top")
    with right:
        with st.container(horizontal=True, key="label_here_classes"):
            for number, name in enumerate(classes):
                st.button(
                    escape(name),
                    key=f"label_here_{place}_{number}",
                    shortcut=KEYS[number] if number < len(KEYS) else None,
                    type="primary" if given.labels.get(place) == name else "secondary",
                    on_click=_give,
                    args=(choice, info, place, name, tuple(classes)),
                )
        with st.container(horizontal=True):
            words = say("None of these, or I can't tell")
            args = (choice, info, place, NONE_OF_THEM, tuple(classes))
            st.button(words, key=f"label_here_{place}_none", shortcut="x", type="tertiary", on_click=_give, args=args)
            before = [each for each in done if each != place]
            last = next((each for each in reversed(given.labels) if each in before), None)
            st.button(
                say("Back to the last one"),
                key="label_here_back",
                shortcut="z",
                type="tertiary",
                icon=":material/undo:",
                disabled=last is None,
                on_click=st.session_state.update,
                args=({AT: last},),
            )
        _what_they_look_like(choice, classes)
    with left:
        st.image(
            GREY if picture.pixels is None else picture.pixels, width=LARGE, alt=say("The picture that is asked about")
        )
        st.caption(escape(picture.name), help=say("Its file in the upload."))


def _what_they_look_like(choice: Choice, classes: Sequence[str]) -> None:
    """A picture of each class from what was learned: names alone may say little."""
    name = choice.now.experiment.dataset
    found = {each: pixels for each, pixels in _examples(str(choice.home.path), name) if each in classes}
    if found:
        st.image(list(found.values()), caption=[escape(each) for each in found], width=SMALL, alt=[*map(plain, found)])


@st.cache_data(max_entries=4, show_spinner=False)
def _examples(home_path: str, name: str) -> list[tuple[str, NDArray[np.uint8]]]:
    """(class, picture) of the data set; none where they are not here."""
    try:
        return datasets.examples(Home(home_path), name)[:MOST_EXAMPLES]
    except Refused:
        return []


def _give(choice: Choice, info: DatasetInfo, place: int, label: str, classes: tuple[str, ...]) -> None:
    if place in given_labels.read(choice.home, info.name).labels and st.session_state.get(AT) != place:
        return  # pressed twice, before the next picture was there: it is not what that shows
    with show_problems(PROBLEM):
        given_labels.give(choice.home, info, place, label, classes)
        st.session_state.pop(AT, None)


def _finished(choice: Choice, wanted: Sequence[int], asked: Sequence[int]) -> None:
    st.success(
        say(
            "These pictures are labelled. The verdict is measured on them now, and *Confusion* shows which of them adapting "
            "fixed and broke."
        ),
        icon=":material/verified:",
    )
    experiment_link(COMPARE, choice.now.experiment_id, say("To the verdict"), ":material/arrow_back:")
    if len(wanted) < len(asked):
        more = min(ENOUGH, len(asked) - len(wanted))
        st.button(
            say("Label {number} more", number=more),
            key="label_here_more",
            icon=":material/add:",
            on_click=st.session_state.update,
            args=({ROUNDS: len(wanted) // ENOUGH + 1},),
        )


def _pictures(choice: Choice, info: DatasetInfo, places: Sequence[int]) -> list[ShownPicture]:
    try:
        return pictures_at(choice.home, info, places, [UNLABELLED] * len(places), choice.sides)
    except Refused as problem:
        st.error(escape(problem), icon=":material/broken_image:")
        return [ShownPicture(name="", pixels=None) for _ in places]
