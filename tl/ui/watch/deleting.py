"""Deleting a run, a comparison or a sweep on the page: what goes with it and how much that is, then the question."""

from collections.abc import Callable

import streamlit as st

from tl import jobs
from tl.differences import networks
from tl.jobs.deletion import EXPERIMENT, RUN, SWEEP, Whole
from tl.store.home import Home
from tl.strategies import arm_title
from tl.ui.parts import view
from tl.ui.parts.deletion import Choice, ask
from tl.ui.parts.problems import told
from tl.ui.parts.render_slot import out_of_turn
from tl.ui.parts.text import count, escape, memory
from tl.words import number_of

NAMES = {RUN: "run", EXPERIMENT: "comparison", SWEEP: "sweep"}


def ask_to_delete(
    home: Home, ident: str, problem: str, sweep_id: str | None = None, then: Callable[[], None] = lambda: None
) -> None:
    """Open the question; `problem`: where the session keeps the sentence that says why it can't be, for who draws it.

    `sweep_id`: of which sweep it is one size, which can be deleted instead. `then` is done once it is deleted.
    """
    with told(problem):
        found = [jobs.find(home, each) for each in (ident, sweep_id) if each is not None]
        whole, *others = found
        words = [about(home, whole)]
        words += [f"It is one size of a sweep. {about(home, sweep)}" for sweep in others]
        choices = [_choice(home, each, problem, then, named=len(found) > 1) for each in found]
        ask(f"Delete this {NAMES[whole.kind]}?", "\n\n".join(words), choices)
        return
    st.rerun()  # deleted meanwhile: who draws the page says so


def about(home: Home, whole: Whole) -> str:
    """What it is, how much, and what is lost; Markdown."""
    some = f"{number_of(len(whole.rows), 'run')}, {memory(whole.num_bytes())}"
    spec = whole.rows[0].experiment
    if whole.kind == RUN:
        [row] = whole.rows
        return (
            f"**{escape(arm_title(row.arm))}**, seed {row.seed} ({memory(whole.num_bytes())}): its curves, its trained "
            "network and its log are permanently deleted."
        )
    title = f"{networks(spec)} on {view.data_title(home, spec, [whole.rows[0].run_id])}"
    sizes = [experiment.samples for experiment in whole.experiments.values()]
    pictures = ", ".join(count(size) for size in sizes if size is not None) or "all"
    what = "The whole sweep" if whole.kind == SWEEP else "The comparison"
    words = f"{what} **{escape(title)}** with {pictures} training pictures: {some}. "
    words += "Curves, trained networks and logs of all its runs are permanently deleted; the pictures stay."
    if whole.active:
        trains = "run trains or waits and is" if len(whole.active) == 1 else "runs train or wait and are"
        words += f" **{count(len(whole.active))} {trains} stopped first.**"
    return words


def _choice(home: Home, whole: Whole, problem: str, then: Callable[[], None], named: bool) -> Choice:
    def delete() -> None:
        with told(problem):
            with out_of_turn():
                jobs.delete(home, whole.ident, stop_first=stops)
            then()

    stops = bool(whole.active or whole.adds_seeds)
    what = {EXPERIMENT: " this size", SWEEP: " the whole sweep"}[whole.kind] if named else ""
    verb = "Stop and delete" if stops else "Delete"
    return Choice(f"{verb}{what}", f"confirm_delete_{whole.kind}" if named else "confirm_delete", delete)
