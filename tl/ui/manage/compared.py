"""Two experiments chosen on Runs, one after the other: their verdicts are then shown side by side, on the page of the first."""

from collections.abc import Collection

import streamlit as st

from tl.languages import say
from tl.ui.parts.text import escape
from tl.ui.watch.side_by_side import ADDRESS

FIRST = "runs_compared"  # in the session: id and title of what was chosen first


def comparison_bar(known: Collection[str]) -> None:
    """Draw what was chosen first, until the second is; forget it where it is none of the `known` ids any more."""
    chosen = st.session_state.get(FIRST)
    if chosen is None:
        return
    if chosen[0] not in known:
        _forget()
        return
    with st.container(horizontal=True, vertical_alignment="center", border=True):
        words = say("**{title}** is chosen: now choose the one to compare it with below.", title=escape(chosen[1]))
        st.markdown(f":material/compare: {words}")  # not shown
        st.button(say("Cancel"), key="compare_cancel", type="tertiary", on_click=_forget)


def button(experiment_id: str, title: str) -> None:
    """Draw the button that chooses this experiment, with `title` (not escaped): as the first, or as the second."""
    chosen = st.session_state.get(FIRST)
    icon, key = ":material/compare:", f"compare_{experiment_id}"
    if chosen is None:
        st.button(
            say("Compare"),
            icon=icon,
            key=key,
            on_click=st.session_state.update,
            args=({FIRST: (experiment_id, title)},),
        )
    elif chosen[0] != experiment_id and st.button(say("Compare with this"), icon=icon, key=key, type="primary"):
        _forget()
        st.switch_page("app.py", query_params={"experiment": chosen[0], ADDRESS: experiment_id})


def _forget() -> None:
    st.session_state.pop(FIRST, None)
