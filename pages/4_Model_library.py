"""Model library: what can be transferred, one's own weights too."""

import streamlit as st

from tl.languages import later, say
from tl.ui.parts import header
from tl.ui.parts.render_slot import render_slot

with header.begin(later("Model library")):
    home = header.home()
    st.title(say("Model library"), anchor=False)
    st.markdown(
        say(
            "What can be transferred: weights that a network has learned from other pictures, and those learned here. "
            "A run that is kept becomes a starting point for others, with its history and its licence."
        )
    )
    from tl.ui.manage import library  # after the first words are on their way to the browser

    with render_slot():
        library.show(home)
