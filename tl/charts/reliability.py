"""How sure answers were against how many of them were right: the reliability diagram of several arms."""

from collections.abc import Sequence

import altair as alt
import pandas as pd

from tl.charts.axes import share_axis
from tl.charts.drawing import ROWS, Drawing, base_chart, kept
from tl.languages import later, say

COLUMNS = ["arm", "kind", "sure", "right", "low", "high", "pictures"]
BEFORE, AFTER = later("as trained"), later("with temperature")
HEIGHT = 420  # pixels
IDEAL = "ideal"  # name of the diagonal's table
IDEAL_COLOUR = "#7a7f87"  # no arm's
# How sure (mean probability of the answers), share that was right with the ends of its interval, all 0..1; pictures.
Point = tuple[float, float, float | None, float | None, int]


def reliability_chart(arms: Sequence[tuple[str, str, Sequence[Point]]], after: bool) -> Drawing:
    """Points with intervals, joined by a line for each arm; below the diagonal an arm is too sure.

    `arms`: title, hex colour, a point for each bin; `after`: with the temperature.
    """
    kind = say(AFTER if after else BEFORE)
    rows = [(title, kind, *point) for title, _, points in arms for point in points]
    numbers = dict.fromkeys(["sure", "right", "low", "high"], float)
    ideal = pd.DataFrame({"sure": [0.0, 1.0], "right": [0.0, 1.0]})
    tables = {ROWS: pd.DataFrame(rows, columns=COLUMNS).astype(numbers), IDEAL: ideal}
    return Drawing(_view(tuple((title, colour) for title, colour, _ in arms)), tables)


@kept
def _view(arms: tuple[tuple[str, str], ...]) -> alt.LayerChart | alt.FacetChart:
    share = alt.Scale(domain=[0, 1], nice=False)
    x = alt.X("sure:Q", title=say("how sure the answers were"), scale=share, axis=share_axis(5))
    y = alt.Y("right:Q", title=say("share of them that was right"), scale=share, axis=share_axis(5))
    told = [
        alt.Tooltip("arm:N", title=say("arm")),
        alt.Tooltip("kind:N", title=say("probabilities")),
        alt.Tooltip("sure:Q", title=say("sure"), format=".1%"),
        alt.Tooltip("right:Q", title=say("right"), format=".1%"),
        alt.Tooltip("low:Q", title=say("from"), format=".1%"),
        alt.Tooltip("high:Q", title=say("to"), format=".1%"),
        alt.Tooltip("pictures:Q", title=say("pictures")),
    ]
    legend = alt.Legend(orient="top", title=None, symbolType="circle", symbolOpacity=1, labelLimit=170, columns=1)
    titles, colours = zip(*arms, strict=True)
    scale = alt.Scale(domain=list(titles), range=list(colours))
    base = base_chart().encode(color=alt.Color("arm:N", scale=scale, legend=legend), tooltip=told)
    ideal = base_chart(IDEAL).mark_line(color=IDEAL_COLOUR, strokeDash=[6, 4], strokeWidth=1).encode(x=x, y=y)
    lines = base.mark_line(strokeWidth=1.5).encode(x=x, y=y)
    ranges = base.mark_rule(strokeWidth=2, opacity=0.45).encode(x=x, y=alt.Y("low:Q"), y2="high:Q")
    dots = base.mark_point(size=56, filled=True, opacity=1).encode(x=x, y=y)
    return alt.layer(ideal, lines, ranges, dots).properties(height=HEIGHT)
