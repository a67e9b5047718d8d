"""Runs: every run, its state and what can be done with it; TensorBoard."""

import streamlit as st

from tl.ui import header
from tl.ui.turn import in_turn

with header.begin("Runs"):
    from tl.ui import demo, imports, runs, tensorboard

    st.title("Runs", anchor=False)
    home = header.home()
    demo.tell(home)
    with in_turn():
        runs.show(home)
        imports.show(home)
    tensorboard.show(home)  # its process takes a while to start
