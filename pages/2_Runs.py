"""Runs: every run, its state and what can be done with it; TensorBoard."""

import streamlit as st

from tl.languages import later, say
from tl.ui.parts import header
from tl.ui.parts.render_slot import render_slot

with header.begin(later("Runs")):
    from tl.ui.manage import imports, runs, tensorboard

    st.title(say("Runs"), anchor=False)
    home = header.home()
    home.policy.tell()
    with render_slot():
        runs.show(home)
        imports.show(home)
    tensorboard.show(home)  # its process takes a while to start
