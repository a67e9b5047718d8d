"""What an experiment or a sweep is called and what was noted about it: shown at its head, written in a small box there."""

import streamlit as st

from tl.languages import say
from tl.store.home import Home
from tl.store.queue import name_and_notes
from tl.store.queue.name_and_notes import NameAndNotes
from tl.ui.parts.problems import show_kept, show_problems
from tl.ui.parts.text import escape

PROBLEM = "label_problem"


def edit_box(home: Home, ident: str, held: NameAndNotes, about: str) -> None:
    """Draw the button that opens the box; what is typed there is kept when its field is left. `about`: what it is called
    without a name."""
    opened = st.popover(
        say("Name and notes"), icon=":material/edit:", type="tertiary", on_change="rerun", key="label_box"
    )
    if not opened.open:
        return
    name, notes = (f"label_{what}_{ident}" for what in ("name", "notes"))
    with opened:
        for key, text in ((name, held.name), (notes, held.notes)):
            st.session_state.setdefault(key, text)  # only then: else what is being typed is overwritten
        given = (home, ident, name, notes)
        most = name_and_notes.LONGEST_NAME
        st.text_input(say("Name"), key=name, max_chars=most, placeholder=about, on_change=_keep, args=given)
        most = name_and_notes.LONGEST_NOTES
        st.text_area(say("Notes"), key=notes, max_chars=most, height=160, on_change=_keep, args=given)
        st.caption(say("They are part of its report and its bundle."))


def show(held: NameAndNotes) -> None:
    """Draw the notes, letter by letter, and why they could not be kept."""
    show_kept(PROBLEM)
    if held.notes:
        lines = map(escape, held.notes.split("\n"))
        st.markdown("  \n".join(line or "&nbsp;" for line in lines))


def _keep(home: Home, ident: str, name: str, notes: str) -> None:
    state = st.session_state
    with show_problems(PROBLEM):
        name_and_notes.write(home, ident, state[name] or "", state[notes] or "")
