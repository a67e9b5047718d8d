"""What the hardware did over time: memory and utilisation, one line per run in its arm's colour."""

import altair as alt
import pandas as pd

from tl.charts.curves import arm_scale
from tl.charts.frames import samples

MIB = 2**20


def _over_time(rows: pd.DataFrame, arms: list[str], y: alt.Y, height: int) -> alt.Chart:
    return (
        alt.Chart(rows)
        .mark_line(strokeWidth=1.5)
        .encode(
            x=alt.X(
                "x:Q",
                title="seconds since the run started",
                scale=alt.Scale(domainMin=0),
                axis=alt.Axis(format="~s", grid=False, tickCount=5),
            ),
            y=y,
            color=alt.Color("arm:N", scale=arm_scale(arms), legend=None),
            detail="series:N",
            tooltip=[
                alt.Tooltip("arm:N", title="arm"),
                alt.Tooltip("x:Q", title="second", format=".0f"),
                alt.Tooltip("y:Q", title="value", format=".3~g"),
            ],
        )
        .properties(height=height)
    )


def memory_chart(resources: pd.DataFrame, arms: list[str], column: str, height: int = 190) -> alt.Chart:
    """Memory in MiB; `column` is `gpu_memory_bytes`, or `memory_bytes` (resident) where there is no GPU."""
    y = alt.Y("y:Q", title="MiB", scale=alt.Scale(domainMin=0), axis=alt.Axis(format="~s", tickCount=4))
    return _over_time(samples(resources, column, 1 / MIB), arms, y, height)


def utilisation_chart(resources: pd.DataFrame, arms: list[str], column: str, height: int = 190) -> alt.Chart:
    """Utilisation as a fraction; `column` is `gpu_utilisation`, or `cpu_percent` (1 = one core fully used)."""
    scale = {"gpu_utilisation": 1.0, "cpu_percent": 0.01}[column]
    y = alt.Y("y:Q", title=None, scale=alt.Scale(domainMin=0), axis=alt.Axis(format=".0%", tickCount=4))
    return _over_time(samples(resources, column, scale), arms, y, height)
