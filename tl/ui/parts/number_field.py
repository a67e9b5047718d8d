"""The one way in which the page asks for a number."""

from typing import Any

import streamlit as st

from tl.config import Refused
from tl.languages import say
from tl.ui.parts.numbers import FIELDS, LONGEST, Number, written
from tl.ui.parts.text import escape


def number_field(
    number: Number,
    key: str,
    *,
    usual: float | None = None,
    placeholder: str | None = None,
    help: str | None = None,
    in_full: bool = False,
    **layout: Any,
) -> Any:
    """Draw it, first with `usual` where the session holds nothing; the number, None where it is empty or refused.

    What is refused is said below it: what may be entered, or the whole sentence where `in_full` (in a form that has a
    start button the sentence stands there).
    """
    state = st.session_state
    held = state.get(key, usual)
    if not isinstance(held, str):  # only then: what is assigned is sent to the browser, over what is being typed there
        state[key] = written(held)
    state.setdefault(FIELDS, {})[key] = number
    st.text_input(
        say(number.title),
        key=key,
        max_chars=LONGEST,
        placeholder=placeholder,
        help=help,
        autocomplete="off",
        persist_state="session",
        **layout,
    )
    try:
        return number.value(state[key])
    except Refused as problem:
        words = str(problem) if in_full else say("Enter {bounds}.", bounds=number.bounds)
        st.markdown(f":small[:red[:material/error: {escape(words)}]]")  # not shown: a caption would be too pale
        return None
