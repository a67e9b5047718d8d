"""Published accuracies as labelled dashed lines over a chart of accuracy."""

from collections.abc import Sequence

import altair as alt

COLOUR = "#7a7f87"  # no arm's
LABEL_BELOW = 11  # pixels between the line and its label


def with_references(chart: alt.LayerChart, lines: Sequence[tuple[float, str]]) -> alt.LayerChart:
    """`chart` (accuracies 0..1 on y) with a dashed line and a label for each (accuracy, label).

    The lines are part of the specification, not of the chart's rows: while a run learns only rows change.
    """
    if not lines:
        return chart
    base = alt.Chart(alt.Data(values=[{"accuracy": accuracy, "label": label} for accuracy, label in lines]))
    y = alt.Y("accuracy:Q")
    rules = base.mark_rule(color=COLOUR, strokeDash=[6, 4]).encode(y=y, tooltip=alt.Tooltip("label:N", title="result"))
    labels = base.mark_text(color=COLOUR, align="left", dy=LABEL_BELOW, fontSize=10.5).encode(
        x=alt.value(4), y=y, text="label:N"
    )
    joined = chart.copy(deep=False)
    joined.layer = [*chart.layer, rules, labels]
    return joined
