"""A final model on the Compare page, in place of a verdict: what it is, and that nobody knows how good it is."""

import streamlit as st

from tl.config import Refused
from tl.jobs import queue
from tl.languages import say
from tl.ui.parts.links import COMPARE, experiment_link
from tl.ui.parts.text import escape
from tl.ui.parts.view import ExperimentView
from tl.ui.watch import take_home
from tl.words import count, percent


def show(now: ExperimentView) -> None:
    final = now.experiment.final
    assert final is not None
    with st.container(border=True, key="verdict"):
        st.header(say("A final model"), anchor=False)
        st.markdown(
            say(
                "Trained on all {pictures} pictures, so none was left to test it: its accuracy is not known.",
                pictures=count(now.experiment.samples),
            )
        )
        try:
            before = queue.run(now.home, final.of)
            reached = say(
                "That run reached {accuracy} on test pictures, with {pictures} to train on.",
                accuracy=percent(before.test_accuracy),
                pictures=count(before.samples),
            )
            title = say("The comparison whose recipe it repeats")
            experiment_link(COMPARE, before.experiment_id, title, ":material/arrow_back:")
            st.caption(escape(reached))
        except Refused:
            st.caption(say("The run whose recipe it repeats was deleted."))
        if take_home.takeable(now):
            take_home.show(now, "final")
