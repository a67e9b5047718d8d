"""How often arms are right on test pictures that are shifted more and more, in one way."""

from collections.abc import Sequence

import altair as alt
import pandas as pd

from tl.charts.axes import share_axis
from tl.charts.curves import arm_scale
from tl.charts.drawing import ROWS, Drawing, base_chart, kept
from tl.languages import later, say

COLUMNS = ["strength", "arm", "accuracy", "low", "high"]
HEIGHT = 220  # pixels
LABELS = (later("none"), later("weak"), later("medium"), later("strong"))  # of strengths 0 to 3
Row = tuple[int, str, float, float | None, float | None]  # COLUMNS


def shifted_chart(rows: Sequence[Row], arms: Sequence[str]) -> Drawing:
    """Lines with intervals; `arms` as they are shown, in the order of their colours."""
    numbers = dict.fromkeys(["accuracy", "low", "high"], float)
    return Drawing(_view(tuple(arms)), {ROWS: pd.DataFrame(rows, columns=COLUMNS).astype(numbers)})


@kept
def _view(arms: tuple[str, ...]) -> alt.LayerChart | alt.FacetChart:
    names = " : ".join(f"datum.value == {number} ? '{say(name)}'" for number, name in enumerate(LABELS)) + " : ''"
    x = alt.X(
        "strength:Q",
        title=None,
        scale=alt.Scale(domain=[-0.3, 3.3], nice=False),
        axis=alt.Axis(values=[0, 1, 2, 3], labelExpr=names, labelAngle=0, labelOverlap=False, grid=False),
    )
    y = alt.Y("accuracy:Q", title=say("test accuracy"), scale=alt.Scale(domain=[0, 1], nice=False), axis=share_axis(5))
    told = [
        alt.Tooltip("arm:N", title=say("arm")),
        alt.Tooltip("accuracy:Q", title=say("right"), format=".1%"),
        alt.Tooltip("low:Q", title=say("from"), format=".1%"),
        alt.Tooltip("high:Q", title=say("to"), format=".1%"),
    ]
    legend = alt.Legend(orient="top", title=None, symbolOpacity=1, labelLimit=170, columns=2)
    base = base_chart().encode(x=x, color=alt.Color("arm:N", scale=arm_scale(arms), legend=legend), tooltip=told)
    lines = base.mark_line(strokeWidth=2).encode(y=y)
    ranges = base.mark_rule(opacity=0.5).encode(y=alt.Y("low:Q"), y2="high:Q")
    dots = base.mark_point(filled=True, size=36, opacity=1).encode(y=y)
    return alt.layer(lines, ranges, dots).properties(height=HEIGHT)
