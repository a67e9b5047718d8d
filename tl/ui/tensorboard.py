"""TensorBoard on demand: one process for all runs, shown in the page and as a link; hosted, its files as a download."""

import streamlit as st

from tl.config import Refused
from tl.limits import hosted
from tl.store.home import Home
from tl.ui.text import escape

WANTED = "tensorboard_wanted"
HEIGHT = 760


def show(home: Home) -> None:
    """A button; once pressed, TensorBoard. Hosted the download of its event files, where there are any."""
    st.subheader("TensorBoard", anchor=False)
    if hosted():
        _download(home)
        return
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


def _download(home: Home) -> None:
    from tl.jobs import event_files

    digest = event_files.fingerprint(home)
    if digest is None:
        st.caption(
            "Losses, accuracies, rates, times and settings of your runs: a download, once something has trained."
        )
        return
    st.caption(
        "Losses, accuracies, rates, times and settings of your runs; unpacked, `tensorboard --logdir tensorboard` shows "
        "them on your machine."
    )
    st.download_button(
        "Event files",
        data=lambda: event_files.pack(home),
        file_name=f"tl-lab-tensorboard-{digest}.zip",
        mime="application/zip",
        icon=":material/folder_zip:",
        key="download_events",
        on_click="ignore",
    )
