"""What trains when: one bar per arm and phase over the epochs, known before anything is trained."""

import altair as alt
import pandas as pd

from tl.charts.curves import arm_scale

ROW_HEIGHT = 30  # pixels an arm
AXIS_HEIGHT = 48  # pixels


def plan_rows(plans: list[dict]) -> pd.DataFrame:
    """Rows of the plan: `plans` holds arm, epochs and phases (start_epoch, name, share of parts that train)."""
    rows = []
    for plan in plans:
        starts = [phase["start_epoch"] for phase in plan["phases"]]
        for phase, following in zip(plan["phases"], [*starts[1:], plan["epochs"] + 1], strict=True):
            start, end = phase["start_epoch"], min(following, plan["epochs"] + 1)
            if start < end:
                rows.append(
                    {
                        "arm": plan["arm"],
                        "trains": phase["name"],
                        "start": start - 0.5,
                        "end": end - 0.5,
                        "middle": (start + end - 1) / 2,
                        "share": phase["share"],
                        "epochs": f"{start}" if end - start == 1 else f"{start} to {end - 1}",
                    }
                )
    return pd.DataFrame(rows, columns=["arm", "trains", "start", "end", "middle", "share", "epochs"])


def plan_chart(plans: list[dict], arms: list[str]) -> alt.LayerChart:
    """Bars over epochs in the arm's colour, pale where only part of the network trains, labelled with what trains."""
    rows = plan_rows(plans)
    last = max((plan["epochs"] for plan in plans), default=1)
    base = alt.Chart(rows).encode(y=alt.Y("arm:N", sort=list(arms), title=None, axis=None))
    x = alt.X(
        "start:Q",
        title="epoch",
        scale=alt.Scale(domain=[0.5, last + 0.5], nice=False),
        axis=alt.Axis(tickMinStep=1, format="d", grid=False),
    )
    bars = base.mark_bar(cornerRadius=4, height=ROW_HEIGHT - 8).encode(
        x=x,
        x2="end:Q",
        color=alt.Color("arm:N", scale=arm_scale(arms), legend=None),
        opacity=alt.Opacity("share:Q", scale=alt.Scale(domain=[0, 1], range=[0.25, 0.9]), legend=None),
        tooltip=[
            alt.Tooltip("arm:N", title="arm"),
            alt.Tooltip("trains:N", title="trains"),
            alt.Tooltip("epochs:N", title="epochs"),
        ],
    )
    labels = base.mark_text(fontSize=12, fontWeight=600).encode(x="middle:Q", text="trains:N")
    return alt.layer(bars, labels).properties(height=AXIS_HEIGHT + ROW_HEIGHT * max(1, len(arms)))
