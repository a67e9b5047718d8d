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
COLUMNS = ["label", "answer", "labelled", "answered", "arm", "other", "shown", "strength", "side", "about"]
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
    pictures = arm.counts[among].sum(1, keepdims=True)
    strength = part / np.maximum(pictures, 1)
    rows = _rows(part, part, classes, among, part, strength, np.where(part > 0, arm.title, NEITHER).astype(object))
    return _drawing(rows, classes, among, chosen, (arm,), (say("pictures"),))


def difference_chart(
    arm: Side, other: Side, classes: Sequence[str], among: Sequence[int], chosen: tuple[int, int] | None = None
) -> Drawing:
    """By how many pictures an arm gives each answer more often than the other; coloured for whom that speaks."""
    first, second = (side.counts[np.ix_(among, among)] for side in (arm, other))
    more = first - second
    good = np.where(np.eye(len(among), dtype=bool), more, -more)  # right answers are on the diagonal
    strength = np.abs(more) / max(1, int(np.abs(more).max(initial=0)))
    sides = np.where(good > 0, arm.title, np.where(good < 0, other.title, NEITHER)).astype(object)
    rows = _rows(first, second, classes, among, more, strength, sides)
    return _drawing(rows, classes, among, chosen, (arm, other), (arm.title, other.title))


def _rows(
    first: Counts,
    second: Counts,
    classes: Sequence[str],
    among: Sequence[int],
    value: Counts,
    strength: NDArray[np.float64],
    sides: NDArray[np.object_],
) -> pd.DataFrame:
    names = np.array(distinguishable([classes[number] for number in among]), dtype=object)
    numbers, size = np.asarray(among, dtype=int), len(among)
    signed = bool((first != second).any())
    shown = [(f"{each:+d}" if signed else f"{each:d}").replace("-", "−") if each else "" for each in value.ravel()]
    found = pd.DataFrame(
        {
            "label": np.repeat(numbers, size),
            "answer": np.tile(numbers, size),
            "labelled": np.repeat(names, size),
            "answered": np.tile(names, size),
            "arm": first.ravel(),
            "other": second.ravel(),
            "shown": shown,
            "strength": strength.ravel(),
            "side": sides.ravel(),
            "about": "",
        }
    )
    return found[COLUMNS]


def _drawing(
    rows: pd.DataFrame,
    classes: Sequence[str],
    among: Sequence[int],
    chosen: tuple[int, int] | None,
    sides: Sequence[Side],
    counted: tuple[str, ...],
) -> Drawing:
    names = tuple(distinguishable([classes[number] for number in among]))
    view = _view(names, tuple((side.title, side.colour) for side in sides), counted)
    squares = zip(rows["labelled"], rows["answered"], rows["arm"], rows["other"], strict=True)
    rows["about"] = [_about(label, answer, (own, other), sides) for label, answer, own, other in squares]
    framed = rows[(rows["label"] == chosen[0]) & (rows["answer"] == chosen[1])] if chosen else rows[:0]
    return Drawing(view, {ROWS: rows, CHOSEN: framed})


def _about(label: str, answer: str, numbers: tuple[int, int], sides: Sequence[Side]) -> str:
    """A square as it is read out."""
    told = {"label": label, "answer": answer, "arm": sides[0].title, "number": numbers[0]}
    if len(sides) == 1:
        return say("{label} answered as {answer}, {arm}: {number}", **told)
    told |= {"other": sides[1].title, "other_number": numbers[1]}
    return say("{label} answered as {answer}, {arm}: {number}, {other}: {other_number}", **told)


@kept
def _view(
    classes: tuple[str, ...], sides: tuple[tuple[str, str], ...], counted: tuple[str, ...]
) -> alt.LayerChart | alt.FacetChart:
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
    told += [alt.Tooltip(f"{field}:Q", title=title) for field, title in zip(("arm", "other"), counted, strict=False)]
    titles, colours = zip(*sides, strict=True)
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
