"""What a verdict says of the data set that was worked on: what went wrong, estimates, and what would settle it."""

from typing import TYPE_CHECKING

import streamlit as st

from tl.ui.parts.text import unbroken
from tl.ui.parts.view import ExperimentView
from tl.words import number_of

if TYPE_CHECKING:
    from tl.analysis.adaptation.findings import Findings


def show(now: ExperimentView, found: "Findings | None") -> None:
    """Draw it below the verdict; nothing where there is one data set."""
    if found is None:
        return
    for sentence in found.warnings:
        st.markdown(f":red[:material/flag: {unbroken(sentence)}]")
    for sentence in found.estimates:
        st.markdown(f":small[{unbroken(sentence)}]")
    if found.choices:
        with st.expander("By whose pictures epochs were chosen", icon=":material/how_to_vote:"):
            for sentence in found.choices:
                st.caption(unbroken(sentence))
    if found.labelled or now.imported:
        return
    if found.given:
        st.caption(f"Measured on {number_of(found.given, 'picture')} that somebody has labelled here.")
    st.page_link(
        "pages/3_Inspect.py",
        label="Label more pictures here" if found.given else "Label 50 pictures here: then it is measured",
        icon=":material/label:",
        query_params={"experiment": now.experiment_id, "look": "label"},
    )
