"""In which language a page speaks: that of its address (`?lang=zh`), else the one chosen in its head, else the browser's."""

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from tl.languages import ENGLISH, LANGUAGES, TAGS, ask, best_language, language, say

IN_ADDRESS = "lang"
CHOSEN = "language"  # in the session
SPOKEN = "language_spoken"  # by the page of the session that is drawn, or was last
WIDGET = "language_choice"
SCRIPTS = {code: f"document.documentElement.lang = '{TAGS[code]}'" for code in LANGUAGES}


def of_reader() -> str | None:
    """The code of the language of whoever sees the page that is being drawn, as its head found it; None: no page is.

    Asked for every sentence: the address and the browser are looked at once a page.
    """
    if get_script_run_ctx(suppress_warning=True) is None:
        return None
    return st.session_state.get(SPOKEN) or _wanted()


def _wanted() -> str | None:
    asked, chosen = st.query_params.get(IN_ADDRESS), st.session_state.get(CHOSEN)
    return best_language(code for code in (asked, chosen, st.context.locale) if code)


def begin() -> None:
    """Keep what the address asks for: links to other pages carry no language. Before anything is said."""
    ask(of_reader)
    if asked := best_language([st.query_params.get(IN_ADDRESS, "")]):
        st.session_state[CHOSEN] = asked
    elif st.session_state.get(CHOSEN):
        st.query_params[IN_ADDRESS] = st.session_state[CHOSEN]
    before, now = st.session_state.get(SPOKEN), _wanted() or ENGLISH
    st.session_state[SPOKEN] = now
    if before and before != now:
        _reword()


def _reword() -> None:
    """Tell the browser again what is chosen: it knows an option by its words alone, and would send those of the other
    language until something else is chosen. What it knows otherwise (what is pressed, ticked or brought) stays as it is."""
    for key, value in st.session_state.items():
        if isinstance(value, str | int | float) and not isinstance(value, bool):
            st.session_state[key] = value


def choice() -> None:
    """The choice in the head of a page. The browser learns it, too: it chooses by it how Chinese characters look and sound."""
    st.session_state[WIDGET] = language()  # what the address says, which may have changed
    st.selectbox(
        say("Language"),
        list(LANGUAGES),
        format_func=LANGUAGES.__getitem__,
        key=WIDGET,
        on_change=_choose,
        label_visibility="collapsed",
        width=110,
    )
    st.html(f"<script>{SCRIPTS[language()]}</script>", width="content", unsafe_allow_javascript=True)


def _choose() -> None:
    st.session_state[CHOSEN] = st.query_params[IN_ADDRESS] = st.session_state[WIDGET]
