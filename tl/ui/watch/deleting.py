"""Deleting a run, a comparison or a sweep on the page: what goes with it and how much that is, then the question."""

from collections.abc import Callable

import streamlit as st

from tl import jobs
from tl.arm_names import arm_title
from tl.differences import networks
from tl.jobs.deletion import EXPERIMENT, RUN, SWEEP, Deletable
from tl.languages import joined, later, plural, say
from tl.store.home import Home
from tl.ui.parts import view
from tl.ui.parts.deletion import DeletionChoice, ask
from tl.ui.parts.problems import show_problems
from tl.ui.parts.render_slot import without_slot
from tl.ui.parts.text import escape
from tl.words import count, memory, number_of

TITLES = {
    RUN: later("Delete this run?"),
    EXPERIMENT: later("Delete this comparison?"),
    SWEEP: later("Delete this sweep?"),
}
LABELS = {  # what is deleted, where there is a choice, and whether it is stopped first
    (None, False): later("Delete"),
    (None, True): later("Stop and delete"),
    (EXPERIMENT, False): later("Delete this size"),
    (EXPERIMENT, True): later("Stop and delete this size"),
    (SWEEP, False): later("Delete the whole sweep"),
    (SWEEP, True): later("Stop and delete the whole sweep"),
}


def ask_to_delete(
    home: Home, ident: str, problem: str, sweep_id: str | None = None, then: Callable[[], None] = lambda: None
) -> None:
    """Open the question; `problem`: where the session keeps the sentence that says why it can't be, for who draws it.

    `sweep_id`: of which sweep it is one size, which can be deleted instead. `then` is done once it is deleted.
    """
    with show_problems(problem):
        found = [jobs.find(home, each) for each in (ident, sweep_id) if each is not None]
        whole, *others = found
        words = [about(home, whole)]
        words += [joined([say("It is one size of a sweep."), about(home, sweep)]) for sweep in others]
        choices = [_choice(home, each, problem, then, named=len(found) > 1) for each in found]
        ask(say(TITLES[whole.kind]), "\n\n".join(words), choices)
        return
    st.rerun()  # deleted meanwhile: who draws the page says so


def about(home: Home, whole: Deletable) -> str:
    """What it is, how much, and what is lost; Markdown."""
    spec = whole.rows[0].experiment
    if whole.kind == RUN:
        [row] = whole.rows
        return say(
            "**{arm}**, seed {seed} ({memory}): its curves, its trained network and its log are permanently deleted.",
            arm=escape(arm_title(row.arm)),
            seed=row.seed,
            memory=memory(whole.num_bytes()),
        )
    data = view.data_title(home, spec, [whole.rows[0].run_id])
    sizes = [experiment.samples for experiment in whole.experiments.values()]
    what = {
        "title": escape(say("{networks} on {data}", networks=networks(spec), data=data)),
        "pictures": ", ".join(count(size) for size in sizes if size is not None) or say("all"),
        "runs": number_of(len(whole.rows), "run"),
        "memory": memory(whole.num_bytes()),
    }
    sentences = [
        say("The whole sweep **{title}** with {pictures} training pictures: {runs}, {memory}.", **what)
        if whole.kind == SWEEP
        else say("The comparison **{title}** with {pictures} training pictures: {runs}, {memory}.", **what),
        say("Curves, trained networks and logs of all its runs are permanently deleted; the pictures stay."),
    ]
    if whole.active:
        sentences.append(
            plural(
                "**{number:,} run is training or waiting and will be stopped first.**",
                "**{number:,} runs are training or waiting and will be stopped first.**",
                len(whole.active),
            )
        )
    return joined(sentences)


def _choice(home: Home, whole: Deletable, problem: str, then: Callable[[], None], named: bool) -> DeletionChoice:
    def delete() -> None:
        with show_problems(problem):
            with without_slot():
                jobs.delete(home, whole.ident, stop_first=stops)
            then()

    stops = bool(whole.active or whole.adds_seeds)
    label = LABELS[(whole.kind if named else None, stops)]
    return say(label), f"confirm_delete_{whole.kind}" if named else "confirm_delete", delete
