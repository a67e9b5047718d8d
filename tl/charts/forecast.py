"""The curve that a forecast is read off: what was measured, the expected accuracy with its interval, the target."""

from collections.abc import Sequence

import altair as alt
import pandas as pd

from tl.charts.axes import room_above, share_axis
from tl.charts.curves import BAND_OPACITY, arm_scale
from tl.charts.drawing import Drawing, base_chart, kept
from tl.charts.palette import SOLID
from tl.languages import say

MARK_COLOUR = "#7C858F"  # readable on the light and on the dark background
PARTS = ("measured sizes", "beyond them")  # not shown
Points = Sequence[tuple[int, float]]  # (training pictures, accuracy)
Band = Sequence[tuple[int, float, float, float]]  # (training pictures, accuracy, low, high)
CURVE = ["arm", "pictures", "accuracy", "low", "high", "part"]


def forecast_chart(
    arms: Sequence[tuple[str, Points, Band]],
    target: float,
    between: Sequence[tuple[str, float, float]],
) -> Drawing:
    """Accuracy over the number of training pictures, logarithmic; accuracies are fractions.

    `arms`: title, what was measured, what is expected (() where nothing can be forecast). The band is the interval of
    what is expected, the line dashed beyond the largest size that was measured. A horizontal line marks the target,
    on it lies what `between` gives for an arm: the interval of the pictures that it takes, ends in training pictures.
    """
    measured = pd.DataFrame(
        [(title, size, accuracy) for title, points, _ in arms for size, accuracy in points],
        columns=["arm", "pictures", "accuracy"],
    )
    rows = []
    for title, points, band in arms:
        largest = max((size for size, _ in points), default=0)
        inner = [point for point in band if point[0] <= largest]
        outer = [point for point in band if point[0] >= (inner[-1][0] if inner else 0)]
        rows += [(title, *point, part) for part, side in zip(PARTS, (inner, outer), strict=True) for point in side]
    tables = {
        "measured": measured,
        "expected": pd.DataFrame(rows, columns=CURVE),
        "target": pd.DataFrame(
            {"accuracy": [target], "name": [say("target, {accuracy}", accuracy=f"{100 * target:.3g} %")]}
        ),
        "between": pd.DataFrame(between, columns=["arm", "low", "high"]).assign(accuracy=target),
    }
    return Drawing(_forecast(tuple(title for title, _, _ in arms)), tables)


@kept
def _forecast(arms: tuple[str, ...]) -> alt.TopLevelMixin:
    x = alt.X(
        "pictures:Q",
        title=say("training pictures"),
        scale=alt.Scale(type="log", nice=False, padding=12),
        axis=alt.Axis(format=",d", grid=False, labelOverlap="greedy"),
    )
    y = alt.Y(
        "accuracy:Q",
        title=say("test accuracy"),
        scale=alt.Scale(zero=False, **room_above()),
        axis=share_axis(6, labelFlush=False),
    )
    legend = alt.Legend(orient="top", title=None, symbolType="circle", symbolOpacity=1, labelLimit=170, columns=2)
    colour = alt.Color("arm:N", scale=arm_scale(arms), legend=legend)
    dash = alt.StrokeDash("part:N", scale=alt.Scale(domain=list(PARTS), range=[SOLID, [5, 4]]), legend=None)
    names = [alt.Tooltip("arm:N", title=say("arm")), alt.Tooltip("pictures:Q", title=say("pictures"), format=",.0f")]
    accuracy = alt.Tooltip("accuracy:Q", title=say("test accuracy"), format=".1%")
    ends = [
        alt.Tooltip(f"{end}:Q", title=title, format=".1%") for end, title in (("low", say("from")), ("high", say("to")))
    ]
    expected = base_chart("expected").encode(x=x, color=colour)
    band = expected.mark_area(opacity=BAND_OPACITY).encode(
        y=alt.Y("low:Q", title=say("test accuracy")), y2="high:Q", detail="part:N"
    )
    line = expected.mark_line(strokeWidth=2).encode(y=y, strokeDash=dash, tooltip=[*names, accuracy, *ends])
    dots = (
        base_chart("measured")
        .mark_point(size=70, filled=True, opacity=1)
        .encode(x=x, y=y, color=colour, tooltip=[*names, accuracy])
    )
    rule = base_chart("target").mark_rule(strokeDash=[3, 3], strokeWidth=1.5, color=MARK_COLOUR).encode(y=y)
    name = base_chart("target").mark_text(align="left", baseline="bottom", dx=4, dy=-3, fontSize=12, color=MARK_COLOUR)
    taken = (
        base_chart("between")
        .mark_rule(strokeWidth=6, opacity=0.7)
        .encode(x=alt.X("low:Q", title=say("training pictures")), x2="high:Q", y=y, color=colour)
    )
    named = name.encode(x=alt.value(0), y=y, text="name:N")
    return alt.layer(band, line, dots, rule, named, taken).properties(height=320)
