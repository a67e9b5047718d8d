"""What is taken for what: a square per label and answer, for one arm, or for two arms held against each other.

Opacity tells the amount, so that the same chart serves a light and a dark page. A click on a square gives its classes.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import altair as alt
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from tl.charts.classes import distinguishable
from tl.charts.drawing import ROWS, Drawing, base_chart, kept
from tl.languages import say

CELL = "cell"  # name of the selection: rows with FIELDS
FIELDS = ("label", "answer")  # numbers of the classes, as in the counts
CHOSEN = "chosen"  # name of the table with the square that has a frame
UPRIGHT = 3  # classes up to which their names below stand upright
WRITTEN = 12  # classes up to which a square has its number in it
FAINTEST, STRONGEST = 0.06, 0.6  # opacity of a square with anything in it; what is written on it stays readable
ROW, ROOM = 30, 20  # pixels: height of a row with and without numbers
NAME = 90  # pixels: of a class's name at most
NUMBERS = "confusion_numbers"  # name of what is written on squares, which a page gives its own colour of text
FRAME, NEITHER = "#7a7f87", ""  # colour of no arm, and whose it is

Counts = NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class Side:
    """An arm whose answers are counted."""

    title: str
    colour: str  # hex
    counts: Counts  # (C, C) [label, answer]


def confusion_chart(
    arm: Side, classes: Sequence[str], among: Sequence[int], chosen: tuple[int, int] | None = None
) -> Drawing:
    """One arm, of the classes `among`: in each square the number of pictures, as strong as their share of the label's."""
    part = arm.counts[np.ix_(among, among)]
    strength = part / np.maximum(arm.counts[among].sum(1, keepdims=True), 1)
    owner = np.where(part > 0, arm.title, NEITHER)
    return _drawing((arm,), (part, part), part, strength, owner, classes, among, chosen)


def difference_chart(
    arm: Side, other: Side, classes: Sequence[str], among: Sequence[int], chosen: tuple[int, int] | None = None
) -> Drawing:
    """By how many pictures an arm gives each answer more often than the other; coloured for whom that speaks."""
    first, second = (side.counts[np.ix_(among, among)] for side in (arm, other))
    more = first - second
    good = np.where(np.eye(len(among), dtype=bool), more, -more)  # right answers are on the diagonal
    strength = np.abs(more) / max(1, int(np.abs(more).max(initial=0)))
    owner = np.where(good > 0, arm.title, np.where(good < 0, other.title, NEITHER))
    return _drawing((arm, other), (first, second), more, strength, owner, classes, among, chosen)


def _drawing(
    sides: tuple[Side, ...],
    counts: tuple[Counts, Counts],
    value: Counts,
    strength: NDArray[np.float64],
    owner: NDArray[np.str_],
    classes: Sequence[str],
    among: Sequence[int],
    chosen: tuple[int, int] | None,
) -> Drawing:
    """`counts` of both sides, or twice of the only one; `value` is written on a square, `owner` gives it its colour."""
    names = distinguishable([classes[number] for number in among])
    numbers, size = np.asarray(among, dtype=int), len(among)
    sign = "+" if len(sides) > 1 else ""
    rows = pd.DataFrame(
        {
            "label": np.repeat(numbers, size),
            "answer": np.tile(numbers, size),
            "labelled": [name for name in names for _ in names],
            "answered": names * size,
            "arm": counts[0].ravel(),
            "other": counts[1].ravel(),
            "shown": [f"{each:{sign}d}".replace("-", "−") if each else "" for each in value.ravel()],
            "strength": strength.ravel(),
            "side": owner.ravel().astype(object),
        }
    )
    squares = zip(rows["labelled"], rows["answered"], rows["arm"], rows["other"], strict=True)
    rows["about"] = [_about(label, answer, (own, other), sides) for label, answer, own, other in squares]
    framed = rows[(rows["label"] == chosen[0]) & (rows["answer"] == chosen[1])] if chosen else rows[:0]
    view = _view(tuple(names), tuple((side.title, side.colour) for side in sides))
    return Drawing(view, {ROWS: rows, CHOSEN: framed})


def _about(label: str, answer: str, numbers: tuple[int, int], sides: Sequence[Side]) -> str:
    """A square as it is read out."""
    told = {"label": label, "answer": answer, "arm": sides[0].title, "number": numbers[0]}
    if len(sides) == 1:
        return say("{label} answered as {answer}, {arm}: {number}", **told)
    told |= {"other": sides[1].title, "other_number": numbers[1]}
    return say("{label} answered as {answer}, {arm}: {number}, {other}: {other_number}", **told)


@kept
def _view(classes: tuple[str, ...], sides: tuple[tuple[str, str], ...]) -> alt.LayerChart | alt.FacetChart:
    written = len(classes) <= WRITTEN
    angle = 0 if len(classes) <= UPRIGHT else -45 if written else -90
    place: dict[str, Any] = {
        "sort": list(classes),
        "scale": alt.Scale(domain=list(classes), paddingInner=0.06, paddingOuter=0.03),
    }
    look: dict[str, Any] = {"labelLimit": NAME, "ticks": False, "domain": False, "grid": False, "labelOverlap": False}
    x = alt.X("answered:N", title=say("answered"), axis=alt.Axis(labelAngle=angle, **look), **place)
    y = alt.Y("labelled:N", title=say("labelled"), axis=alt.Axis(**look), **place)
    told = [alt.Tooltip("labelled:N", title=say("labelled")), alt.Tooltip("answered:N", title=say("answered"))]
    titles, colours = zip(*sides, strict=True)
    counted = titles if len(sides) > 1 else (say("pictures"),)
    told += [alt.Tooltip(f"{field}:Q", title=title) for field, title in zip(("arm", "other"), counted, strict=False)]
    base = base_chart().encode(x=x, y=y, tooltip=told, description="about:N")
    squares = base.mark_rect(cornerRadius=2, cursor="pointer").encode(
        color=alt.Color(
            "side:N",
            scale=alt.Scale(domain=[*titles, NEITHER], range=[*colours, FRAME]),
            legend=None,  # the page says it: with one this chart would lie lower than those beside it
        ),
        opacity=alt.Opacity(
            "strength:Q", scale=alt.Scale(domain=[0, 1], range=[FAINTEST, STRONGEST], clamp=True), legend=None
        ),
    )
    # Selections are told by number: two classes may have the same name.
    squares = squares.add_params(alt.selection_point(name=CELL, fields=list(FIELDS), toggle=False))
    frame = (
        base_chart(CHOSEN)
        .mark_rect(fill=None, stroke=FRAME, strokeWidth=2.5, cornerRadius=2, aria=False)
        .encode(x=x, y=y)
    )
    layers = [squares, frame]
    if written:
        numbers = base.mark_text(fontSize=12, cursor="pointer", aria=False).encode(text="shown:N")
        layers.append(numbers.properties(name=NUMBERS))
    return alt.layer(*layers).properties(height=alt.Step(ROW if written else ROOM))
