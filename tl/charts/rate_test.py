"""The learning-rate range test: the loss over a growing rate, one line per run, the chosen rate marked."""

import altair as alt
import pandas as pd

from tl.charts.axes import RATE_FORMAT, number_axis, room_above
from tl.charts.curves import arm_scale
from tl.charts.drawing import ROWS, Drawing, base_chart, kept
from tl.languages import say


def rate_test_rows(curve: pd.DataFrame, arm: str, run_id: str, chosen: float | None) -> pd.DataFrame:
    """Rows of one run's curve (columns learning_rate, loss), with the place of the `chosen` rate marked."""
    rows = curve[["learning_rate", "loss"]].dropna().astype(float).assign(arm=arm, series=run_id, chosen=False)
    if chosen is not None and not rows.empty:
        rows.loc[(rows["learning_rate"] / chosen - 1).abs().idxmin(), "chosen"] = True
    return rows.reset_index(drop=True)


def rate_test_chart(rows: pd.DataFrame, arms: list[str]) -> Drawing:
    """Smoothed training loss over the head's rate, logarithmic; a large point is the rate that was chosen."""
    return Drawing(_curves(tuple(arms)), {ROWS: rows})


@kept
def _curves(arms: tuple[str, ...]) -> alt.LayerChart | alt.FacetChart:
    base = base_chart().encode(
        x=alt.X(
            "learning_rate:Q",
            title=say("learning rate"),
            scale=alt.Scale(type="log", nice=False),
            axis=alt.Axis(format=RATE_FORMAT, grid=False, tickCount=6),
        ),
        y=alt.Y("loss:Q", title=say("loss"), scale=alt.Scale(zero=False, **room_above()), axis=number_axis(4)),
        color=alt.Color("arm:N", scale=arm_scale(arms), legend=None),
        tooltip=[
            alt.Tooltip("arm:N", title=say("arm")),
            alt.Tooltip("learning_rate:Q", title=say("learning rate"), format=".1e"),
            alt.Tooltip("loss:Q", title=say("loss"), format=".3~f"),
            alt.Tooltip("chosen:N", title=say("chosen")),
        ],
    )
    line = base.mark_line(strokeWidth=1.5).encode(detail="series:N")
    chosen = base.transform_filter("datum.chosen").mark_point(size=110, filled=True, opacity=1)
    return alt.layer(line, chosen).properties(height=190)
