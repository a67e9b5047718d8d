"""The charts of one experiment: accuracy and loss, then cost and plan. Only their rows change while runs learn."""

import streamlit as st

from tl.ui.text import escape, rate
from tl.ui.view import ExperimentView

AXIS, TRAINING = "chart_axis", "chart_training"
AXES = {"epochs": "Epochs", "seconds": "Seconds", "pictures": "Pictures"}
MEMORY = {
    "gpu_memory_bytes": "GPU memory of the trainer",
    "memory_bytes": "Memory of the trainer (resident, main memory)",
}
LOAD = {
    "gpu_utilisation": "GPU utilisation",
    "cpu_percent": "CPU load of the trainer (100 % is one core)",
}


def show(now: ExperimentView, metrics) -> None:
    """Draw them all."""
    from tl.charts import curves

    with st.container(horizontal=True, vertical_alignment="bottom", horizontal_alignment="distribute"):
        axis = st.segmented_control(
            "Against",
            list(AXES),
            format_func=AXES.get,
            default="epochs",
            required=True,
            key=AXIS,
            help="Epochs compare what is learnt per round; seconds what it costs; pictures what it takes to see.",
        )
        training = st.toggle("Training curves", key=TRAINING, help="Dotted: on the augmented training pictures.")
    arms = now.titles
    left, right = st.columns(2)
    with left:
        st.markdown("**Validation accuracy**")
        chart = curves.accuracy_chart(metrics, arms, axis, now.max_epochs, training)
        st.altair_chart(chart, key=f"accuracy_{axis}_{training}", alt="Validation accuracy of every arm")
    with right:
        st.markdown("**Validation loss**")
        chart = curves.loss_chart(metrics, arms, axis, now.max_epochs, training)
        st.altair_chart(chart, key=f"loss_{axis}_{training}", alt="Validation loss of every arm")
    with st.grid(2, min_column_width=320):
        with st.container():
            _epoch_seconds(now, metrics, arms)
        with st.container():
            _plan(now, metrics, arms)
        resources = now.resources()
        with st.container():
            _memory(resources, arms)
        with st.container():
            _load(resources, arms)


def _epoch_seconds(now: ExperimentView, metrics, arms: list[str]) -> None:
    from tl.charts.curves import epoch_seconds_chart

    st.markdown("**Seconds per epoch**")
    chart = epoch_seconds_chart(metrics, arms, now.max_epochs)
    st.altair_chart(chart, key="epoch_seconds", alt="Seconds every epoch took, for every arm")


def _plan(now: ExperimentView, metrics, arms: list[str]) -> None:
    from tl.charts.curves import learning_rate_chart

    st.markdown("**Learning rate**")
    chart = learning_rate_chart(metrics, arms, now.max_epochs)
    st.altair_chart(chart, key="learning_rate", alt="Learning rate of the head at every epoch, for every arm")


def _known_column(resources, candidates: dict[str, str]) -> str | None:
    """The first column that was measured at all; None where none was."""
    return next((column for column in candidates if resources[column].notna().any()), None)


def _memory(resources, arms: list[str]) -> None:
    from tl.charts.resources import memory_chart

    column = _known_column(resources, MEMORY)
    st.markdown(f"**{MEMORY[column] if column else 'Memory'}**")
    if column:
        st.altair_chart(memory_chart(resources, arms, column), key="memory", alt="Memory of every trainer over time")
    else:
        st.caption("Not available yet: nothing has been measured.")


def _load(resources, arms: list[str]) -> None:
    from tl.charts.resources import utilisation_chart

    column = _known_column(resources, LOAD)
    st.markdown(f"**{LOAD[column] if column else 'Utilisation'}**")
    if column:
        chart = utilisation_chart(resources, arms, column)
        st.altair_chart(chart, key="utilisation", alt="Utilisation by every trainer over time")
        if column == "cpu_percent":
            st.caption("GPU utilisation is not available on this machine.")
    else:
        st.caption("Not available yet: nothing has been measured.")


def show_plan(experiment) -> None:
    """What trains when, before and while it runs: a bar per arm over the epochs, and the same in words."""
    from tl.backbones import BACKBONES
    from tl.charts.plan import plan_chart
    from tl.strategies import STRATEGIES
    from tl.ui.form_state import arm_title

    stages = BACKBONES[experiment.backbone].stage_names
    plans = []
    for arm in experiment.arms:
        phases = STRATEGIES[arm.strategy].phases(stages, arm)
        shares = [
            {
                "start_epoch": phase.start_epoch,
                "name": phase.name,
                "share": len(phase.rates) / (len(stages) + 1),
                "rate": arm.rate * phase.rates.get("head", 0.0),
            }
            for phase in phases
        ]
        plans.append({"arm": arm_title(arm.name), "epochs": arm.epochs or experiment.epochs, "phases": shares})
    chart = plan_chart(plans, [plan["arm"] for plan in plans])
    st.altair_chart(chart, key="plan", alt="What trains in which epochs, one bar per arm")
    for plan in plans:
        words = "; ".join(
            f"{escape(phase['name'])} from epoch {phase['start_epoch']} at {rate(phase['rate'])}"
            for phase in plan["phases"]
        )
        st.caption(f"{escape(plan['arm'])}: {words}.")
