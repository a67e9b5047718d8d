"""Published accuracies as labelled dashed lines over a chart of accuracy."""

from collections.abc import Sequence

import altair as alt
import pandas as pd

from tl.charts.drawing import Drawing, base_chart, kept
from tl.languages import say

COLOUR = "#7a7f87"  # no arm's
LABEL_BELOW = 11  # pixels between the line and its label
PUBLISHED = "published"  # name of their table


def with_references(chart: Drawing, lines: Sequence[tuple[float, str]]) -> Drawing:
    """`chart` (accuracies 0..1 on y) with a dashed line and a label for each (accuracy, label)."""
    if not lines:
        return chart
    return chart.under(Drawing(_lines(), {PUBLISHED: pd.DataFrame(list(lines), columns=["accuracy", "label"])}))


@kept
def _lines() -> alt.TopLevelMixin:
    base, y = base_chart(PUBLISHED), alt.Y("accuracy:Q")
    rules = base.mark_rule(color=COLOUR, strokeDash=[6, 4]).encode(
        y=y, tooltip=alt.Tooltip("label:N", title=say("result"))
    )
    labels = base.mark_text(color=COLOUR, align="left", dy=LABEL_BELOW, fontSize=10.5).encode(
        x=alt.value(4), y=y, text="label:N"
    )
    return alt.layer(rules, labels)
