"""What happens epoch by epoch: accuracy, loss, time per epoch, learning rate; a line and a band per arm."""

from collections.abc import Sequence
from typing import Any

import altair as alt
import pandas as pd

from tl.charts.axes import RATE_FORMAT, number_axis, room_above, share_axis
from tl.charts.drawing import ROWS, Drawing, base_chart, kept
from tl.charts.frames import AXES, DISTURBED, MEASURES, curves, disturbed
from tl.charts.palette import SOLID, arm_colour, arm_dash
from tl.charts.times import time_axis
from tl.languages import later, say
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


TITLES = {  # of the axis of each measure
    "accuracy": later("accuracy"),
    "balanced_accuracy": later("balanced accuracy"),
    "loss": later("loss"),
    "rate": later("learning rate"),
    "seconds": later("time"),
    "estimated": later("estimated accuracy"),
    "domain": later("told apart"),
    "classes": later("classes"),
}


def _y(measure: str) -> alt.Y:
    looks: dict[str, tuple[dict[str, Any], alt.Axis]] = {
        "accuracy": ({"domain": [0, 1]}, share_axis(6)),
        "balanced_accuracy": ({"domain": [0, 1]}, share_axis(6)),
        "loss": ({"domainMin": 0, "nice": True}, number_axis(6)),
        "estimated": ({"domain": [0, 1]}, share_axis(4)),
        "domain": ({"domain": [0, 1]}, share_axis(4)),
        "classes": ({"domainMin": 0, "nice": True}, number_axis(4)),
        "seconds": ({"domainMin": 0}, time_axis("y", 4)),
        "rate": ({"type": "log", "nice": True}, alt.Axis(format=RATE_FORMAT, tickCount=3)),
    }
    scale, axis = looks[measure]
    return alt.Y("y:Q", title=say(TITLES[measure]), scale=alt.Scale(**scale, **room_above()), axis=axis)


@kept
def _lines(
    measure: str, axis: str, arms: tuple[str, ...], max_epochs: int, legend: bool, height: int
) -> alt.LayerChart | alt.FacetChart:
    """One view and one table, whatever is switched on: lines differ by encodings that never change.

    Below the lines lies the 95 % band of their means, where there is one.
    """
    x, y = _x(axis, max_epochs), _y(measure)
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
        y=alt.Y("low:Q", title=say(TITLES[measure])), y2="high:Q"
    )
    lines = base.mark_line(
        point=alt.OverlayMarkDef(size=26, filled=True), interpolate="linear", strokeCap="round"
    ).encode(
        y=y,
        strokeWidth=alt.StrokeWidth("kind:O", scale=alt.Scale(domain=["mean", "seed"], range=[2.5, 1]), legend=None),
        opacity=alt.Opacity("kind:O", scale=alt.Scale(domain=["mean", "seed"], range=[1, 0.35]), legend=None),
        strokeDash=_dashes(arms),
        tooltip=[
            alt.Tooltip("arm:N", title=say("arm")),
            alt.Tooltip("curve_words:N", title=say("curve")),
            alt.Tooltip("epoch:Q", title=say("epoch"), format="d"),
            *_values(measure),
            alt.Tooltip("stage:N", title=say("trains")),
            alt.Tooltip("band:N", title=say("95 % interval for")),
            alt.Tooltip("runs:Q", title=say("runs")),
        ],
    )
    return alt.layer(band, lines).properties(height=height)


def _values(measure: str) -> list[alt.Tooltip]:
    """What a point is worth, in words where it is a time."""
    titles = {"y": say("value"), "low": say("95 % interval from"), "high": say("to")}
    if measure == "seconds":
        return [alt.Tooltip(f"{name}_words:N", title=title) for name, title in titles.items()]
    return [alt.Tooltip(f"{name}:Q", title=title, format=".4~g") for name, title in titles.items()]


def _dashes(arms: Sequence[str]) -> alt.StrokeDash:
    """Training curves are dotted; validation curves take the arm's own pattern, which matters from five arms on."""
    alone = {curve for of_measure in MEASURES.values() for _, curve in of_measure} - {"training"}
    if len(arms) <= 4:
        scale = alt.Scale(domain=[*sorted(alone), "training"], range=[SOLID] * len(alone) + [[2, 4]])
        return alt.StrokeDash("curve:N", scale=scale, legend=None)
    return alt.StrokeDash(
        "arm:N", scale=alt.Scale(domain=list(arms), range=[arm_dash(n) for n in range(len(arms))]), legend=None
    )


def validation_chart(
    measure: str,
    metrics: pd.DataFrame,
    arms: list[str],
    axis: str,
    max_epochs: int,
    training: bool = False,
    single: bool = True,
    legend: bool = True,
) -> Drawing:
    """`measure` "accuracy" or "balanced_accuracy" (0..1, shown in percent) or "loss" (cross-entropy), on validation pictures.

    `training` adds the training curves, dotted (there is none of balanced accuracy), `single` each run.
    """
    rows = curves(metrics, axis, measure, training, single)
    return Drawing(_lines(measure, axis, tuple(arms), max_epochs, legend, HIGH), {ROWS: rows})


def epoch_seconds_chart(metrics: pd.DataFrame, arms: list[str], max_epochs: int, height: int = LOW) -> Drawing:
    """The time each epoch took (training and validation), waiting for a turn not counted; marked where others disturbed it."""
    rows = curves(metrics, "epochs", "seconds")
    words = {f"{name}_words": rows[name].map(duration, na_action="ignore") for name in ("y", "low", "high")}
    rows = rows.assign(**words)
    drawn = Drawing(_lines("seconds", "epochs", tuple(arms), max_epochs, False, height), {ROWS: rows})
    return drawn.under(Drawing(_marks(tuple(arms), DISTURBED), {DISTURBED: disturbed(metrics)}))


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


def learning_rate_chart(metrics: pd.DataFrame, arms: list[str], max_epochs: int) -> Drawing:
    """Learning rate of the head at the end of each epoch, logarithmic; the tooltip says what trains."""
    rows = curves(metrics, "epochs", "rate")
    view = _lines("rate", "epochs", tuple(arms), max_epochs, False, LOW)
    return Drawing(view, {ROWS: rows[rows["y"] > 0]})


def adapting_chart(
    measure: str, metrics: pd.DataFrame, arms: list[str], max_epochs: int, marked: pd.DataFrame
) -> Drawing:
    """`measure` "estimated" (accuracy on the target, 0..1, without labels), "domain" (share of pictures whose data set a
    discriminator told, 0..1) or "classes" (how many were predicted). `marked`: where it went wrong, columns arm, x (epoch)
    and y."""
    rows = curves(metrics, "epochs", measure)
    drawn = Drawing(_lines(measure, "epochs", tuple(arms), max_epochs, False, LOW), {ROWS: rows})
    return drawn.under(Drawing(_marks(tuple(arms), MARKED), {MARKED: marked}))
