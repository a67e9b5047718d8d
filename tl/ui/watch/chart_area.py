"""The charts of one experiment: accuracy and loss, plan, cost. Only their rows change while runs learn."""

from typing import TYPE_CHECKING

import streamlit as st

from tl.analysis.references import Reference
from tl.charts.palette import arm_dash
from tl.languages import later, say
from tl.ui.compose import plan
from tl.ui.compose.arms import dot
from tl.ui.parts.chart import draw
from tl.ui.parts.text import escape
from tl.ui.parts.view import ExperimentView
from tl.ui.watch import references, target

if TYPE_CHECKING:  # the first paint doesn't wait for pandas
    import pandas as pd

AXIS, TRAINING, SINGLE = "chart_axis", "chart_training", "chart_single"
AXES = {"epochs": later("Epochs"), "seconds": later("Time"), "pictures": later("Pictures")}
MEMORY = {
    "gpu_memory_bytes": later("GPU memory of the trainer"),
    "memory_bytes": later("Memory of the trainer (resident, page cache aside)"),
}
LOAD = {
    "gpu_utilisation": later("GPU utilisation"),
    "cpu_percent": later("CPU load of the trainer (100 % is one core)"),
}
ACCURACIES = {"accuracy": later("Validation accuracy"), "balanced_accuracy": later("Balanced validation accuracy")}
LINES: dict[tuple[int, ...], str] = {
    (7, 3): later("dashed"),
    (2, 3): later("dotted"),
}  # dash pattern of an arm's line -> in words


def show(now: ExperimentView, metrics: "pd.DataFrame") -> None:
    with st.container(horizontal=True, vertical_alignment="bottom", horizontal_alignment="distribute"):
        axis = st.segmented_control(
            say("Against"),
            list(AXES),
            format_func=lambda axis: say(AXES[axis]),
            default="epochs",
            required=True,
            key=AXIS,
            help=say(
                "Epochs show what is learned per round, time what it costs, pictures seen how much data it takes."
            ),
        )
        training = st.toggle(
            say("Training curves"), key=TRAINING, help=say("Dotted: on the augmented training pictures.")
        )
        single = True
        if len(now.experiment.seeds) > 1:
            single = st.toggle(
                say("Single runs"), value=True, key=SINGLE, help=say("Thin lines: every run. Thick: the means.")
            )
        published = references.chosen_references(now)
    _legend(now.titles)
    _learned(now, metrics, axis, training, single, published)
    plan.while_running(now, metrics)
    with st.grid(2, min_column_width=320):
        _cost(now, metrics)


def _learned(
    now: ExperimentView,
    metrics: "pd.DataFrame",
    axis: str,
    training: bool,
    single: bool,
    published: tuple[Reference, ...],
) -> None:
    """Draw accuracy and loss."""
    from tl.charts import curves, frames
    from tl.charts.references import with_references

    left, right = st.columns(2)
    arms = now.titles
    with left:
        measure = now.experiment.judge_by if now.experiment.judge_by in ACCURACIES else "accuracy"
        shown = say(ACCURACIES[measure])
        st.markdown(f"**{shown}**")
        chart = curves.validation_chart(measure, metrics, arms, axis, now.max_epochs, training, single, legend=False)
        published = published if measure == "accuracy" else ()  # what is published is accuracy
        chart = with_references(chart, [(line.accuracy, line.label) for line in published])
        key = f"accuracy_{axis}_{training}_{bool(published)}"
        draw(chart, key=key, alt=say("{measure} of every arm", measure=shown))
        references.sources(published)
    with right:
        st.markdown(say("**Validation loss**"))
        chart = curves.validation_chart("loss", metrics, arms, axis, now.max_epochs, training, single, legend=False)
        draw(chart, key=f"loss_{axis}_{training}", alt=say("Validation loss of every arm"))
    if bands := frames.bands(metrics, len(now.experiment.seeds), measure):
        st.caption(say("{phrase}.", phrase=bands))


def _legend(arms: list[str]) -> None:
    """Names of the lines in all charts below: unlike a chart's own legend it wraps on a phone and cuts nothing off."""
    with st.container(horizontal=True, gap="medium", key="chart_legend"):
        for position, title in enumerate(arms):
            pattern = LINES.get(tuple(arm_dash(position)))
            mark = f"{dot(position)} {escape(title)}"
            if pattern:
                mark = say("{name} ({explained})", name=mark, explained=say(pattern))
            st.markdown(mark, width="content")


def _cost(now: ExperimentView, metrics: "pd.DataFrame") -> None:
    """Draw what every epoch took and what the machine did, each chart in a container of its own."""
    from tl.charts.curves import epoch_seconds_chart, learning_rate_chart

    arms = now.titles
    with st.container():
        st.markdown(say("**Time per epoch**"))
        chart = epoch_seconds_chart(metrics, arms, now.max_epochs)
        draw(chart, key="epoch_seconds", alt=say("Time that every epoch took, for every arm"))
    with st.container():
        st.markdown(say("**Learning rate**"))
        chart = learning_rate_chart(metrics, arms, now.max_epochs)
        draw(chart, key="learning_rate", alt=say("Learning rate of the head at every epoch, for every arm"))
    target.curves(now, metrics)
    _rate_test(now, metrics, arms)
    resources = now.resources()
    with st.container():
        _sampled(resources, arms, MEMORY, say("Memory"), "memory", say("Memory of every trainer over time"))
    with st.container():
        alt = say("Utilisation by every trainer over time")
        column = _sampled(resources, arms, LOAD, say("Utilisation"), "utilisation", alt)
        if column == "cpu_percent":
            st.caption(say("GPU utilisation is not available on this machine."))


def _rate_test(now: ExperimentView, metrics: "pd.DataFrame", arms: list[str]) -> None:
    """The curves of the runs that looked for their rate, where there are any."""
    files = {run.run_id: now.home.run(run.run_id).rate_test for run in now.runs}
    if not any(path.exists() for path in files.values()):
        return
    import pandas as pd

    from tl.charts.plan import found_rate
    from tl.charts.rate_test import rate_test_chart, rate_test_rows
    from tl.store.metrics import RATE_TEST, read_table

    rows = []
    for arm in now.arms:
        for run in arm.runs:
            epochs = metrics[metrics["run_id"] == run.run_id]
            chosen = found_rate(now.experiment, now.experiment.arms[arm.position], epochs)
            curve = read_table(files[run.run_id], RATE_TEST)
            rows.append(rate_test_rows(curve, arm.title, run.run_id, chosen))
    with st.container():
        st.markdown(say("**Range test of the learning rate**"))
        chart = rate_test_chart(pd.concat(rows, ignore_index=True), arms)
        draw(chart, key="rate_test", alt=say("Training loss over the learning rate, for every arm"))
        st.caption(say("The large point is the rate that was chosen."))


def _sampled(
    resources: "pd.DataFrame", arms: list[str], titles: dict[str, str], untitled: str, key: str, alt: str
) -> str | None:
    """Draw a chart of the first of the columns in `titles` that was measured at all; which one that is."""
    from tl.charts.resources import resource_chart

    column = next((column for column in titles if resources[column].notna().any()), None)
    st.markdown(f"**{say(titles[column]) if column else untitled}**")
    if column:
        draw(resource_chart(resources, arms, column), key=key, alt=alt)
    else:
        st.caption(say("Not available yet: nothing has been measured."))
    return column
