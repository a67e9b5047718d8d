"""What a verdict says of the data set that was worked on: what went wrong, estimates, and what would settle it."""

from typing import TYPE_CHECKING

import streamlit as st

from tl.languages import say
from tl.ui.parts.links import INSPECT, experiment_link
from tl.ui.parts.text import unbroken
from tl.ui.parts.view import ExperimentView
from tl.words import number_of

if TYPE_CHECKING:
    import pandas as pd

    from tl.analysis.adaptation.findings import Findings


def show(now: ExperimentView, found: "Findings | None") -> None:
    """Draw it below the verdict; nothing where there is one data set."""
    if found is None:
        return
    for sentence in found.warnings:
        st.markdown(f":red[:material/flag: {unbroken(sentence)}]")  # not shown
    for sentence in found.estimates:
        st.markdown(f":small[{unbroken(sentence)}]")
    if found.choices:
        with st.expander(say("Whose pictures decided the epochs"), icon=":material/how_to_vote:"):
            for sentence in found.choices:
                st.caption(unbroken(sentence))
    if found.labelled or now.imported:
        return
    if found.given:
        pictures = number_of(found.given, "picture")
        st.caption(say("Measured on {pictures} that somebody has labelled here.", pictures=pictures))
    words = say("Label more pictures here") if found.given else say("Label 50 pictures here to measure it")
    experiment_link(INSPECT, now.experiment_id, words, ":material/label:", look="label")


def marks(now: ExperimentView, metrics: "pd.DataFrame") -> "pd.DataFrame | None":
    """Columns run_id, epoch and kind of what went wrong, and since when; None where there is one data set."""
    if now.experiment.target_dataset is None:
        return None
    import pandas as pd

    from tl.analysis.adaptation.collapse import marks

    classes = len(now.pictures.classes) if now.pictures else 0
    rows = [
        (run_id, mark.epoch, str(mark.kind))
        for run_id, own in metrics.groupby("run_id", sort=False)
        for mark in marks(own, classes)
    ]
    return pd.DataFrame(rows, columns=["run_id", "epoch", "kind"]).astype({"epoch": "Int64"})
