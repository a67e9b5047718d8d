"""Time on an axis as people read it: "45 s", "1:20", "1 h 5 min", with steps that a clock has.

Vega's own ticks are multiples of powers of ten, and its formats count seconds in thousands ("0.2k"). Both are written as
expressions of Vega here, so that a chart's specification is the same whatever it shows.
"""

import re
from typing import Any

import altair as alt

from tl.languages import say

DAY_SECONDS = 86400
STEPS = (  # seconds between two ticks, below a day
    *(0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30),
    *(60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 21600, 43200),
)


def label(value: str) -> str:
    """The expression that words `value`, an expression in seconds; more than one unit only where it is needed."""
    whole = f"round({value})"
    minutes, seconds = f"floor({whole} / 60)", f"format({whole} % 60, '02d')"
    hours, rest = f"floor({whole} / 3600)", f"floor({whole} % 3600 / 60)"
    long = _joined(say("{hours} h {minutes} min"), hours=hours, minutes=rest)
    long = f"{rest} ? {long} : {_joined(say('{hours} h'), hours=hours)}"
    short = _joined(say("{seconds} s"), seconds=f"format({value}, '.3~g')")
    return f"{value} < 59.5 ? {short} : {whole} < 3600 ? {minutes} + ':' + {seconds} : {long}"


def _joined(words: str, **expressions: str) -> str:
    """The expression that gives `words` with values, themselves expressions, in place of their {names}."""
    parts = re.split(r"\{(\w+)\}", words)
    found = [expressions[part] if place % 2 else f"'{part}'" for place, part in enumerate(parts) if part]
    return " + ".join(found)


def time_axis(scale: str, ticks: int, **settings: Any) -> alt.Axis:
    """An axis of seconds, about `ticks` of them labelled; `scale` is "x" or "y"."""
    return alt.Axis(values=alt.ExprRef(expr=_ticks(scale, ticks)), labelExpr=label("datum.value"), **settings)


def _ticks(scale: str, ticks: int) -> str:
    """The expression for the values: multiples of the first step that gives no more than `ticks` and the one at 0."""
    last = f"domain('{scale}')[1]"
    step = f"ceil({last} / {ticks * DAY_SECONDS}) * {DAY_SECONDS}"
    for seconds in reversed(STEPS):
        step = f"{last} <= {ticks * seconds} ? {seconds} : {step}"
    return f"sequence(0, {last} * 1.000001, {step})"
