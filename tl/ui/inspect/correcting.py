"""What is to become of single pictures: set aside, really another class; kept in the session, done in a new data set."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import streamlit as st

from tl import datasets, jobs
from tl.datasets.corrections import in_words
from tl.datasets.info import DatasetInfo
from tl.datasets.stored_pictures import ShownPicture
from tl.jobs.compare_again import compare_again
from tl.languages import later, listed, plural, say
from tl.ui.inspect.choice import Choice
from tl.ui.inspect.gallery import GREY
from tl.ui.parts.problems import show_kept, show_problems
from tl.ui.parts.render_slot import without_slot
from tl.words import plain

WIDTH = 128  # pixels, of a picture on the page
STAYS, ASIDE = -2, -1  # choices besides the numbers of classes
SPLITS = {
    "train": later("training picture"),
    "validation": later("validation picture"),
    "test": later("test picture"),
}
PROBLEM = "inspect_again_problem"


@dataclass(frozen=True)
class Labelled:
    """The pictures of a data set, by their places in it."""

    names: Sequence[str]
    labels: Sequence[int]  # numbers of their classes
    splits: Sequence[str]  # those that the data set has itself


def image(picture: ShownPicture, words: str) -> None:
    """Draw the picture; a grey box where it can't be shown. `words` say what is to be seen, not escaped."""
    pixels = GREY if picture.pixels is None else picture.pixels
    st.image(pixels, width=WIDTH, output_format="JPEG", alt=plain(words))


def chosen_corrections(info: DatasetInfo) -> dict[int, int]:
    """Place of a picture in the data set -> ASIDE or the number of its class, of all that were chosen in this session."""
    found: dict[int, int] = st.session_state.setdefault(f"inspect_corrections_{info.name}", {})
    return found


def picker(info: DatasetInfo, pictures: Labelled, place: int, where: str, likely: int | None = None) -> None:
    """Draw what may become of the picture; `likely`: the class that it looks like. `where` tells two of one apart."""
    own = pictures.labels[place]
    others = [number for number in range(len(info.classes)) if number not in (own, likely)]
    options = [STAYS, ASIDE, *([] if likely is None else [likely]), *others]
    key = f"inspect_correct_{info.name}_{where}_{place}"
    # One picture may be shown twice: both say the same.
    st.session_state[key] = chosen_corrections(info).get(place, STAYS)

    def choose() -> None:
        if (value := st.session_state[key]) == STAYS:
            chosen_corrections(info).pop(place, None)
        else:
            chosen_corrections(info)[place] = value

    def words(option: int) -> str:
        if option == ASIDE:
            return say("set aside")
        if option == STAYS:
            return say("stays {name}", name=plain(info.classes[own]))
        return say("is really {name}", name=plain(info.classes[option]))

    st.selectbox(
        say("What to do with {picture}", picture=plain(pictures.names[place])),
        options,
        format_func=words,
        key=key,
        on_change=choose,
        label_visibility="collapsed",
    )


def correction_bar(choice: Choice, info: DatasetInfo, pictures: Labelled) -> Callable[[], None] | None:
    """Draw what was chosen so far, and the button that compares again; what that does, where it was pressed."""
    show_kept(PROBLEM)
    wanted = {
        place: value
        for place, value in chosen_corrections(info).items()
        if place < len(pictures.names) and value < len(info.classes)
    }
    if not wanted:
        st.caption(
            say("Choose below what to do with a picture: set it aside, or give it another label. Then compare again.")
        )
        return None
    aside = sum(value == ASIDE for value in wanted.values())
    with st.container(border=True, key="inspect_corrections"):
        st.markdown(say("**{changes}** so far.", changes=listed(in_words(aside, len(wanted) - aside))))
        with st.container(horizontal=True):
            pressed = st.button(
                say("Make a set without these and compare again")
                if aside
                else say("Make a set with these labels and compare again"),
                icon=":material/difference:",
                type="primary",
                key="inspect_compare_again",
                help=say(
                    "The same arms and seeds on a new data set. The existing one stays as it is, and every other "
                    "picture keeps its split."
                ),
            )
            st.button(
                say("Forget these choices"),
                key="inspect_forget",
                type="tertiary",
                on_click=chosen_corrections(info).clear,
            )
        st.caption(_where(wanted, pictures, bool(choice.now.experiment.resplit)))
    return partial(_again, choice, info, pictures, wanted) if pressed else None


def _where(wanted: dict[int, int], pictures: Labelled, resplit: bool) -> str:
    """Which splits change: the test set is what accuracies are of."""
    if resplit:
        return say(
            "Each seed has its own test set: for some seeds these are test pictures, and then the test set changes."
        )
    tested = sum(pictures.splits[place] == "test" for place in wanted)
    if not tested:
        return say("None of them is a test picture: the test set stays the same.")
    return plural(
        "The test set changes: {number:,} of them is a test picture.",
        "The test set changes: {number:,} of them are test pictures.",
        tested,
    )


def _again(choice: Choice, info: DatasetInfo, pictures: Labelled, wanted: dict[int, int]) -> None:
    with show_problems(PROBLEM), without_slot(), st.spinner(say("Making the new data set …")):
        compare_again(choice.home, choice.now.experiment_id, corrections(info, pictures, wanted))
        chosen_corrections(info).clear()
        jobs.ensure_supervisor(choice.home)
    st.rerun()


def corrections(info: DatasetInfo, pictures: Labelled, wanted: Mapping[int, int]) -> datasets.Corrections:
    """The same by the pictures' names."""
    aside = tuple(pictures.names[place] for place, value in sorted(wanted.items()) if value == ASIDE)
    relabel = {pictures.names[place]: info.classes[value] for place, value in wanted.items() if value != ASIDE}
    return datasets.Corrections(set_aside=aside, relabel=relabel)
