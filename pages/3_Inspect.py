"""Inspect: which pictures a comparison's arms get wrong."""

import streamlit as st

from tl.languages import later, say
from tl.ui.parts import header
from tl.ui.parts.render_slot import render_slot

with header.begin(later("Inspect")):
    home = header.home()
    experiment_id = st.query_params.get("experiment")
    if experiment_id is None:
        st.title(say("Which pictures?"), anchor=False)
        st.markdown(say("Open a finished comparison and choose “Look at its pictures”, or choose one here."))
        from tl.ui.inspect import chooser

        with render_slot():
            chooser.show(home)
    else:
        from tl.ui.inspect import page

        with render_slot():
            page.show(home, experiment_id)
