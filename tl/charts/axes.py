"""Axes that several charts share: labels that differ wherever ticks do, and room so that no line lies on the frame."""

from typing import Any

import altair as alt

ROOM = 8  # pixels between the frame and the highest value there can be
RATE_FORMAT = ".2~e"  # 1e-3, 1.5e-3
PERCENT_LABEL = "replace(datum.label, '%', ' %')"  # not shown


def share_axis(ticks: int, **settings: Any) -> alt.Axis:
    """An axis of fractions in percent, with as many decimals as its steps need: "9 %" or "8.5 %"."""
    return alt.Axis(format="%", labelExpr=PERCENT_LABEL, tickCount=ticks, **settings)


def number_axis(ticks: int, **settings: Any) -> alt.Axis:
    """An axis of plain numbers, with as many decimals as its steps need; huge ones as powers of ten."""
    label = "abs(datum.value) < 1e6 ? datum.label : format(datum.value, '.1e')"  # not shown
    return alt.Axis(labelExpr=label, tickCount=ticks, **settings)


def room_above() -> dict[str, Any]:
    """Settings of a y scale: its end lies ROOM below the frame, whatever is drawn."""
    return {"range": [alt.ExprRef(expr="height"), ROOM]}
