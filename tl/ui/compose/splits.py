"""Whether every seed gets a split of its own: a switch that follows the data set until somebody touches it."""

import streamlit as st

from tl import datasets
from tl.languages import joined, say
from tl.store.home import Home
from tl.ui.compose.form_state import shared_key

RESPLIT, SWITCH = shared_key("resplit"), "form_resplit_switch"


def drop_unusable_resplit(home: Home, info: datasets.DatasetInfo) -> None:
    """Take a new split for every seed back where the data set has a test set that stays the test set."""
    if st.session_state[RESPLIT] and not datasets.drawn_here(home, info):
        st.session_state[RESPLIT] = None


def switch(home: Home, info: datasets.DatasetInfo) -> None:
    """Draw it; nothing for a data set whose test set stays the test set. What is automatic is kept as None."""
    state = st.session_state
    if not datasets.drawn_here(home, info):
        return
    automatic = datasets.resplits_by_itself(home, info)
    state[SWITCH] = automatic if state[RESPLIT] is None else state[RESPLIT]
    drawn = say(
        "Training, validation and test pictures are drawn anew for every seed, the same for all arms: then the interval covers "
        "the choice of the training pictures, too."
    )
    if automatic:
        here = say("On by default here: the set has no test set of its own and under 2,000 pictures.")
    else:
        here = say("Off by default here: with 2,000 pictures or more, one split is enough.")
    st.toggle(
        say("A new split for every seed"),
        key=SWITCH,
        on_change=_changed,
        args=(automatic,),
        persist_state="session",
        help=joined([drawn, here]),
    )


def _changed(automatic: bool) -> None:
    chosen = st.session_state[SWITCH]
    st.session_state[RESPLIT] = None if chosen == automatic else chosen
