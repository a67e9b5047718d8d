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


def _over_time(arms: tuple[str, ...], y: alt.Y, tooltip: alt.Tooltip, height: int) -> alt.Chart:
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
            y=y,
            color=alt.Color("arm:N", scale=arm_scale(arms), legend=None),
            detail="series:N",
            tooltip=[
                alt.Tooltip("arm:N", title=say("arm")),
                alt.Tooltip("time:N", title=say("time")),
                tooltip,
            ],
        )
        .properties(height=height)
    )
    return lines


def _rows(resources: pd.DataFrame, column: str, scale: float = 1.0) -> pd.DataFrame:
    """`samples` with their time in words."""
    rows = samples(resources, column, scale)
    return rows.assign(time=rows["x"].map(duration).astype(str))


def memory_chart(resources: pd.DataFrame, arms: list[str], column: str, height: int = 190) -> Drawing:
    """Memory in MB or GB; `column` is `gpu_memory_bytes`, or `memory_bytes` (resident) where there is no GPU."""
    rows = _rows(resources, column)
    return Drawing(_memory(tuple(arms), height), {ROWS: rows.assign(memory=rows["y"].map(memory).astype(str))})


@kept
def _memory(arms: tuple[str, ...], height: int) -> alt.Chart:
    axis = alt.Axis(labelExpr=BYTES_LABEL, tickCount=4)
    y = alt.Y("y:Q", title=None, scale=alt.Scale(domainMin=0, **room_above()), axis=axis)
    return _over_time(arms, y, alt.Tooltip("memory:N", title=say("memory")), height)


def utilisation_chart(resources: pd.DataFrame, arms: list[str], column: str, height: int = 190) -> Drawing:
    """Utilisation as a fraction; `column` is `gpu_utilisation`, or `cpu_percent` (1 = one core fully used)."""
    scale = {"gpu_utilisation": 1.0, "cpu_percent": 0.01}[column]
    return Drawing(_utilisation(tuple(arms), height), {ROWS: _rows(resources, column, scale)})


@kept
def _utilisation(arms: tuple[str, ...], height: int) -> alt.Chart:
    y = alt.Y("y:Q", title=None, scale=alt.Scale(domainMin=0, **room_above()), axis=share_axis(4))
    return _over_time(arms, y, alt.Tooltip("y:Q", title=say("utilisation"), format=".0%"), height)
