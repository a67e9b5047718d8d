"""What will transfer well: the pretrained networks that are here, ranked by how their features suit the pictures."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import streamlit as st

from tl.config import Experiment, Refused
from tl.languages import joined, later, say
from tl.store.home import Home
from tl.ui.parts.refresh import while_working
from tl.ui.parts.text import escape
from tl.words import cell, not_available

if TYPE_CHECKING:  # numpy, pandas
    from tl.analysis.forecasts.hints import HintQuestion
    from tl.datasets import DatasetInfo

LEGEND = later(
    "Higher is better; compare numbers only within one table. LogME: how well a linear model explains the classes by "
    "the features, per picture; above random weights: by how much better than with those of an untrained network. "
    "H-score: how far apart the classes lie, at most the number of classes minus one. LEEP: how well the source's own "
    "head tells them apart."
)


def section(home: Home, info: "DatasetInfo", experiment: Experiment) -> None:
    """Draw the section for the data set `info`."""
    from tl.analysis.forecasts.hints import SAMPLE, candidates, question  # numpy, pandas
    from tl.jobs.measurements.hints import working

    samples = min(experiment.samples or info.train, max(SAMPLE, len(info.classes)))
    try:
        home.policy.check_settings(experiment, info.train)
        asked = question(home, info.name, samples, experiment.resolution)
    except Refused:
        return
    if not info.ready:
        st.caption(
            say(
                ":material/query_stats: What will transfer well can be estimated once the pictures have been downloaded."
            )
        )
    elif candidates(home, asked):
        while_working(_hints, lambda: working(home), home, asked)
    else:
        st.caption(
            say(
                ":material/query_stats: What will transfer well can be estimated once weights are here; the first run "
                "downloads them."
            )
        )


def _hints(home: Home, asked: "HintQuestion", active: bool) -> None:
    from tl.analysis.forecasts.hint_record import in_words
    from tl.analysis.forecasts.hints import answer, downloads_in_words
    from tl.jobs.measurements.hints import ask

    found = answer(home, asked)
    if found["candidates"]:
        st.dataframe(_ranking(found), hide_index=True, alt=say("Pretrained networks, the best first"))
        st.caption(joined([say("A hint, not a verdict."), escape(in_words(found["record"]))]), help=say(LEGEND))
        if sentence := downloads_in_words(found["downloads"]):
            st.caption(escape(sentence))
    for sentence in found["failed"]:
        st.caption(":material/warning: " + escape(sentence))
    if active:
        words = say(
            ":material/hourglass_top: Looking at {number:,} pictures through every network …", number=asked.samples
        )
        st.caption(words)
    elif found["missing"] or found["failed"]:
        about = say(
            "Looks at {number:,} training pictures through every network whose weights are here, and through random ones: a "
            "few seconds each.",
            number=asked.samples,
        )
        label = say("What will transfer well?")
        look_button(home, label, ":material/query_stats:", "form_ask_hints", ask, asked, about)


def look_button(
    home: Home, label: str, icon: str, key: str, ask: Callable[..., Any], asked: object, about: str
) -> None:
    """Draw the button that has pictures looked at: it calls `ask` with what is `asked`. It waits while something trains."""
    from tl.jobs.background import busy

    waits = busy(home)
    st.button(label, icon=icon, key=key, on_click=ask, args=(home, asked), disabled=waits, help=about)
    if waits:
        st.caption(say("The pictures will be looked at once nothing else is training."))


def _ranking(found: dict[str, Any]) -> dict[str, list[str]]:
    rows = found["candidates"]
    return {
        say("Rank"): [str(row["rank"]) for row in rows],
        say("Network and weights"): [cell(row["title"]) for row in rows],
        "LogME": [f"{row['logme']:.4f}" for row in rows],
        say("above random weights"): [
            not_available() if row["above_random"] is None else f"{row['above_random']:+.4f}" for row in rows
        ],
        "H-score": [f"{row['h_score']:.3f}" for row in rows],
        "LEEP": [not_available() if row["leep"] is None else f"{row['leep']:.3f}" for row in rows],
    }
