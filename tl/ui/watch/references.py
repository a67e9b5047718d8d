"""The switch for published results in the accuracy chart, shown only where there are some for this set and network."""

import streamlit as st

from tl.analysis.references import Reference, published
from tl.languages import say
from tl.ui.parts.text import escape
from tl.ui.parts.view import ExperimentView

SHOWN = "chart_references"


def chosen_references(now: ExperimentView) -> tuple[Reference, ...]:
    """The results to draw: those that fit the experiment (of a sweep, any of its sizes), while the switch is on."""
    found = published(now.pictures, now.experiment.backbone)
    if not found:
        return ()
    shown = st.toggle(
        say("Published results"),
        value=True,
        key=SHOWN,
        help=say(
            "Dashed: test accuracies others have published for these pictures and this network, trained on the whole "
            "training set."
        ),
    )
    return found if shown else ()


def citations(lines: tuple[Reference, ...]) -> None:
    """Where the lines come from."""
    for line in lines:
        st.caption(f"{escape(line.label[0].upper() + line.label[1:])}: [{escape(line.source)}]({line.url})")
