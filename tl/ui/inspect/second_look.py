"""Does it change the verdict? The comparison and the same one without some pictures, or with other labels, side by side."""

import streamlit as st

from tl import jobs
from tl.analysis.inspection import second_look
from tl.analysis.inspection.second_look import Pair
from tl.languages import joined, later, say
from tl.store.home import Home
from tl.store.queue.database import read_runs
from tl.ui.inspect.choice import Choice
from tl.ui.parts import view
from tl.ui.parts.links import COMPARE, experiment_link
from tl.ui.parts.refresh import fragment
from tl.ui.parts.text import escape, unbroken
from tl.ui.watch.verdict import verdict_of
from tl.words import number_of

POLL_SECONDS = 2.0  # while the second comparison runs
CHANCE = later("Networks trained again also differ by chance: a small change in the gain means little.")
NAMED = 20  # corrected pictures that are listed


def show(choice: Choice) -> None:
    """Draw a box for every such pair that this comparison is one of; nothing where there is none."""
    for pair in second_look.pairs(choice.home, choice.now.experiment_id, read_runs(choice.home)):
        active = view.load(choice.home, pair.after_id).active or view.load(choice.home, pair.before_id).active
        with st.container(border=True, key=f"second_look_{pair.before_id}_{pair.after_id}"):
            st.header(say("Does it change the verdict?"), anchor=False)
            fragment(_pair, POLL_SECONDS if active else None)(choice.home, pair, active)
            _corrected(pair)


def _pair(home: Home, pair: Pair, was_active: bool) -> None:
    before, after = view.load(home, pair.before_id), view.load(home, pair.after_id)
    active = before.active or after.active
    if active != was_active:
        st.rerun()
    if active:
        jobs.ensure_supervisor(home)
    found = [None if now.active else verdict_of(now, {}) for now in (before, after)]
    if found[0] is not None and found[1] is not None:
        st.markdown(f"**{unbroken(second_look.answer(found[0], found[1]))}**")
    with st.grid(2, min_column_width=260):
        for now, verdict, info in zip((before, after), found, (pair.before, pair.after), strict=True):
            with st.container(border=True, height="stretch"):
                experiment_link(COMPARE, now.experiment_id, escape(info.title), ":material/compare_arrows:")
                st.markdown(unbroken(verdict.text) if verdict else _progress(now))
    st.caption(joined([escape(second_look.tested_on(pair)), say(CHANCE)]))


def _progress(now: view.ExperimentView) -> str:
    ended = sum(run.status not in ("queued", "running") for run in now.runs)
    runs = number_of(len(now.runs), "run")
    return say(":material/hourglass_top: {ended} of {runs} have ended …", ended=ended, runs=runs)


def _corrected(pair: Pair) -> None:
    listed = pair.corrected.corrections
    title = say("What was corrected: {pictures}", pictures=number_of(len(listed), "picture"))
    with st.expander(title, icon=":material/rule:"):
        for one in listed[:NAMED]:
            told = {"picture": escape(one.picture), "label": escape(one.was)}
            if one.now is None:
                st.caption(say("{picture}: was {label}, set aside", **told))
            else:
                st.caption(say("{picture}: was {label}, is now {now}", **told, now=escape(one.now)))
        if len(listed) > NAMED:
            st.caption(say("and {number:,} more", number=len(listed) - NAMED))
