"""What visitors of a hosted TL Lab are told on its pages: what they may use, and what of theirs was removed."""

import streamlit as st

from tl.hosted import visits
from tl.hosted.limits import limits
from tl.languages import reworded, say
from tl.store.home import Home
from tl.ui.parts.text import escape
from tl.words import count

REMOVED = "demo_removed"


def show_notices(home: Home) -> None:
    """Say what may be used, and what was removed since the last visit."""
    bounds = limits()
    if told := visits.removed(home):
        st.session_state[REMOVED] = told  # for this session: it is read once
        visits.forget_removed(home)
    if told := st.session_state.get(REMOVED):
        st.info(escape(reworded(told)), icon=":material/auto_delete:")
    st.caption(
        say(
            "This demo: up to {pictures} pictures of {classes} classes in {megabytes} MB, {samples} training pictures, "
            "{resolution} px, {epochs} epochs, {minutes} minutes a run, {runs} runs at a time. Pictures and runs are "
            "removed {hours} h after your last visit.",
            pictures=count(bounds.pictures),
            classes=count(bounds.classes),
            megabytes=count(bounds.upload_megabytes),
            samples=count(bounds.samples),
            resolution=bounds.resolution,
            epochs=count(bounds.epochs),
            minutes=count(bounds.run_minutes),
            runs=count(bounds.runs_active),
            hours=count(bounds.life_hours),
        )
    )
