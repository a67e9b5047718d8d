"""Advice as the form shows it: what to do, why and where that was wrong, how such advice came out here."""

from typing import Any

import streamlit as st

from tl.languages import joined, say, semicolons
from tl.ui.parts.text import escape


def show(found: dict[str, Any], record: str, key: str) -> None:
    """Draw what tl.analysis.forecasts.advice.advise gave, and its record in words; `key` of what is folded."""
    st.markdown(f":material/lightbulb: {escape(found['text'])}")  # not shown
    with st.expander(say("Why, and where this was wrong"), icon=":material/menu_book:", key=key):
        for reason in found["reasons"]:
            lines = ["- " + joined([escape(reason["text"]), _cited(reason["sources"])])]
            lines += [
                "    - "
                + say("But {example} {source}", example=escape(example["text"]), source=_cited([example["source"]]))
                for example in reason["but"]
            ]
            st.markdown("\n".join(lines))
    st.caption(escape(record))


def _cited(sources: list[dict[str, str]]) -> str:
    links = (f"[{source['who']}]({source['url']})" for source in sources)
    return say("({sources})", sources=semicolons(links))
