"""A chart on a page, and the mark of an arm's colour there."""

from typing import TYPE_CHECKING, Any

import streamlit as st

from tl.charts.palette import arm_colour

if TYPE_CHECKING:  # the page's first paint doesn't wait for altair
    from tl.charts.drawing import Drawing


def dot(position: int) -> str:
    """Markdown of an arm's colour mark."""
    return f':small[:color[⬤]{{foreground="{arm_colour(position)}"}}]'


def draw(drawing: "Drawing", key: str, alt: str, **layout: Any) -> None:
    """Draw it; `alt` is what a screen reader says, `layout` as `st.vega_lite_chart` takes it (also what a click does).

    The specification goes there as it is kept: `st.altair_chart` would have it checked against the schema on every rerun.
    """
    st.vega_lite_chart(spec=drawing.spec | {"datasets": dict(drawing.tables)}, key=key, alt=alt, **layout)
