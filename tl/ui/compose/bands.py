"""Which three bands of a picture with many are shown: asked once such pictures have come."""

import streamlit as st

from tl.languages import english, say

BANDS = "form_zip_bands"
LONGEST = 11  # three numbers of up to three digits


def choice(refusal: str | None) -> str | None:
    """Draw it where pictures were refused for their bands; what `datasets.read` takes as `bands`."""
    if "--bands" not in english(refusal or "") and not st.session_state.get(BANDS):
        return None
    said = st.text_input(
        say("Bands shown as red, green and blue"),
        key=BANDS,
        placeholder="4,3,2",
        max_chars=LONGEST,
        help=say(
            "Numbers of three bands, counted from 1: the fourth, the third and the second of a satellite's picture, for "
            "instance. Then choose the zip again."
        ),
    )
    return said.strip() or None
