"""Keep what a run has learned as a starting point: the question what it is called, and what its card will say."""

import streamlit as st

from tl.backbones import BACKBONES
from tl.jobs.keeping import Keepable, keep, keepable
from tl.sources import own
from tl.store.home import Home
from tl.store.titles import title_of
from tl.ui.parts.problems import told
from tl.ui.parts.render_slot import out_of_turn
from tl.ui.parts.text import escape, percent

NAME, PROBLEM = "keep_name", "keep_problem"
PAGE = "pages/4_Model_library.py"


def ask_to_keep(home: Home, run_id: str, problem: str) -> None:
    """Open the question; `problem`: where the session keeps the sentence that says why it can't be, for who draws it."""
    with told(problem):
        found = keepable(home, run_id)
        st.session_state[NAME] = own.suggested_name(home, found.config.backbone, found.config.dataset)
        st.session_state.pop(PROBLEM, None)
        _question(home, run_id, found)
        return
    st.rerun()


@st.dialog("Keep as a starting point?")
def _question(home: Home, run_id: str, found: Keepable) -> None:
    config, accuracy = found.config, found.result.test_accuracy
    reached = f", {percent(accuracy)} on the test pictures" if accuracy is not None else ""
    begun = (
        f"It began with weights trained on {found.begun.source_data}."
        if found.begun
        else "It began with random weights."
    )
    st.markdown(
        f"What **{escape(found.title)}** has learned from **{escape(title_of(home, config.dataset))}** "
        f"({BACKBONES[config.backbone].title}, {config.resolution} px{reached}) joins the model library, without its head. "
        f"Later comparisons can start from it. {escape(begun)}"
    )
    st.text_input("Name", key=NAME, max_chars=40, help="Up to 40 of a-z, 0-9, “-” and “_”; `--weights` takes it, too.")
    if st.session_state.get(PROBLEM):
        st.error(escape(st.session_state[PROBLEM]), icon=":material/error:")
    with st.container(horizontal=True, horizontal_alignment="right"):
        if st.button("Cancel", key="cancel_keep"):
            st.rerun()
        clicked = st.button(
            "Keep",
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
    with told(PROBLEM), out_of_turn():
        keep(home, run_id, st.session_state[NAME].strip())
