"""Keep what a run has learned as a starting point: the question what it is called, and what its card will say."""

import streamlit as st

from tl.backbones import BACKBONES
from tl.jobs.keep_in_library import Keepable, keep, keepable
from tl.languages import joined, say
from tl.networks import pictures_in_words
from tl.sources import own
from tl.store.home import Home
from tl.store.titles import title_of
from tl.ui.parts.problems import show_kept, show_problems
from tl.ui.parts.render_slot import without_slot
from tl.ui.parts.text import escape
from tl.words import percent

NAME, PROBLEM = "keep_name", "keep_problem"
PAGE = "pages/4_Model_library.py"


def ask_to_keep(home: Home, run_id: str, problem: str) -> None:
    """Open the question; `problem`: where the session keeps the sentence that says why it can't be, for who draws it."""
    with show_problems(problem):
        found = keepable(home, run_id)
        st.session_state[NAME] = own.suggested_name(home, found.config.backbone, found.config.dataset)
        st.session_state.pop(PROBLEM, None)
        st.dialog(say("Keep as a starting point?"))(_question)(home, run_id, found)
        return
    st.rerun()


def _question(home: Home, run_id: str, found: Keepable) -> None:
    config, accuracy = found.config, found.result.test_accuracy
    run: dict[str, object] = {
        "run": escape(found.title),
        "data": escape(title_of(home, config.dataset)),
        "network": BACKBONES[config.backbone].title,
        "resolution": config.resolution,
    }
    if accuracy is None:
        what = say(
            "What **{run}** has learned from **{data}** ({network}, {resolution} px) joins the model library, without its "
            "head.",
            **run,
        )
    else:
        what = say(
            "What **{run}** has learned from **{data}** ({network}, {resolution} px, {accuracy} on the test pictures) joins "
            "the model library, without its head.",
            accuracy=percent(accuracy),
            **run,
        )
    begun = (
        say("It began with weights trained on {data}.", data=pictures_in_words(found.begun.source_data))
        if found.begun
        else say("It began with random weights.")
    )
    st.markdown(joined([what, say("Later comparisons can start from it."), escape(begun)]))
    st.text_input(
        say("Name"),
        key=NAME,
        max_chars=40,
        help=say("Up to 40 characters: a-z, 0-9, “-” and “_”; `--weights` takes it, too."),
    )
    show_kept(PROBLEM, every_run=True)
    with st.container(horizontal=True, horizontal_alignment="right"):
        if st.button(say("Cancel"), key="cancel_keep"):
            st.rerun()
        clicked = st.button(
            say("Keep"),
            type="primary",
            icon=":material/bookmark_add:",
            key="confirm_keep",
            on_click=_keep,
            args=(home, run_id),
        )
        if clicked and PROBLEM not in st.session_state:
            st.switch_page(PAGE, query_params={"weights": st.session_state[NAME].strip()})


def _keep(home: Home, run_id: str) -> None:
    st.session_state.pop(PROBLEM, None)
    with show_problems(PROBLEM), without_slot():
        keep(home, run_id, st.session_state[NAME].strip())
