"""What trains when, one heat map per arm: in the form before anything trains, beside the charts while it does."""

from typing import TYPE_CHECKING

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from tl.arm_names import arm_title
from tl.config import ArmConfig, Experiment, Training
from tl.effects import before_training
from tl.languages import joined, later, say
from tl.store.queue.schema import ACTIVE
from tl.ui.parts.chart import dot, draw
from tl.ui.parts.text import escape
from tl.ui.parts.view import ExperimentView

if TYPE_CHECKING:  # the first paint doesn't wait for pandas
    import pandas as pd

LEGEND = later("Colour: learning rate. Thin grey line: frozen.")


def in_form(places: list[DeltaGenerator], experiment: Experiment) -> None:
    """Fill the places the arms' cards keep, the last with the legend; none where the arms are folded away."""
    if not places:
        return
    *cards, below = places
    for position, (place, arm) in enumerate(zip(cards, experiment.arms, strict=True)):
        with place:
            _chart(experiment, arm, f"form_plan_{position}")
    with below:
        unknown = any(experiment.finds_rate_of(arm) for arm in experiment.arms)
        drawn = say("Drawn with the usual rates until the range test has found one.") if unknown else None
        _legend(joined([say(LEGEND), drawn]))


def warnings(experiment: Experiment) -> None:
    """Say what never trains in an arm."""
    for arm in experiment.arms:
        if words := before_training(experiment, arm):
            title, problem = escape(arm_title(arm.name)), escape(words)
            st.caption(say(":material/warning: {arm}: {problem}", arm=title, problem=problem))


def while_running(now: ExperimentView, metrics: "pd.DataFrame") -> None:
    """Every arm's plan and what came of it so far; `metrics` as `ExperimentView.metrics` gives them."""
    st.markdown(say("**What trains when**"))
    with st.grid(min(3, max(2, len(now.arms))), min_column_width=260):
        for arm in now.arms:
            run, title = arm.current, f"{dot(arm.position)} {escape(arm.title)}"
            with st.container(gap="xsmall"):
                if (total := len(arm.runs)) > 1:
                    number = arm.runs.index(run) + 1
                    title = say("{arm} · seed {number} of {total}", arm=title, number=number, total=total)
                st.markdown(title)
                done = metrics[metrics["run_id"] == run.run_id]
                arm_config = now.experiment.arms[arm.position]
                _chart(now.experiment, arm_config, f"plan_{arm.position}", done, run.status not in ACTIVE)
    _legend(joined([say(LEGEND), say("Pale: still to come.") if now.active else None]))


def _chart(
    training: Training, arm: ArmConfig, key: str, done: "pd.DataFrame | None" = None, ended: bool = False
) -> None:
    from tl.charts.plan import plan_chart, plan_rows, plan_words

    chart = plan_chart(plan_rows(training, arm, done, ended), training, arm)
    draw(chart, key=key, alt=say("What trains when: {plan}", plan=plan_words(training, arm)))


def _legend(words: str) -> None:
    from tl.charts.plan import legend_chart

    with st.container(horizontal=True, vertical_alignment="center"):
        draw(legend_chart(), width=300, key="plan_legend", alt=say("Colours of the learning rates"))
        st.caption(words, width="content")
