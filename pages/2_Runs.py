"""Runs: every run, its state and what can be done with it; TensorBoard."""

import streamlit as st

from tl.ui import header

with header.begin("Runs"):
    from tl.ui import imports, runs, tensorboard

    st.title("Runs", anchor=False)
    home = header.home()
    runs.show(home)
    imports.show(home)
    tensorboard.show(home)
