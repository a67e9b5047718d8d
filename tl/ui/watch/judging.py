"""What a verdict is judged by, as the user wants it: a popover on the pages of an experiment and of a sweep."""

from typing import Any

import streamlit as st

from tl.arm_names import arm_title
from tl.config import ACCURACY, BALANCED_ACCURACY, Experiment
from tl.languages import later, say
from tl.ui.parts.number_field import number_field
from tl.ui.parts.numbers import Number
from tl.words import percent, plain

BASELINE, TARGET, MARGIN = "verdict_baseline", "verdict_target", "verdict_margin"
JUDGE_BY = "verdict_judge_by"
JUDGED_BY = {ACCURACY: later("accuracy"), BALANCED_ACCURACY: later("balanced accuracy")}


def judging_options(experiment: Experiment, ident: str) -> dict[str, Any]:
    """Draw it; options as tl.analysis.verdict takes them: baseline, target, margin, judge_by.

    `ident` is the experiment's or sweep's.
    """
    from tl.analysis.baselines import baseline_of
    from tl.analysis.time_to_target import TARGET_SHARE
    from tl.analysis.verdict import MARGIN as USUAL_MARGIN

    names = [arm.name for arm in experiment.arms]
    with st.popover(
        say("Baseline, target, margin, measure"),
        icon=":material/tune:",
        type="tertiary",
        key="verdict_settings",
    ):
        baseline = st.selectbox(
            say("Baseline"),
            names,
            index=names.index(baseline_of(experiment)),
            format_func=lambda name: plain(arm_title(name)),
            key=f"{BASELINE}_{ident}",
            persist_state="session",
            disabled=len(names) == 1,
            help=say("The arm the others are compared with."),
        )
        target = number_field(
            Number(title=say("Target validation accuracy, %"), low=0.1, high=100, whole=False, optional=True),
            f"{TARGET}_{ident}",
            placeholder=say("found from the runs"),
            in_full=True,
            help=say(
                "Time is measured until this is reached. If left empty: {share} of the weaker arm's best.",
                share=percent(TARGET_SHARE, 0),
            ),
        )
        margin = number_field(
            Number(title=say("Margin, points of accuracy"), low=0.1, high=50, whole=False),
            f"{MARGIN}_{ident}",
            usual=100 * USUAL_MARGIN,
            in_full=True,
            help=say("A smaller difference doesn't matter to you."),
        )
        judge_by = _measure(experiment, ident)
    found = {
        "baseline": None if baseline == baseline_of(experiment) else baseline,
        "target": None if target is None else target / 100,
        "margin": USUAL_MARGIN if margin is None else margin / 100,
    }
    return found if judge_by is None else found | {"judge_by": judge_by}


def _measure(experiment: Experiment, ident: str) -> str | None:
    """The measure where it is not the experiment's own."""
    usual = BALANCED_ACCURACY if experiment.judge_by == BALANCED_ACCURACY else ACCURACY
    judge_by = st.selectbox(
        say("Judge by"),
        list(JUDGED_BY),
        index=list(JUDGED_BY).index(usual),
        format_func=lambda measure: say(JUDGED_BY[measure]),
        key=f"{JUDGE_BY}_{ident}",
        persist_state="session",
        help=say(
            "Balanced accuracy is the mean over the classes of the share recognised: a rare class counts as much as a "
            "frequent one. Best epoch and early stopping stay as they were."
        ),
    )
    return None if judge_by == usual else str(judge_by)
