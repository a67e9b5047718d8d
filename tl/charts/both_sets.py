"""Pictures of two data sets in a plane: a colour for each class, a shape for each set, so that no colour is needed to tell those."""

from collections.abc import Sequence

import altair as alt
import pandas as pd

from tl.charts.drawing import ROWS, Drawing, base_chart, kept
from tl.charts.palette import ARM_COLOURS, FROZEN_COLOUR
from tl.languages import say

GREYISH = 6  # of the arms' colours: too close to the grey of all other classes
OF_CLASSES = tuple(colour for place, colour in enumerate(ARM_COLOURS) if place != GREYISH)
MOST_CLASSES = len(OF_CLASSES)  # that have a colour of their own; more can't be told apart
COLOURS = (*OF_CLASSES, FROZEN_COLOUR)
OTHER = MOST_CLASSES  # place in COLOURS of all other classes, and of pictures that nobody has labelled
SHAPES = ("circle", "triangle-up")  # of the source, filled, and of the target, open
SIGNS = ("●", "△")  # the same in a line of text
SIZE, HEIGHT = 34, 320  # pixels: area of a mark, height of the chart
COLUMNS = ["x", "y", "side", "colour", "set", "class", "picture"]
# COLUMNS; side 0: the source, 1: the target; colour: place in COLOURS
Row = tuple[float, float, int, int, str, str, int]


def both_sets_chart(rows: Sequence[Row], explained: tuple[str, str]) -> Drawing:
    """Rows in the order in which they are drawn; `explained`: what either axis shows of the variance, as text."""
    return Drawing(_view(explained), {ROWS: pd.DataFrame(rows, columns=COLUMNS)})


@kept
def _view(explained: tuple[str, str]) -> alt.Chart:
    axis = alt.Axis(labels=False, ticks=False, grid=False)
    x, y = (
        say("component {number}, {share} of the variance", number=number, share=share)
        for number, share in enumerate(explained, 1)
    )
    sides = [0, 1]
    paint = alt.Scale(domain=list(range(len(COLOURS))), range=list(COLOURS))
    drawn: alt.Chart = (
        base_chart()
        .mark_point(size=SIZE, strokeWidth=1.5, opacity=0.85)
        .encode(
            x=alt.X("x:Q", title=x, axis=axis, scale=alt.Scale(zero=False)),
            y=alt.Y("y:Q", title=y, axis=axis, scale=alt.Scale(zero=False)),
            shape=alt.Shape("side:N", scale=alt.Scale(domain=sides, range=list(SHAPES)), legend=None),
            stroke=alt.Stroke("colour:N", scale=paint, legend=None),
            fill=alt.Fill("colour:N", scale=paint, legend=None),
            fillOpacity=alt.FillOpacity("side:N", scale=alt.Scale(domain=sides, range=[0.9, 0]), legend=None),
            tooltip=[
                alt.Tooltip("set:N", title=say("set")),
                alt.Tooltip("class:N", title=say("class")),
                alt.Tooltip("picture:Q", title=say("picture"), format=","),
            ],
        )
        .properties(height=HEIGHT)
    )
    return drawn
