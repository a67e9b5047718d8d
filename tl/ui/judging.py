"""What a verdict is judged by, as the user wants it: a popover on the pages of an experiment and of a sweep."""

import streamlit as st

from tl.config import Experiment
from tl.strategies import arm_title
from tl.ui.text import percent, plain

BASELINE, TARGET, MARGIN = "verdict_baseline", "verdict_target", "verdict_margin"


def chosen(experiment: Experiment, ident: str) -> dict:
    """Draw it; baseline, target and margin as tl.analysis.verdict takes them. `ident` is the experiment's or sweep's."""
    from tl.analysis.time_to_target import TARGET_SHARE
    from tl.analysis.verdict import MARGIN as USUAL_MARGIN
    from tl.analysis.verdict import baseline_of

    names = [arm.name for arm in experiment.arms]
    with st.popover("Baseline, target, margin", icon=":material/tune:", type="tertiary", key="verdict_settings"):
        baseline = st.selectbox(
            "Baseline",
            names,
            index=names.index(baseline_of(experiment)),
            format_func=lambda name: plain(arm_title(name)),
            key=f"{BASELINE}_{ident}",
            persist_state="session",
            disabled=len(names) == 1,
            help="The arm the others are held against.",
        )
        target = st.number_input(
            "Target validation accuracy, %",
            min_value=0.1,
            max_value=100.0,
            value=None,
            step=1.0,
            placeholder="found from the runs",
            key=f"{TARGET}_{ident}",
            persist_state="session",
            help=f"Time is taken until this is reached. Left empty: {percent(TARGET_SHARE, 0)} of the best of the "
            "weaker arm.",
        )
        margin = st.number_input(
            "Margin, points of accuracy",
            min_value=0.1,
            max_value=50.0,
            value=100 * USUAL_MARGIN,
            step=0.5,
            key=f"{MARGIN}_{ident}",
            persist_state="session",
            help="A smaller difference doesn't matter to you.",
        )
    return {
        "baseline": None if baseline == baseline_of(experiment) else baseline,
        "target": None if target is None else target / 100,
        "margin": margin / 100,
    }
