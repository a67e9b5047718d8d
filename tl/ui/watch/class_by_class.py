"""How each class fared: a chart and a table below the verdict, made once somebody opens them."""

import streamlit as st

from tl.analysis.results import Verdict
from tl.languages import say
from tl.report import class_findings
from tl.ui.parts.chart import draw
from tl.words import cell

KEY = "class_by_class"


def show(found: Verdict) -> None:
    """Draw the section; nothing where no answers were stored."""
    if not class_findings.known(found):
        return
    box = st.expander(say(class_findings.HEADING), icon=":material/category:", on_change="rerun", key=KEY)
    if not box.open:
        return
    with box:
        drawing, note = class_findings.chart(found)
        draw(drawing, key="class_recalls", alt=say("Share of every class's test pictures that each arm recognised"))
        if note:
            st.caption(note)
        _table(class_findings.head(found), class_findings.rows(found), say("Recall of every class with each arm"))
        means = class_findings.means_rows(found)
        rows = [tuple(row.values()) for row in means]
        _table(tuple(map(say, means[0])), rows, say("Means over the classes for every arm"))
        st.caption(say(class_findings.EXPLAINED))


def _table(head: tuple[str, ...], rows: list[tuple[str, ...]], alt: str) -> None:
    columns: dict[str, list[str]] = {}
    for place, name in enumerate(head):
        shown = cell(name)  # of two names that look alike each has a column
        columns[f"{shown} ({place})" if shown in columns else shown] = [cell(row[place]) for row in rows]
    st.dataframe(columns, hide_index=True, height="auto", alt=alt)
