"""Looking for wrong labels in the training pictures: the button, and what is going on."""

from contextlib import suppress

import streamlit as st

from tl.analysis.forecasts.question import ForecastQuestion
from tl.analysis.inspection import held_out
from tl.config import Refused
from tl.jobs.background import busy
from tl.jobs.measurements import label_checks
from tl.languages import joined, say
from tl.store.home import Home
from tl.ui.inspect.choice import Choice
from tl.ui.parts.refresh import while_working
from tl.ui.parts.text import escape

ASKED = "inspect_labels_asked"


def stamp(home: Home, asked: ForecastQuestion) -> float | None:
    """Changes when what the probe says of all pictures does; None where nothing is known yet."""
    with suppress(FileNotFoundError):
        return held_out.path_of(home, asked).stat().st_mtime
    return None


def controls(choice: Choice, asked: ForecastQuestion | None, why_not: str | None) -> None:
    """Draw the button while training pictures were not looked at yet, and what is going on; later nothing."""
    if asked is None:
        here = say(":material/info: Training pictures can't be looked at here.")
        st.caption(joined([here, escape(why_not or "")]))
        return
    home = choice.home
    if stamp(home, asked) is not None:
        return
    pressed = st.button(
        say("Look for wrong labels in the training pictures too"),
        icon=":material/search:",
        key="inspect_labels_ask",
        help=say(
            "Looks at all pictures through the pretrained network once, and has a linear probe judge each one, fitted "
            "only to other pictures. Nothing trains meanwhile."
        ),
    )
    if pressed:
        st.session_state[ASKED] = asked
        label_checks.ask(home, asked)
    if st.session_state.get(ASKED) != asked:
        return
    while_working(_state, lambda: label_checks.working(home), home, asked)


def _state(home: Home, asked: ForecastQuestion, active: bool) -> None:
    if active:
        st.caption(
            say(
                ":material/hourglass_top: Looking at all pictures, then judging each by a probe fitted to others; it waits "
                "for its turn while something else computes …"
            )
        )
        return
    try:
        problem = held_out.problem_of(home, asked)
    except Refused as refusal:
        problem = str(refusal)
    if not problem and busy(home):
        problem = say("The pictures will be looked at once nothing else is training.")
    st.caption(f":material/warning: {escape(problem or say('Press the button again.'))}")  # not shown
