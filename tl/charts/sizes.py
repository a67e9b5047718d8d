"""Learning curves over the number of training pictures, fitted and measured; `found` is what sweep_result gives."""

import altair as alt
import numpy as np
import pandas as pd

from tl.charts.curves import BAND_OPACITY, arm_scale
from tl.charts.drawing import ROWS, Drawing, kept, table
from tl.words import about

REACH = 2.0  # curves are drawn up to this factor of the largest size, as far as tl.analysis.curves believes them
STEPS = 90  # points of a fitted curve
POINTS = ["arm", "pictures", "accuracy", "low", "high", "seeds"]
LINES = ["arm", "pictures", "accuracy", "part"]
PARTS = ("fitted", "beyond the sizes tried", "measured")
MARK_COLOUR = "#7C858F"  # readable on the light and on the dark background


def points(found: dict, titles: dict[str, str]) -> pd.DataFrame:
    """One row per arm and size with a finished run: mean, 95 % interval or NaN, seeds; `titles`: arm -> as shown."""
    rows = [
        (titles[arm], int(size), entry["mean"], entry["low"], entry["high"], entry["seeds"])
        for arm, sizes in found["arms"].items()
        for size, entry in sizes.items()
        if entry["mean"] is not None
    ]
    return pd.DataFrame(rows, columns=POINTS).astype({"accuracy": float, "low": float, "high": float})


def runs(found: dict, titles: dict[str, str]) -> pd.DataFrame:
    """One row per finished run of the arms and sizes that have several."""
    rows = [
        (titles[arm], int(size), accuracy, int(seed))
        for arm, sizes in found["arms"].items()
        for size, entry in sizes.items()
        for seed, accuracy in entry["test_accuracies"].items()
        if entry["seeds"] > 1
    ]
    return pd.DataFrame(rows, columns=["arm", "pictures", "accuracy", "seed"])


def lines(found: dict, titles: dict[str, str]) -> pd.DataFrame:
    """The fitted curves, up to REACH times their largest size; of arms without one, lines between their means."""
    frames = []
    for arm, curve in found["curves"].items():
        if curve is None:
            measured = points(found, titles).query("arm == @titles[@arm]")
            frames.append(measured[["arm", "pictures", "accuracy"]].assign(part="measured"))
            continue
        smallest, largest = min(map(int, curve["residuals"])), curve["largest"]
        for part, start, end in zip(PARTS, (smallest, largest), (largest, REACH * largest)):
            sizes = np.geomspace(start, end, STEPS)
            accuracy = 1 - curve["a"] * sizes ** -curve["b"] - curve["c"]
            frames.append(pd.DataFrame({"arm": titles[arm], "pictures": sizes, "accuracy": accuracy, "part": part}))
    return pd.concat(frames, ignore_index=True)[LINES] if frames else pd.DataFrame(columns=LINES)


def residuals(found: dict, titles: dict[str, str]) -> pd.DataFrame:
    """One row per arm and size of a fitted curve: measured minus fitted accuracy, in points."""
    rows = [
        (titles[arm], int(size), -100 * value)
        for arm, curve in found["curves"].items()
        if curve
        for size, value in curve["residuals"].items()
    ]
    return pd.DataFrame(rows, columns=["arm", "pictures", "residual"])


def _x(sizes: tuple[int, ...], title: str | None) -> alt.X:
    scale = alt.Scale(type="log", domain=[sizes[0] * 0.88, sizes[-1] * REACH * 1.06], nice=False)
    axis = alt.Axis(values=[*sizes, round(sizes[-1] * REACH)], format=",d", grid=False, labelOverlap="greedy")
    return alt.X("pictures:Q", title=title, scale=scale, axis=axis)


def size_chart(found: dict, titles: dict[str, str], single: bool = False, height: int = 380) -> Drawing:
    """Accuracy on the test set over the number of training pictures, logarithmic.

    Points are means over seeds, bands their 95 % intervals, lines the fitted curves, dashed beyond the largest size; a
    vertical line marks the break-even of the arm with the largest gain. `single` adds every run.
    """
    every_run = runs(found, titles)
    tables = {
        "points": points(found, titles),
        "runs": every_run if single else every_run[:0],
        "fits": lines(found, titles),
        "break_even": _break_even(found),
    }
    return Drawing(_sizes(tuple(found["sizes"]), tuple(titles.values()), height), tables)


@kept
def _sizes(sizes: tuple[int, ...], arms: tuple[str, ...], height: int) -> alt.LayerChart:
    x = _x(sizes, "training pictures")
    y = alt.Y(
        "accuracy:Q", title="test accuracy", scale=alt.Scale(zero=False), axis=alt.Axis(format=".0%", tickCount=6)
    )
    legend = alt.Legend(orient="top", title=None, symbolType="circle", symbolOpacity=1, labelLimit=170, columns=2)
    colour = alt.Color("arm:N", scale=arm_scale(arms), legend=legend)
    measured = table("points").encode(x=x, color=colour)
    interval = [alt.Tooltip(f"{end}:Q", title=title, format=".1%") for end, title in (("low", "from"), ("high", "to"))]
    names = [alt.Tooltip("arm:N", title="arm"), alt.Tooltip("pictures:Q", title="pictures", format=",.0f")]
    accuracy = alt.Tooltip("accuracy:Q", title="test accuracy", format=".1%")
    band = measured.mark_area(opacity=BAND_OPACITY).encode(y=alt.Y("low:Q", title="test accuracy"), y2="high:Q")
    dots = measured.mark_point(size=70, filled=True, opacity=1).encode(
        y=y, tooltip=[*names, accuracy, *interval, alt.Tooltip("seeds:Q", title="runs")]
    )
    every_run = (
        table("runs")
        .mark_point(size=18, opacity=0.6)
        .encode(x=x, y=y, color=colour, tooltip=[*names, accuracy, alt.Tooltip("seed:Q", title="seed")])
    )
    dash = alt.Scale(domain=list(PARTS), range=[[1, 0], [5, 4], [1, 0]])
    fits = (
        table("fits")
        .mark_line(strokeWidth=2)
        .encode(
            x=x,
            y=y,
            color=colour,
            strokeDash=alt.StrokeDash("part:N", scale=dash, legend=None),
            tooltip=[*names, accuracy, alt.Tooltip("part:N", title="curve")],
        )
    )
    return alt.layer(band, fits, every_run, dots, *_mark(x)).properties(height=height)


def _break_even(found: dict) -> pd.DataFrame:
    """One row, or none where there is no break-even."""
    even = found["break_even"] or {}
    known = "n" in even and not even.get("at_most")
    rows = [(even["n"], f"break-even, about {about(even['n'])}")] if known else []
    return pd.DataFrame(rows, columns=["pictures", "name"]).astype({"pictures": float, "name": str})


def _mark(x: alt.X) -> list[alt.Chart]:
    """The break-even as a line with its name."""
    base = table("break_even").encode(x=x)
    rule = base.mark_rule(strokeDash=[3, 3], strokeWidth=1.5, color=MARK_COLOUR)
    name = base.mark_text(align="right", baseline="top", dx=-6, fontSize=12, color=MARK_COLOUR)
    return [rule, name.encode(y=alt.value(4), text="name:N")]


def residual_chart(found: dict, titles: dict[str, str], height: int = 120) -> Drawing:
    """What the fitted curves leave unexplained: measured minus fitted accuracy, in points, at every size."""
    view = _residuals(tuple(found["sizes"]), tuple(titles.values()), height)
    return Drawing(view, {ROWS: residuals(found, titles), "zero": pd.DataFrame({"residual": [0.0]})})


@kept
def _residuals(sizes: tuple[int, ...], arms: tuple[str, ...], height: int) -> alt.LayerChart:
    colour = alt.Color("arm:N", scale=arm_scale(arms), legend=None)
    y = alt.Y("residual:Q", title="points", axis=alt.Axis(tickCount=4, format="+.1~f"))
    zero = table("zero").mark_rule(color=MARK_COLOUR).encode(y=y)
    dots = (
        table()
        .mark_point(size=60, filled=True, opacity=0.9)
        .encode(
            x=_x(sizes, None),
            y=y,
            color=colour,
            tooltip=[
                alt.Tooltip("arm:N", title="arm"),
                alt.Tooltip("pictures:Q", title="pictures", format=",.0f"),
                alt.Tooltip("residual:Q", title="measured minus fitted, points", format="+.2f"),
            ],
        )
    )
    return alt.layer(zero, dots).properties(height=height)
