"""What visitors of a hosted TL Lab are told on its pages: what they may use, and what of theirs was removed."""

import streamlit as st

from tl.hosted import visits
from tl.hosted.limits import limits
from tl.store.home import Home
from tl.ui.parts.text import count, escape

REMOVED = "demo_removed"


def tell(home: Home) -> None:
    """Say what may be used, and what was removed since the last visit."""
    bounds = limits()
    if told := visits.removed(home):
        st.session_state[REMOVED] = told  # for this session: it is read once
        visits.forget_removed(home)
    if told := st.session_state.get(REMOVED):
        st.info(escape(told), icon=":material/auto_delete:")
    st.caption(
        f"This demo: up to {count(bounds.pictures)} pictures of {count(bounds.classes)} classes in "
        f"{count(bounds.upload_megabytes)} MB, {count(bounds.samples)} training pictures, {bounds.resolution} px, "
        f"{count(bounds.epochs)} epochs, {count(bounds.run_minutes)} minutes a run, {count(bounds.runs_active)} runs at "
        f"a time. Pictures and runs are removed {count(bounds.life_hours)} h after your last visit."
    )
