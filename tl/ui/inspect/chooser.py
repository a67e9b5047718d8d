"""The Inspect page without an experiment: the finished ones, newest first."""

import streamlit as st

from tl import jobs
from tl.jobs.listing import RunLine
from tl.languages import say
from tl.store.home import Home
from tl.ui.parts import view
from tl.ui.parts.links import INSPECT, experiment_link
from tl.ui.parts.text import escape

MOST = 20  # experiments that are listed


def show(home: Home) -> None:
    """Draw links to those that have kept what they answered."""
    found: dict[str, list[RunLine]] = {}
    for run in jobs.list_lines(home):
        if len(found) == MOST and run.experiment_id not in found:
            break
        if run.status == "finished" and home.run(run.run_id).predictions.exists():
            found.setdefault(run.experiment_id, []).append(run)
    if not found:
        st.info(say("No comparison has finished yet."), icon=":material/image_search:")
        return
    for experiment_id, runs in found.items():
        title = view.data_title(home, runs[0].dataset, [run.run_id for run in runs])
        arms = ", ".join(dict.fromkeys(run.arm for run in runs))
        label = say("{data}: {arms}", data=escape(title), arms=escape(arms))
        experiment_link(INSPECT, experiment_id, label, ":material/image_search:")
