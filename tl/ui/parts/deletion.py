"""The question before anything is deleted: what it is, how much, Cancel, and buttons that don't look like Start."""

from collections.abc import Callable, Sequence

import streamlit as st

from tl.languages import say

DeletionChoice = tuple[str, str, Callable[[], None]]  # of a button: its label, its key, what it does


def ask(title: str, about: str, choices: Sequence[DeletionChoice]) -> None:
    """Open the dialog, with `about` as Markdown; what is chosen is done, and the page redrawn."""

    @st.dialog(title)
    def question() -> None:
        st.markdown(about)
        with st.container(horizontal=True, horizontal_alignment="right"):
            if st.button(say("Cancel"), key="cancel_delete"):
                st.rerun()
            for label, key, delete in choices:
                if st.button(f":red[{label}]", icon=":material/delete:", key=key, on_click=delete):
                    st.rerun()

    question()
