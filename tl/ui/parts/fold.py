"""A part of a form behind one line that says what it holds. It is drawn while it is open only: closed, it costs nothing.

No expander: one whose label changes with what it holds would be another one, closed again, and what is typed in it lost.
"""

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from tl.languages import later

UNKNOWN = later(":red[:material/error: see below]")  # in place of words, where what it holds can't be accepted


def fold(title: str, words: str, key: str) -> DeltaGenerator | None:
    """Draw the line: the title, then `words` (Markdown). Where what is behind it is to be drawn; None while it is closed.

    `key`: in the session whether it is open, the same on every page.
    """
    opened = bool(st.session_state.get(key))
    st.button(
        f"**{title}** \u2002{words}",
        icon=":material/expand_more:" if opened else ":material/chevron_right:",
        type="tertiary",
        key=f"fold_{key}",
        on_click=_toggle,
        args=(key,),
        wrap=True,
    )
    place = st.container(key=f"{key}_open")  # always: what comes after it keeps its place
    return place if opened else None


def _toggle(key: str) -> None:
    st.session_state[key] = not st.session_state.get(key)
