"""How different the two data sets of the form look to its network: a button; once it has looked what was found, and what to
do about it."""

from typing import TYPE_CHECKING

import streamlit as st

from tl.config import Refused, Training
from tl.languages import say
from tl.store.home import Home
from tl.ui.compose.form_state import shared_key
from tl.ui.compose.hints import look_button
from tl.ui.parts import advised
from tl.ui.parts.numbers import typed
from tl.ui.parts.refresh import while_working
from tl.ui.parts.text import escape

if TYPE_CHECKING:
    from tl.analysis.adaptation.domain_distance import DistanceQuestion


def section(home: Home, source: str, target: str) -> None:
    """Draw it for two data sets, by name; nothing where the network's weights are not here."""
    from tl.analysis.adaptation.domain_distance import question
    from tl.jobs.measurements.domain_distance import working

    settings = {name: typed(st.session_state, shared_key(name)) for name in ("backbone", "weights", "resolution")}
    try:
        asked = question(home, Training(dataset=source, target_dataset=target, **settings))
    except Refused:
        return
    while_working(_found, lambda: working(home), home, asked)


def _found(home: Home, asked: "DistanceQuestion", active: bool) -> None:
    from tl.analysis.adaptation.advice import advise
    from tl.analysis.adaptation.domain_distance import answer
    from tl.analysis.adaptation.wording import distance_in_words
    from tl.analysis.forecasts import advice_record  # numpy, scipy
    from tl.jobs.measurements.domain_distance import ask

    if found := answer(home, asked):
        st.caption(":material/compare: " + escape(distance_in_words(found)))
        record = advice_record.record(home, advice_record.ADAPTING)
        advised.show(advise(found), advice_record.in_words(record), "form_apart_advice")
    elif active:
        st.caption(say(":material/hourglass_top: Looking at both sets through the network …"))
    else:
        about = say(
            "Looks at up to 500 training pictures of each through the network, and tries to tell the two apart: takes "
            "a few seconds."
        )
        look_button(home, say("How different are they?"), ":material/compare:", "form_ask_apart", ask, asked, about)
