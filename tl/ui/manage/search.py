"""Which experiments Runs lists: those that hold the words, have a run in the state, and learned from the data set chosen."""

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from tl.arm_names import arm_title
from tl.backbones import BACKBONES
from tl.jobs.listing import RunLine
from tl.languages import say
from tl.store.home import Home
from tl.store.queue.name_and_notes import NONE, NameAndNotes
from tl.strategies import STRATEGIES
from tl.ui.parts import view
from tl.words import STATUSES, plain

WORDS, STATE, DATA = "runs_search", "runs_state", "runs_data"
LONGEST = 200  # characters


def searched_runs(
    home: Home, runs: Sequence[RunLine], labels: Mapping[str, NameAndNotes], page_key: str
) -> list[RunLine]:
    """Draw what may be asked for; the runs of the experiments that fit. What is asked again begins with the first page,
    whose number the session keeps as `page_key`."""
    names = dict.fromkeys(name for run in runs for name in (run.dataset, run.target_dataset) if name is not None)
    titles = {name: plain(view.data_title(home, name)) for name in names}
    states = [state for state in STATUSES if any(run.status == state for run in runs)]
    held = st.session_state.get(STATE)
    asked: dict[str, Any] = {"persist_state": "session", "on_change": st.session_state.pop, "args": (page_key, None)}
    with st.grid(3, min_column_width=220):
        words = st.text_input(
            say("Search"),
            key=WORDS,
            max_chars=LONGEST,
            placeholder=say("Name, notes, data set, arm or network"),
            **asked,
        )
        state = st.selectbox(
            say("State"),
            [*states, held] if held in STATUSES.keys() - states else states,
            index=None,
            key=STATE,
            placeholder=say("Any"),
            format_func=lambda state: say(STATUSES[state].title),
            **asked,
        )
        if st.session_state.get(DATA) not in titles:  # its last run was deleted
            st.session_state[DATA] = None
        data = st.selectbox(
            say("Data set"),
            list(titles),
            index=None,
            key=DATA,
            placeholder=say("Any"),
            format_func=titles.__getitem__,
            **asked,
        )
    return matching_runs(runs, labels, titles, words or "", state, data)


def matching_runs(
    runs: Sequence[RunLine],
    labels: Mapping[str, NameAndNotes],
    titles: Mapping[str, str],
    words: str = "",
    state: str | None = None,
    data: str | None = None,
) -> list[RunLine]:
    """The runs of every experiment that has all the words anywhere, a run in this state, and this data set.

    `labels` by experiment and sweep, `titles` by data set.
    """
    wanted = words.casefold().split()
    if not (wanted or state or data):
        return list(runs)
    experiments: dict[str, list[RunLine]] = {}
    for run in runs:
        experiments.setdefault(run.experiment_id, []).append(run)

    def fits(own: list[RunLine]) -> bool:
        in_state = [run for run in own if state in (None, run.status)]
        if not any(data in (None, run.dataset, run.target_dataset) for run in in_state):
            return False
        both = (labels.get(ident or "", NONE) for ident in (own[0].experiment_id, own[0].sweep_id))
        texts = [text for label in both for text in (label.name, label.notes)]
        texts += [_text(run, titles) for run in {run.arm: run for run in own}.values()]  # all its seeds say the same
        text = "\n".join(texts).casefold()
        return all(word in text for word in wanted)

    kept = {experiment_id for experiment_id, own in experiments.items() if fits(own)}
    return [run for run in runs if run.experiment_id in kept]


def _text(run: RunLine, titles: Mapping[str, str]) -> str:
    network = BACKBONES[run.backbone].title if run.backbone in BACKBONES else ""
    return "\n".join(
        (
            *(part for name in (run.dataset, run.target_dataset) if name is not None for part in (titles[name], name)),
            arm_title(run.arm),
            say(STRATEGIES[run.strategy].title),
            network,
            run.backbone,
        )
    )
