"""TensorBoard on demand: one process for all runs, shown in the page and as a link."""

import streamlit as st

from tl.config import Refused
from tl.store.home import Home
from tl.ui.text import escape

WANTED = "tensorboard_wanted"
HEIGHT = 760


def show(home: Home) -> None:
    """A button; once pressed, TensorBoard."""
    st.subheader("TensorBoard", anchor=False)
    st.caption(
        "Losses, accuracies, rates, times and settings of all runs, side by side. Only this machine can reach it."
    )
    if not st.session_state.get(WANTED):
        if st.button("Open TensorBoard", icon=":material/monitoring:", key="tensorboard"):
            st.session_state[WANTED] = True
            st.rerun()
        return
    from tl.jobs import tensorboard

    try:
        with st.spinner("Starting TensorBoard …"):
            url = tensorboard.ensure(home)
    except Refused as problem:
        st.error(escape(problem), icon=":material/error:")
        return
    st.link_button("Open in a tab of its own", url, icon=":material/open_in_new:")
    st.iframe(url, height=HEIGHT, alt="TensorBoard with all runs")
