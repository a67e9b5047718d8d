"""What a verdict says of the data set that was worked on: what went wrong, estimates, and what would settle it."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import streamlit as st

from tl.languages import later, say
from tl.ui.parts.chart import draw
from tl.ui.parts.links import INSPECT, experiment_link
from tl.ui.parts.text import unbroken
from tl.ui.parts.view import ExperimentView
from tl.words import number_of

if TYPE_CHECKING:
    import pandas as pd

    from tl.analysis.adaptation.findings import Findings


@dataclass(frozen=True, kw_only=True)
class TargetChart:
    """One chart of what adapting does."""

    column: str  # of the metrics
    title: str
    note: str  # what it is, and what a cross in it means
    kinds: tuple[str, ...]  # of tl.analysis.adaptation.collapse.Kind


SHOWN = {  # by measure, see tl.charts.curves.adapting_chart
    "estimated": TargetChart(
        column="estimated_accuracy",
        title=later("Estimated accuracy on the target"),
        note=later(
            "An estimate without labels, from how sure the answers are; not a test. A cross marks where it has fallen "
            "by ten points or more."
        ),
        kinds=("estimated_accuracy_falls",),
    ),
    "domain": TargetChart(
        column="domain_accuracy",
        title=later("Pictures the discriminator tells apart"),
        note=later(
            "50 % is chance: it should end there, not start there. A cross: it never learned, or could always tell the "
            "two sets apart."
        ),
        kinds=("discriminator_at_chance", "discriminator_certain"),
    ),
    "classes": TargetChart(
        column="predicted_classes",
        title=later("Classes predicted on the target"),
        note=later(
            "On its training pictures, over the epoch. A cross marks where some classes stopped being predicted."
        ),
        kinds=("class_vanished",),
    ),
}


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


def curves(now: ExperimentView, metrics: "pd.DataFrame") -> None:
    """Draw what is seen of the target while networks learn, each where it is known; marked where it goes wrong."""
    if now.experiment.target_dataset is None:
        return
    from tl.charts.curves import adapting_chart

    for measure, shown in SHOWN.items():
        if metrics[shown.column].notna().any():
            with st.container():
                title = say(shown.title)
                st.markdown(f"**{title}**")
                marked = _marked(now, metrics, shown)
                chart = adapting_chart(measure, metrics, now.titles, now.max_epochs, marked)
                draw(
                    chart, key=f"adapting_{measure}", alt=say("{measure} at every epoch, for every arm", measure=title)
                )
                st.caption(say(shown.note))


def _marked(now: ExperimentView, metrics: "pd.DataFrame", shown: TargetChart) -> "pd.DataFrame":
    """Columns arm, x and y of the epochs since which what is shown goes wrong."""
    import pandas as pd

    from tl.analysis.adaptation.collapse import marks

    rows, classes = [], len(now.pictures.classes) if now.pictures else 0
    for _, own in metrics.groupby("run_id", sort=False):
        for mark in marks(own, classes):
            at = own[(own["epoch"] == mark.epoch) & own[shown.column].notna()]
            if mark.kind in shown.kinds and len(at):
                rows.append({"arm": at["arm"].iloc[0], "x": mark.epoch, "y": float(at[shown.column].iloc[0])})
    return pd.DataFrame(rows, columns=["arm", "x", "y"])
