"""Learning curves over the number of training pictures, fitted and measured."""

import json
from dataclasses import dataclass

import altair as alt
import numpy as np
import pandas as pd

from tl.charts.axes import room_above, share_axis
from tl.charts.curves import BAND_OPACITY, arm_scale
from tl.charts.drawing import ROWS, Drawing, base_chart, kept
from tl.charts.palette import SOLID
from tl.languages import later, say
from tl.words import about

REACH = (
    2.0  # curves are drawn up to this factor of the largest size, as far as tl.analysis.learning_curves believes them
)
STEPS = 90  # points of a fitted curve
POINTS = ["arm", "pictures", "accuracy", "low", "high", "seeds", "interval"]
RUNS = ["arm", "pictures", "accuracy", "seed"]
LINES = ["arm", "pictures", "accuracy", "part"]
PARTS = (later("fitted"), later("beyond the sizes tried"), later("measured"))
MARK_COLOUR = "#7C858F"  # readable on the light and on the dark background


@dataclass(frozen=True, kw_only=True)
class FittedCurve:
    """error = a * n**-b + c."""

    a: float
    b: float
    c: float
    smallest: int  # size it was fitted to
    largest: int


@dataclass(frozen=True, kw_only=True)
class SizeRows:
    """What there is to draw of a sweep. Arms stand by the names that are shown."""

    sizes: tuple[int, ...]  # numbers of training pictures, ascending
    arms: tuple[str, ...]  # in the order of their colours
    points: list[tuple[str, int, float, float | None, float | None, int, str]]  # columns POINTS: means over seeds
    runs: list[tuple[str, int, float, int]]  # columns RUNS: of the arms and sizes that have several
    curves: dict[str, FittedCurve | None]  # arm -> None where there are too few sizes for one
    residuals: list[tuple[str, int, float]]  # arm, pictures, measured minus fitted accuracy in points
    break_even: int | None  # pictures; None where there is nothing to mark


def points(found: SizeRows) -> pd.DataFrame:
    """One row per arm and size with a finished run: mean, 95 % interval or NaN, seeds, the interval in words."""
    return pd.DataFrame(found.points, columns=POINTS).astype({"accuracy": float, "low": float, "high": float})


def lines(found: SizeRows) -> pd.DataFrame:
    """The fitted curves, up to REACH times their largest size; of arms without one, lines between their means."""
    frames = []
    for arm, curve in found.curves.items():
        if curve is None:
            measured = points(found).query("arm == @arm")
            frames.append(measured[["arm", "pictures", "accuracy"]].assign(part="measured"))
            continue
        for part, start, end in zip(PARTS, (curve.smallest, curve.largest), (curve.largest, REACH * curve.largest)):
            sizes = np.geomspace(start, end, STEPS)
            accuracy = 1 - curve.a * sizes**-curve.b - curve.c
            frames.append(pd.DataFrame({"arm": arm, "pictures": sizes, "accuracy": accuracy, "part": part}))
    return pd.concat(frames, ignore_index=True)[LINES] if frames else pd.DataFrame(columns=LINES)


def _reached(found: SizeRows) -> tuple[int, ...]:
    """What the axis names: the sizes and, where a fitted curve goes on beyond them, its end."""
    ends = [round(curve.largest * REACH) for curve in found.curves.values() if curve]
    return tuple(sorted({*found.sizes, *(end for end in ends if end > found.sizes[-1])}))


def _x(named: tuple[int, ...], title: str | None) -> alt.X:
    scale = alt.Scale(type="log", domain=[named[0] * 0.88, named[-1] * 1.12], nice=False)
    axis = alt.Axis(values=list(named), format=",d", grid=False, labelOverlap="greedy")
    return alt.X("pictures:Q", title=title, scale=scale, axis=axis)


def size_chart(found: SizeRows, single: bool = False) -> Drawing:
    """Accuracy on the test set over the number of training pictures, logarithmic.

    Points are means over seeds, bands their 95 % intervals, lines the fitted curves, dashed beyond the largest size; a
    vertical line marks the break-even of the arm with the largest gain. `single` adds every run.
    """
    even = found.break_even
    marks = [] if even is None else [(even, say("break-even, about {number}", number=about(even)))]
    tables = {
        "points": points(found),
        "runs": pd.DataFrame(found.runs if single else [], columns=RUNS),
        "fits": lines(found),
        "break_even": pd.DataFrame(marks, columns=["pictures", "name"]).astype({"pictures": float, "name": str}),
    }
    return Drawing(_sizes(_reached(found), found.arms), tables)


@kept
def _sizes(named: tuple[int, ...], arms: tuple[str, ...]) -> alt.LayerChart | alt.FacetChart:
    x = _x(named, say("training pictures"))
    y = alt.Y("accuracy:Q", title=say("test accuracy"), scale=alt.Scale(zero=False, **room_above()), axis=share_axis(6))
    legend = alt.Legend(orient="top", title=None, symbolType="circle", symbolOpacity=1, labelLimit=170, columns=2)
    colour = alt.Color("arm:N", scale=arm_scale(arms), legend=legend)
    measured = base_chart("points").encode(x=x, color=colour)
    interval = alt.Tooltip("interval:N", title=say("95 % interval"))
    names = [alt.Tooltip("arm:N", title=say("arm")), alt.Tooltip("pictures:Q", title=say("pictures"), format=",.0f")]
    accuracy = alt.Tooltip("accuracy:Q", title=say("test accuracy"), format=".1%")
    band = measured.mark_area(opacity=BAND_OPACITY).encode(y=alt.Y("low:Q", title=say("test accuracy")), y2="high:Q")
    dots = measured.mark_point(size=70, filled=True, opacity=1).encode(
        y=y, tooltip=[*names, accuracy, interval, alt.Tooltip("seeds:Q", title=say("runs"))]
    )
    every_run = (
        base_chart("runs")
        .mark_point(size=18, opacity=0.6)
        .encode(x=x, y=y, color=colour, tooltip=[*names, accuracy, alt.Tooltip("seed:Q", title=say("seed"))])
    )
    words = f"({json.dumps({part: say(part) for part in PARTS}, ensure_ascii=False)})"
    dash = alt.Scale(domain=list(PARTS), range=[SOLID, [5, 4], SOLID])
    fits = (
        base_chart("fits")
        .transform_calculate(curve=f"{words}[datum.part]")
        .mark_line(strokeWidth=2)
        .encode(
            x=x,
            y=y,
            color=colour,
            strokeDash=alt.StrokeDash("part:N", scale=dash, legend=None),
            tooltip=[*names, accuracy, alt.Tooltip("curve:N", title=say("curve"))],
        )
    )
    even = base_chart("break_even").encode(x=x)
    rule = even.mark_rule(strokeDash=[3, 3], strokeWidth=1.5, color=MARK_COLOUR)
    name = even.mark_text(align="right", baseline="top", dx=-6, fontSize=12, color=MARK_COLOUR)
    marks = [rule, name.encode(y=alt.value(4), text="name:N")]
    return alt.layer(band, fits, every_run, dots, *marks).properties(height=380)


def residual_chart(found: SizeRows) -> Drawing:
    """What the fitted curves leave unexplained: measured minus fitted accuracy, in points, at every size."""
    rows = pd.DataFrame(found.residuals, columns=["arm", "pictures", "residual"])
    zero = pd.DataFrame({"residual": [0.0]})
    return Drawing(_residuals(_reached(found), found.arms), {ROWS: rows, "zero": zero})


@kept
def _residuals(named: tuple[int, ...], arms: tuple[str, ...]) -> alt.LayerChart | alt.FacetChart:
    colour = alt.Color("arm:N", scale=arm_scale(arms), legend=None)
    axis = alt.Axis(format="+~f", labelExpr="datum.value ? datum.label : '0'", tickCount=3)  # "+1", "0", "−1"
    y = alt.Y("residual:Q", title=say("points"), axis=axis)
    zero = base_chart("zero").mark_rule(color=MARK_COLOUR).encode(y=y)
    dots = (
        base_chart()
        .mark_point(size=60, filled=True, opacity=0.9)
        .encode(
            x=_x(named, None),
            y=y,
            color=colour,
            tooltip=[
                alt.Tooltip("arm:N", title=say("arm")),
                alt.Tooltip("pictures:Q", title=say("pictures"), format=",.0f"),
                alt.Tooltip("residual:Q", title=say("measured minus fitted, points"), format="+.2f"),
            ],
        )
    )
    return alt.layer(zero, dots).properties(height=120)
