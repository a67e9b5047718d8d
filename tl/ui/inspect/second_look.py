"""Does it change the verdict? The comparison and the same one without some pictures, or with other labels, side by side."""

from typing import Any

import streamlit as st

from tl import jobs
from tl.analysis.inspection import second_look
from tl.analysis.inspection.second_look import Pair
from tl.analysis.results import Verdict
from tl.store.database import read_runs
from tl.store.home import Home
from tl.ui.inspect.choice import Choice
from tl.ui.parts import view
from tl.ui.parts.refresh import fragment
from tl.ui.parts.text import escape, unbroken
from tl.words import number_of

POLL_SECONDS = 2.0  # while the second comparison runs
CHANCE = "Trained again, networks also differ by chance: a small change of the gain means little."
NAMED = 20  # corrected pictures that are listed


def show(choice: Choice) -> None:
    """Draw a box for every such pair that this comparison is one of; nothing where there is none."""
    for pair in second_look.pairs(choice.home, choice.now.experiment_id, read_runs(choice.home)):
        active = view.load(choice.home, pair.after_id).active or view.load(choice.home, pair.before_id).active
        with st.container(border=True, key=f"second_look_{pair.before_id}_{pair.after_id}"):
            st.header("Does it change the verdict?", anchor=False)
            fragment(_pair, POLL_SECONDS if active else None)(choice.home, pair, active)
            _corrected(pair)


def _pair(home: Home, pair: Pair, was_active: bool) -> None:
    before, after = view.load(home, pair.before_id), view.load(home, pair.after_id)
    active = before.active or after.active
    if active != was_active:
        st.rerun()
    if active:
        jobs.ensure_supervisor(home)
    found = [
        None if now.active else _verdict(home, str(home.path), now.experiment_id, _states(now))
        for now in (before, after)
    ]
    if found[0] is not None and found[1] is not None:
        st.markdown(f"**{unbroken(second_look.answer(found[0], found[1]))}**")
    with st.grid(2, min_column_width=260):
        for now, verdict, info in zip((before, after), found, (pair.before, pair.after), strict=True):
            with st.container(border=True, height="stretch"):
                st.page_link(
                    "app.py",
                    label=escape(info.title),
                    icon=":material/compare_arrows:",
                    query_params={"experiment": now.experiment_id},
                )
                st.markdown(unbroken(verdict.text) if verdict else _progress(now))
    st.caption(f"{escape(second_look.tested_on(pair))} {CHANCE}")


def _progress(now: view.ExperimentView) -> str:
    ended = sum(run.status not in ("queued", "running") for run in now.runs)
    return f":material/hourglass_top: {ended} of {number_of(len(now.runs), 'run')} have ended …"


def _corrected(pair: Pair) -> None:
    listed = pair.corrected.corrections
    with st.expander(f"What was corrected: {number_of(len(listed), 'picture')}", icon=":material/rule:"):
        for one in listed[:NAMED]:
            became = "set aside" if one.now is None else f"is {escape(one.now)} now"
            st.caption(f"{escape(one.picture)}: was {escape(one.was)}, {became}")
        if len(listed) > NAMED:
            st.caption(f"and {len(listed) - NAMED:,} more")


def _states(now: view.ExperimentView) -> tuple[Any, ...]:
    """Changes whenever the verdict may have changed."""
    return tuple((run.run_id, run.status, run.attempt) for run in now.runs)


@st.cache_data(max_entries=16, show_spinner=False)
def _verdict(_home: Home, path: str, experiment_id: str, states: tuple[Any, ...]) -> Verdict:
    from tl.analysis import experiment_result

    return experiment_result(_home, experiment_id).verdict
