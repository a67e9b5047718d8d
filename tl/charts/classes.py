"""What share of each class's test pictures every arm recognised, side by side, with intervals."""

from collections.abc import Sequence
from dataclasses import dataclass

import altair as alt
import pandas as pd

from tl.charts.axes import share_axis
from tl.charts.curves import arm_scale
from tl.charts.drawing import ROWS, Drawing, base_chart, kept
from tl.languages import say

MOST_CLASSES = 12  # that are drawn; more can't be told apart
ROW = 14  # pixels: height of an arm's row
RULE, NAME = 2, 130  # pixels: width of an interval's line, of a class's name at most
COLUMNS = ["class", "arm", "recall", "low", "high", "pictures"]


@dataclass(frozen=True, kw_only=True)
class ClassRow:
    """One class: of each arm, in the order of their colours, its recall with the ends of its interval."""

    name: str
    pictures: int  # of this class in the test set
    recalls: tuple[tuple[float, float | None, float | None] | None, ...]  # 0..1; None: not known


def drawn(classes: Sequence[ClassRow]) -> list[ClassRow]:
    """Those that are drawn: at most MOST_CLASSES, the largest difference first, of equal ones the hardest."""

    def order(each: ClassRow) -> tuple[float, float]:
        means = [recall[0] for recall in each.recalls if recall]
        return -round(max(means) - min(means), 9), min(means)

    return sorted((each for each in classes if any(each.recalls)), key=order)[:MOST_CLASSES]


def class_chart(classes: Sequence[ClassRow], arms: Sequence[str]) -> Drawing:
    """Dots with intervals, a block of rows per class. `arms` are the names that are shown, as `ClassRow.recalls` goes."""
    shown = drawn(classes)
    names = distinguishable([each.name for each in shown])
    rows = [
        (name, arm, *recall, each.pictures)
        for name, each in zip(names, shown, strict=True)
        for arm, recall in zip(arms, each.recalls, strict=True)
        if recall
    ]
    numbers = dict.fromkeys(["recall", "low", "high"], float)
    return Drawing(_view(tuple(names), tuple(arms)), {ROWS: pd.DataFrame(rows, columns=COLUMNS).astype(numbers)})


def distinguishable(names: Sequence[str]) -> list[str]:
    """Two classes that look alike each keep a row."""
    return [
        f"{name} ({names[:place].count(name) + 1})" if names[:place].count(name) else name
        for place, name in enumerate(names)
    ]


@kept
def _view(classes: tuple[str, ...], arms: tuple[str, ...]) -> alt.LayerChart | alt.FacetChart:
    y = alt.Y(
        "class:N",
        title=None,
        sort=list(classes),
        scale=alt.Scale(domain=list(classes), paddingInner=0.25, paddingOuter=0.12),
        axis=alt.Axis(labelLimit=NAME, ticks=False, domain=False, labelPadding=8, grid=False),
    )
    x = alt.X(
        "recall:Q",
        title=say("test pictures of the class recognised"),
        scale=alt.Scale(domain=[0, 1], nice=False),
        axis=share_axis(5),
    )
    legend = alt.Legend(orient="top", title=None, symbolType="circle", symbolOpacity=1, labelLimit=170, columns=2)
    told = [
        alt.Tooltip("class:N", title=say("class")),
        alt.Tooltip("arm:N", title=say("arm")),
        alt.Tooltip("recall:Q", title=say("recognised"), format=".1%"),
        alt.Tooltip("low:Q", title=say("from"), format=".1%"),
        alt.Tooltip("high:Q", title=say("to"), format=".1%"),
        alt.Tooltip("pictures:Q", title=say("test pictures")),
    ]
    base = base_chart().encode(
        y=y,
        yOffset=alt.YOffset("arm:N", sort=list(arms), scale=alt.Scale(domain=list(arms))),
        color=alt.Color("arm:N", scale=arm_scale(arms), legend=legend),
        tooltip=told,
    )
    ranges = base.mark_rule(strokeWidth=RULE, opacity=0.55).encode(x=alt.X("low:Q"), x2="high:Q")
    dots = base.mark_point(size=64, filled=True, opacity=1).encode(x=x)
    # By the step, not in all: a page counts legend and axis in what is given in all, and the more arms the higher those.
    return alt.layer(ranges, dots).properties(height=alt.Step(ROW, **{"for": "offset"}))
