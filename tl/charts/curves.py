"""What happens epoch by epoch: accuracy, loss, seconds per epoch, learning rate; a line per arm, a band over seeds."""

import altair as alt
import pandas as pd

from tl.charts.frames import AXES, curves
from tl.charts.palette import arm_colour, arm_dash

BAND_OPACITY = 0.16


def arm_scale(arms: list[str]) -> alt.Scale:
    """Colours by position; the domain is all arms from the start, so a colour never moves to another arm."""
    return alt.Scale(domain=list(arms), range=[arm_colour(position) for position in range(len(arms))])


def _x(axis: str, max_epochs: int) -> alt.X:
    title = AXES[axis][1]
    if axis == "epochs":
        return alt.X(
            "x:Q",
            title=title,
            scale=alt.Scale(domain=[0.7, max(2, max_epochs) + 0.3], nice=False),
            axis=alt.Axis(tickMinStep=1, format="d", grid=False),
        )
    return alt.X("x:Q", title=title, scale=alt.Scale(domainMin=0), axis=alt.Axis(format="~s", grid=False, tickCount=6))


def _lines(rows: pd.DataFrame, arms: list[str], x: alt.X, y: alt.Y, *, legend: bool, height: int, step: bool = False):
    """One view and one data set, whatever is switched on: lines differ by encodings that never change.

    Below the lines lies the 95 % band of their means, where there are runs enough for one.
    """
    mark = {"interpolate": "step-after" if step else "linear", "strokeCap": "round"}
    base = alt.Chart().encode(
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
    band = base.mark_area(opacity=BAND_OPACITY, interpolate=mark["interpolate"]).encode(
        y=alt.Y("low:Q", title=y.to_dict()["title"]), y2="high:Q"
    )
    lines = base.mark_line(point=alt.OverlayMarkDef(size=26, filled=True), **mark).encode(
        y=y,
        strokeWidth=alt.StrokeWidth("kind:O", scale=alt.Scale(domain=["mean", "seed"], range=[2.5, 1]), legend=None),
        opacity=alt.Opacity("kind:O", scale=alt.Scale(domain=["mean", "seed"], range=[1, 0.35]), legend=None),
        strokeDash=_dashes(arms),
        tooltip=[
            alt.Tooltip("arm:N", title="arm"),
            alt.Tooltip("curve:N", title="curve"),
            alt.Tooltip("epoch:Q", title="epoch", format="d"),
            alt.Tooltip("y:Q", title="value", format=".4~g"),
            alt.Tooltip("low:Q", title="95 % interval from", format=".4~g"),
            alt.Tooltip("high:Q", title="to", format=".4~g"),
            alt.Tooltip("stage:N", title="trains"),
            alt.Tooltip("runs:Q", title="runs"),
        ],
    )
    return alt.layer(band, lines, data=rows).properties(height=height)


def _dashes(arms: list[str]):
    """Training curves are dotted; validation curves take the arm's own pattern, which matters from five arms on."""
    alone = {"validation", "seconds", "rate"}
    if len(arms) <= 4:
        scale = alt.Scale(domain=[*sorted(alone), "training"], range=[[1, 0]] * len(alone) + [[2, 4]])
        return alt.StrokeDash("curve:N", scale=scale, legend=None)
    return alt.StrokeDash(
        "arm:N", scale=alt.Scale(domain=list(arms), range=[arm_dash(n) for n in range(len(arms))]), legend=None
    )


def accuracy_chart(
    metrics: pd.DataFrame,
    arms: list[str],
    axis: str,
    max_epochs: int,
    training: bool = False,
    single: bool = True,
    height: int = 320,
    legend: bool = True,
) -> alt.LayerChart:
    """Validation accuracy (0..1, shown in percent); `training` adds the training curves, dotted, `single` each run."""
    y = alt.Y("y:Q", title="accuracy", scale=alt.Scale(domain=[0, 1]), axis=alt.Axis(format=".0%", tickCount=6))
    rows = curves(metrics, axis, "accuracy", training, single)
    return _lines(rows, arms, _x(axis, max_epochs), y, legend=legend, height=height)


def loss_chart(
    metrics: pd.DataFrame,
    arms: list[str],
    axis: str,
    max_epochs: int,
    training: bool = False,
    single: bool = True,
    height: int = 320,
    legend: bool = True,
) -> alt.LayerChart:
    """Validation loss (cross-entropy); `training` adds the training curves, dotted, `single` each run."""
    y = alt.Y("y:Q", title="loss", scale=alt.Scale(domainMin=0), axis=alt.Axis(format=".2~f", tickCount=6))
    rows = curves(metrics, axis, "loss", training, single)
    return _lines(rows, arms, _x(axis, max_epochs), y, legend=legend, height=height)


def epoch_seconds_chart(metrics: pd.DataFrame, arms: list[str], max_epochs: int, height: int = 190) -> alt.LayerChart:
    """Seconds each epoch took (training and validation), waiting for a turn not counted."""
    y = alt.Y("y:Q", title="seconds", scale=alt.Scale(domainMin=0), axis=alt.Axis(format="~g", tickCount=4))
    rows = curves(metrics, "epochs", "seconds")
    return _lines(rows, arms, _x("epochs", max_epochs), y, legend=False, height=height)


def learning_rate_chart(metrics: pd.DataFrame, arms: list[str], max_epochs: int, height: int = 190) -> alt.LayerChart:
    """Learning rate of the head at the end of each epoch, logarithmic; the tooltip says what trains."""
    y = alt.Y(
        "y:Q", title="learning rate", scale=alt.Scale(type="log", nice=True), axis=alt.Axis(format=".0e", tickCount=3)
    )
    rows = curves(metrics, "epochs", "rate")
    rows = rows[rows["y"] > 0]
    return _lines(rows, arms, _x("epochs", max_epochs), y, legend=False, height=height)
