"""Giving back a data set of one's own: a small button where it is shown, a question before, a sentence where it can't be."""

import streamlit as st

from tl import datasets, jobs
from tl.languages import say
from tl.store.home import Home
from tl.store.titles import title_of
from tl.ui.parts.deletion import ask
from tl.ui.parts.problems import show_problems
from tl.ui.parts.render_slot import without_slot
from tl.ui.parts.text import escape

PROBLEM = "own_pictures_problem"


def delete_button(home: Home, name: str) -> None:
    """Draw it; nothing for a data set that comes with TL Lab."""
    if name in datasets.BUILT_IN:
        return
    if st.button(say("Delete this data set"), icon=":material/delete:", type="tertiary", key=f"delete_set_{name}"):
        about = say(
            "The pictures of **{dataset}** are permanently deleted. Runs trained on them keep their results; those that have "
            "not finished can't be resumed, and their networks can no longer be exported, nor asked about pictures. Until "
            "those runs are deleted, too, this name can't be used again.",
            dataset=escape(title_of(home, name)),
        )
        choice = (say("Delete"), "confirm_delete_set", lambda: delete(home, name))
        ask(say("Delete this data set?"), about, [choice])


def delete(home: Home, name: str) -> None:
    """Delete it, or keep the sentence that says why not in the session as PROBLEM."""
    with show_problems(PROBLEM), without_slot():
        jobs.delete_dataset(home, name)
