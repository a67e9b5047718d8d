"""What happens epoch by epoch: accuracy, loss, time per epoch, learning rate; a line and a band per arm."""

from collections.abc import Sequence
from typing import Any

import altair as alt
import pandas as pd

from tl.charts.axes import RATE_FORMAT, number_axis, room_above, share_axis
from tl.charts.drawing import ROWS, Drawing, base_chart, kept
from tl.charts.frames import AXES, DISTURBED, Line, curves
from tl.charts.palette import SOLID, arm_colour, arm_dash
from tl.charts.times import time_axis
from tl.languages import say
from tl.words import duration

BAND_OPACITY = 0.16
HIGH, LOW = 320, 190  # pixels
MARKED = "marked"  # name of the table of epochs since which something goes wrong


def arm_scale(arms: Sequence[str]) -> alt.Scale:
    """Colours by position; the domain is all arms from the start, so a colour never moves to another arm."""
    return alt.Scale(domain=list(arms), range=[arm_colour(position) for position in range(len(arms))])


def _x(axis: str, max_epochs: int) -> alt.X:
    title = say(AXES[axis][1])
    if axis == "epochs":
        return alt.X(
            "x:Q",
            title=title,
            scale=alt.Scale(domain=[0.7, max(2, max_epochs) + 0.3], nice=False),
            axis=alt.Axis(tickMinStep=1, format="d", grid=False),
        )
    if axis == "seconds":
        return alt.X("x:Q", title=title, scale=alt.Scale(domainMin=0, nice=False), axis=time_axis("x", 6, grid=False))
    return alt.X("x:Q", title=title, scale=alt.Scale(domainMin=0), axis=alt.Axis(format="~s", grid=False, tickCount=6))


def _y(line: Line) -> alt.Y:
    looks: dict[str, tuple[dict[str, Any], alt.Axis]] = {
        "share": ({"domain": [0, 1]}, share_axis(line.ticks)),
        "number": ({"domainMin": 0, "nice": True}, number_axis(line.ticks)),
        "time": ({"domainMin": 0}, time_axis("y", line.ticks)),
        "rate": ({"type": "log", "nice": True}, alt.Axis(format=RATE_FORMAT, tickCount=line.ticks)),
    }
    scale, axis = looks[line.unit]
    return alt.Y("y:Q", title=say(line.axis), scale=alt.Scale(**scale, **room_above()), axis=axis)


@kept
def _lines(
    line: Line, axis: str, arms: tuple[str, ...], max_epochs: int, legend: bool, height: int
) -> alt.LayerChart | alt.FacetChart:
    """One view and one table, whatever is switched on: lines differ by encodings that never change.

    Below the lines lies the 95 % band of their means, where there is one.
    """
    x, y = _x(axis, max_epochs), _y(line)
    base = base_chart().encode(
        x=x,
        color=alt.Color(
            "arm:N",
            scale=arm_scale(arms),
            legend=alt.Legend(orient="top", title=None, symbolType="stroke", symbolOpacity=1, labelLimit=220, columns=2)
            if legend
            else None,
        ),
        detail="series:N",
    )
    band = base.mark_area(opacity=BAND_OPACITY, interpolate="linear").encode(
        y=alt.Y("low:Q", title=say(line.axis)), y2="high:Q"
    )
    lines = base.mark_line(
        point=alt.OverlayMarkDef(size=26, filled=True), interpolate="linear", strokeCap="round"
    ).encode(
        y=y,
        strokeWidth=alt.StrokeWidth("kind:O", scale=alt.Scale(domain=["mean", "seed"], range=[2.5, 1]), legend=None),
        opacity=alt.Opacity("kind:O", scale=alt.Scale(domain=["mean", "seed"], range=[1, 0.35]), legend=None),
        strokeDash=_dashes(line, arms),
        tooltip=[
            alt.Tooltip("arm:N", title=say("arm")),
            alt.Tooltip("curve_words:N", title=say("curve")),
            alt.Tooltip("epoch:Q", title=say("epoch"), format="d"),
            *_values(line.unit),
            alt.Tooltip("stage:N", title=say("trains")),
            alt.Tooltip("band:N", title=say("95 % interval for")),
            alt.Tooltip("runs:Q", title=say("runs")),
        ],
    )
    return alt.layer(band, lines).properties(height=height)


def _values(unit: str) -> list[alt.Tooltip]:
    """What a point is worth, in words where it is a time."""
    titles = {"y": say("value"), "low": say("95 % interval from"), "high": say("to")}
    if unit == "time":
        return [alt.Tooltip(f"{name}_words:N", title=title) for name, title in titles.items()]
    return [alt.Tooltip(f"{name}:Q", title=title, format=".4~g") for name, title in titles.items()]


def _dashes(line: Line, arms: Sequence[str]) -> alt.StrokeDash:
    """Training curves are dotted; validation curves take the arm's own pattern, which matters from five arms on."""
    if len(arms) <= 4:
        names = [name for _, name in line.columns]
        scale = alt.Scale(domain=names, range=[SOLID, [2, 4]][: len(names)])
        return alt.StrokeDash("curve:N", scale=scale, legend=None)
    return alt.StrokeDash(
        "arm:N", scale=alt.Scale(domain=list(arms), range=[arm_dash(n) for n in range(len(arms))]), legend=None
    )


def line_chart(
    line: Line,
    metrics: pd.DataFrame,
    arms: list[str],
    max_epochs: int,
    axis: str = "epochs",
    training: bool = False,
    single: bool = True,
    legend: bool = False,
    height: int = LOW,
) -> Drawing:
    """A line over `axis` (see AXES): `training` adds its training curve, dotted, where it has one, `single` each run."""
    rows = curves(metrics, axis, line, training, single)
    if line.unit == "time":
        words = {f"{name}_words": rows[name].map(duration, na_action="ignore") for name in ("y", "low", "high")}
        rows = rows.assign(**words)
    if line.unit == "rate":
        rows = rows[rows["y"] > 0]
    return Drawing(_lines(line, axis, tuple(arms), max_epochs, legend, height), {ROWS: rows})


def marked(drawing: Drawing, arms: list[str], name: str, marks: pd.DataFrame) -> Drawing:
    """`drawing` over the epochs with `marks` (columns arm, x, y) on it; `name`: DISTURBED or MARKED."""
    return drawing.under(Drawing(_marks(tuple(arms), name), {name: marks}))


@kept
def _marks(arms: tuple[str, ...], name: str) -> alt.Chart:
    """A triangle at each epoch that others disturbed, or a cross at each since which something goes wrong."""
    disturbs = name == DISTURBED
    triangle: dict[str, Any] = {"shape": "triangle-up", "size": 70, "strokeWidth": 1.6, "filled": False}
    cross: dict[str, Any] = {"shape": "cross", "size": 160, "filled": True, "angle": 45}
    others = alt.Tooltip("others:Q", title=say("processors other programs had"), format=".0%")
    marks: alt.Chart = (
        base_chart(name)
        .mark_point(**(triangle if disturbs else cross))
        .encode(
            x=alt.X("x:Q"),
            y=alt.Y("y:Q"),
            color=alt.Color("arm:N", scale=arm_scale(arms), legend=None),
            tooltip=[
                alt.Tooltip("arm:N", title=say("arm")),
                alt.Tooltip("x:Q", title=say("epoch") if disturbs else say("goes wrong from epoch"), format="d"),
                *([others] if disturbs else []),
            ],
        )
    )
    return marks
