"""What the hardware did over time: memory and utilisation, one line per run in its arm's colour."""

import altair as alt
import pandas as pd

from tl.charts.axes import room_above, share_axis
from tl.charts.curves import arm_scale
from tl.charts.drawing import ROWS, Drawing, base_chart, kept
from tl.charts.frames import samples
from tl.charts.times import time_axis
from tl.languages import say
from tl.words import duration, memory

BYTES_LABEL = r"replace(format(datum.value, '.3~s'), regexp('([kMGT]?)$'), ' $1B')"  # 1.5e9 -> "1.5 GB"  # not shown
SHARES = {"gpu_utilisation": 1.0, "cpu_percent": 0.01}  # columns of how much is used -> their unit; 1: one core fully
HEIGHT = 190  # pixels


def resource_chart(resources: pd.DataFrame, arms: list[str], column: str) -> Drawing:
    """A column of SHARES as a fraction, or one of bytes (`gpu_memory_bytes`, `memory_bytes`: resident) in MB or GB."""
    rows = samples(resources, column, SHARES.get(column, 1.0))
    rows = rows.assign(time=rows["x"].map(duration).astype(str))
    if column not in SHARES:
        rows = rows.assign(memory=rows["y"].map(memory).astype(str))
    return Drawing(_over_time(tuple(arms), column in SHARES), {ROWS: rows})


@kept
def _over_time(arms: tuple[str, ...], shares: bool) -> alt.Chart:
    axis = share_axis(4) if shares else alt.Axis(labelExpr=BYTES_LABEL, tickCount=4)
    lines: alt.Chart = (
        base_chart()
        .mark_line(strokeWidth=1.5)
        .encode(
            x=alt.X(
                "x:Q",
                title=say("time since the run started"),
                scale=alt.Scale(domainMin=0, nice=False),
                axis=time_axis("x", 5, grid=False),
            ),
            y=alt.Y("y:Q", title=None, scale=alt.Scale(domainMin=0, **room_above()), axis=axis),
            color=alt.Color("arm:N", scale=arm_scale(arms), legend=None),
            detail="series:N",
            tooltip=[
                alt.Tooltip("arm:N", title=say("arm")),
                alt.Tooltip("time:N", title=say("time")),
                alt.Tooltip("y:Q", title=say("utilisation"), format=".0%")
                if shares
                else alt.Tooltip("memory:N", title=say("memory")),
            ],
        )
        .properties(height=HEIGHT)
    )
    return lines
