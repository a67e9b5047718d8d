"""The charts of one experiment: accuracy and loss, plan, cost. Only their rows change while runs learn."""

from typing import TYPE_CHECKING

import streamlit as st

from tl.analysis.references import Reference
from tl.charts.palette import arm_dash
from tl.config import ACCURACY, BALANCED_ACCURACY
from tl.languages import later, say
from tl.ui.parts import plan
from tl.ui.parts.chart import dot, draw
from tl.ui.parts.text import escape
from tl.ui.parts.view import ExperimentView
from tl.ui.watch import references, target

if TYPE_CHECKING:  # the first paint doesn't wait for pandas
    import pandas as pd

    from tl.charts.catalogue import Shown

AXIS, TRAINING, SINGLE = "chart_axis", "chart_training", "chart_single"
AXES = {"epochs": later("Epochs"), "seconds": later("Time"), "pictures": later("Pictures")}
LINES: dict[tuple[int, ...], str] = {
    (7, 3): later("dashed"),
    (2, 3): later("dotted"),
}  # dash pattern of an arm's line -> in words


def show(now: ExperimentView, metrics: "pd.DataFrame") -> None:
    from tl.charts.catalogue import CHARTS, Shown

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
    shown = Shown(
        experiment=now.experiment,
        metrics=metrics,
        arms=now.titles,
        axis=axis,
        training=training,
        single=single,
        legend=False,
        published=[(line.accuracy, line.label) for line in published],
        marks=target.marks(now, metrics),
        rate_tests=_rate_tests(now, metrics),
        resources=now.resources(),
    )
    _large(now, shown, published)
    plan.while_running(now, metrics)
    with st.grid(2, min_column_width=320):
        for name, chart in CHARTS.items():
            if not chart.large:
                _draw(name, shown, name)


def _large(now: ExperimentView, shown: "Shown", published: tuple[Reference, ...]) -> None:
    """Draw accuracy, the one that the verdict goes by, and loss."""
    from tl.charts.catalogue import CHARTS
    from tl.charts.frames import bands

    balanced = now.experiment.judge_by == BALANCED_ACCURACY
    measure, other = (BALANCED_ACCURACY, ACCURACY) if balanced else (ACCURACY, BALANCED_ACCURACY)
    wanted = [name for name, chart in CHARTS.items() if chart.large and name != other]
    for column, name in zip(st.columns(len(wanted)), wanted, strict=True):
        lines = published if name == ACCURACY else ()  # what is published is accuracy
        with column:
            _draw(name, shown, f"{name}_{shown.axis}_{shown.training}_{bool(lines)}")
            references.citations(lines)
    if words := bands(shown.metrics, len(now.experiment.seeds), measure):
        st.caption(say("{phrase}.", phrase=words))


def _draw(name: str, shown: "Shown", key: str) -> None:
    """Draw it, and nothing where there is nothing to show."""
    from tl.charts.catalogue import CHARTS

    chart = CHARTS[name]
    if (figure := chart.draw(chart, shown)) is None:
        return
    with st.container():
        title = say(figure.title)
        st.markdown(f"**{title}**")
        if figure.drawing:
            draw(figure.drawing, key=key, alt=say(chart.alt, measure=title))
        if figure.note:
            st.caption(say(figure.note))


def _legend(arms: list[str]) -> None:
    """Names of the lines in all charts below: unlike a chart's own legend it wraps on a phone and cuts nothing off."""
    with st.container(horizontal=True, gap="medium", key="chart_legend"):
        for position, title in enumerate(arms):
            pattern = LINES.get(tuple(arm_dash(position)))
            mark = f"{dot(position)} {escape(title)}"
            if pattern:
                mark = say("{name} ({explained})", name=mark, explained=say(pattern))
            st.markdown(mark, width="content")


def _rate_tests(now: ExperimentView, metrics: "pd.DataFrame") -> "pd.DataFrame | None":
    """The curves of the runs that looked for their rate, None where there are none."""
    files = {run.run_id: now.home.run(run.run_id).rate_test for run in now.runs}
    if not any(path.exists() for path in files.values()):
        return None
    import pandas as pd

    from tl.charts.plan import found_rate
    from tl.charts.rate_test import rate_test_rows
    from tl.store.metrics import RATE_TEST, read_table

    rows = []
    for arm in now.arms:
        for run in arm.runs:
            epochs = metrics[metrics["run_id"] == run.run_id]
            chosen = found_rate(now.experiment, now.experiment.arms[arm.position], epochs)
            curve = read_table(files[run.run_id], RATE_TEST)
            rows.append(rate_test_rows(curve, arm.title, run.run_id, chosen))
    return pd.concat(rows, ignore_index=True)
