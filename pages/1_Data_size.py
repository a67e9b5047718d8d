"""Data size: from how many pictures on training from scratch catches up."""

import streamlit as st

from tl.languages import later, say
from tl.ui.parts import header
from tl.ui.parts.render_slot import render_slot

with header.begin(later("Data size")):
    home = header.home()
    sweep_id = st.query_params.get("sweep")
    if sweep_id is None:
        st.title(say("How much data?"), anchor=False)
        st.markdown(
            say(
                "The same comparison at several sizes: up to how many pictures transfer learning is worth it, and how many "
                "more pictures training from scratch would need to do as well."
            )
        )
        from tl.ui.compose import sweep_form  # after the first words are on their way to the browser

        with render_slot():
            sweep_form.show(home)
    else:
        from tl.ui.watch import sweep_page

        sweep_page.show(home, sweep_id)
