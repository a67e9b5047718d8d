"""What an experiment is called and what was noted about it: shown at its head, written in a small box there."""

import streamlit as st

from tl.store import labels
from tl.ui.problems import told
from tl.ui.text import escape
from tl.ui.view import ExperimentView

PROBLEM = "label_problem"


def box(now: ExperimentView) -> None:
    """Draw the button that opens the box; what is typed there is kept when its field is left."""
    label = "Name and notes"
    opened = st.popover(label, icon=":material/edit:", type="tertiary", on_change="rerun", key="label_box")
    if not opened.open:
        return
    name, notes = (f"label_{what}_{now.experiment_id}" for what in ("name", "notes"))
    with opened:
        for key, held in ((name, now.label.name), (notes, now.label.notes)):
            st.session_state.setdefault(key, held)  # only then: else what is being typed is overwritten
        given = (now, name, notes)
        most = labels.LONGEST_NAME
        st.text_input("Name", key=name, max_chars=most, placeholder=now.about, on_change=_keep, args=given)
        most = labels.LONGEST_NOTES
        st.text_area("Notes", key=notes, max_chars=most, height=160, on_change=_keep, args=given)
        st.caption("They are part of its report and its bundle.")


def show(now: ExperimentView) -> None:
    """Draw the notes, letter by letter, and why they could not be kept."""
    if problem := st.session_state.pop(PROBLEM, None):
        st.error(escape(problem), icon=":material/error:")
    if now.label.notes:
        lines = map(escape, now.label.notes.split("\n"))
        st.markdown("  \n".join(line or "&nbsp;" for line in lines))


def _keep(now: ExperimentView, name: str, notes: str) -> None:
    state = st.session_state
    with told(PROBLEM):
        labels.write(now.home, now.experiment_id, state[name] or "", state[notes] or "")
