"""TensorBoard on demand: one process for all runs, shown in the page and as a link, or its files as a download."""

from urllib.parse import urlsplit

import streamlit as st

from tl.config import Refused
from tl.languages import say
from tl.store.home import Home
from tl.ui.parts.text import escape

WANTED = "tensorboard_wanted"
HEIGHT = 760
OWN_NAMES = ("localhost", "127.0.0.1")  # of this machine, for itself


def show(home: Home) -> None:
    """A button; once pressed, TensorBoard. Where that isn't opened, the download of its event files, if there are any."""
    st.header("TensorBoard", anchor=False)
    if not home.policy.opens_tensorboard:
        _download(home)
        return
    st.caption(
        say("Losses, accuracies, rates, times and settings of all runs, side by side. Only this machine can reach it.")
    )
    if not st.session_state.get(WANTED):
        if st.button(say("Open TensorBoard"), icon=":material/monitoring:", key="tensorboard"):
            st.session_state[WANTED] = True
            st.rerun()
        return
    from tl.jobs.tensorboard import server

    try:
        with st.spinner(say("Starting TensorBoard …")):
            url = server.ensure(home)
    except Refused as problem:
        st.error(escape(problem), icon=":material/error:")
        return
    shown = beside(url, st.context.url)
    st.link_button(say("Open in a tab of its own"), shown or url, icon=":material/open_in_new:")
    if shown is None:
        st.caption(
            say("To see it here, open this page on the machine it runs on, as http://localhost with the same port.")
        )
        return
    st.iframe(shown, height=HEIGHT, alt=say("TensorBoard with all runs"))


def beside(url: str, page: str | None) -> str | None:
    """TensorBoard's address under the name the page was opened by; None where that is not this machine's own.

    A browser gives a frame of another site no storage, without which TensorBoard shows nothing: `localhost` and
    `127.0.0.1` are two sites. It listens on 127.0.0.1 alone, so that every other name leads nowhere.
    """
    parts = urlsplit(url)
    host = urlsplit(page).hostname if page else parts.hostname
    if host is None or not (host in OWN_NAMES or host.endswith(".localhost")):
        return None
    return parts._replace(netloc=f"{host}:{parts.port}").geturl()


def _download(home: Home) -> None:
    from tl.jobs.tensorboard import event_files

    digest = event_files.fingerprint(home)
    if digest is None:
        st.caption(
            say("Losses, accuracies, rates, times and settings of your runs: a download, once something has trained.")
        )
        return
    st.caption(
        say(
            "Losses, accuracies, rates, times and settings of your runs; unpacked, `tensorboard --logdir tensorboard` shows "
            "them on your machine."
        )
    )
    st.download_button(
        say("Event files"),
        data=lambda: event_files.pack(home),
        file_name=f"tl-lab-tensorboard-{digest}.zip",
        mime="application/zip",
        icon=":material/folder_zip:",
        key="download_events",
        on_click="ignore",
    )
