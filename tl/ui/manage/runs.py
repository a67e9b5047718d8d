"""Every run, grouped by experiment: state, place in the queue, what it reached; open, stop, resume, delete."""

import time
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import streamlit as st

from tl import jobs
from tl.arm_names import arm_title
from tl.backbones import BACKBONES
from tl.differences import networks, sides
from tl.jobs.listing import RunEntry, RunLine, in_full
from tl.languages import later, say
from tl.store.home import Home
from tl.store.queue.database import read_experiment
from tl.store.queue.name_and_notes import NONE, NameAndNotes, all_names_and_notes
from tl.store.queue.schema import ACTIVE, RESUMABLE
from tl.ui.manage import compared, machines, search
from tl.ui.parts import view
from tl.ui.parts.chart import dot
from tl.ui.parts.keep_in_library import ask_to_keep
from tl.ui.parts.problems import show_kept, show_problems
from tl.ui.parts.refresh import Snapshot, fragment
from tl.ui.parts.render_slot import without_slot
from tl.ui.parts.text import escape
from tl.ui.watch.deleting import ask_to_delete
from tl.ui.watch.live import BADGES
from tl.words import ago, cell, count, duration, memory, number_of, percent

REFRESH_SECONDS = 2.0
PER_PAGE = 8  # experiments
ROWS = 500  # of a page of the table
NOTES_SHOWN = 200  # characters of an experiment's notes
UNKNOWN = "–"  # in a cell; an empty one would say "None"
SWEEP_ICON = ":material/stacked_line_chart:"
PROBLEM, LAYOUT = "runs_problem", "runs_layout"
STOP, RESUME, DELETE, KEEP = later("Stop"), later("Resume"), later("Delete"), later("Keep as a starting point")
EXPERIMENTS, TABLE = later("Experiments"), later("Table")  # how they are listed
PAGES = {EXPERIMENTS: "runs_page", TABLE: "runs_table_page"}  # which page each is turned to
Item = TypeVar("Item")
ACTIONS = {  # what can be done with a run, by its status
    "queued": (STOP,),
    "running": (STOP,),
    "finished": (KEEP, DELETE),
    "stopped": (RESUME, DELETE),
    "failed": (RESUME, DELETE),
    "interrupted": (RESUME, DELETE),
}


def show(home: Home) -> None:
    """Draw the list; it refreshes itself while anything is queued or running."""
    runs = jobs.list_lines(home)
    active = any(run.status in ACTIVE for run in runs)
    fragment(_list, REFRESH_SECONDS if active else None)(home, Snapshot(runs), active)


def _list(home: Home, found: Snapshot[list[RunLine]], active: bool) -> None:
    runs = found.now(lambda: jobs.list_lines(home))
    if active != any(run.status in ACTIVE for run in runs):
        st.rerun()
    show_kept(PROBLEM)
    if not runs:
        st.info(say("Nothing has been trained yet. Start a comparison: it takes two minutes."), icon=":material/info:")
        st.page_link("app.py", label=say("Start a comparison"), icon=":material/play_arrow:")
        return
    if active:
        jobs.ensure_supervisor(home)
    layout = st.segmented_control(
        say("Show"),
        [EXPERIMENTS, TABLE],
        format_func=lambda layout: say(layout),
        default=EXPERIMENTS,
        required=True,
        key=LAYOUT,
        label_visibility="collapsed",
    )
    machines.show(home, runs)
    called, known = all_names_and_notes(home), {run.experiment_id for run in runs}
    if len(known) > 1:
        runs = search.searched_runs(home, runs, called, PAGES[layout])
    if not runs:
        st.caption(say("No experiment matches your search."))
        return
    if layout == TABLE:
        place = st.empty()
        shown = [in_full(home, run) for run in _turned_to(runs, TABLE, ROWS)]
        place.dataframe(run_columns(home, shown), hide_index=True, alt=say("All runs, newest first"))
        return
    compared.comparison_bar(known)
    place = st.container()
    experiments = _turned_to(list(dict.fromkeys(run.experiment_id for run in runs)), EXPERIMENTS, PER_PAGE)
    with place:
        for experiment_id in experiments:
            own = [in_full(home, run) for run in runs if run.experiment_id == experiment_id]
            _experiment(home, experiment_id, own, called.get(experiment_id, NONE), len(known) > 1)


def _turned_to(items: Sequence[Item], layout: str, most: int) -> Sequence[Item]:
    """Those of the page that is turned to; only their files are read. Draws what turns pages, where there are several."""
    pages = -(-len(items) // most)
    page = min(st.session_state.get(PAGES[layout]) or 1, pages)
    if pages > 1:
        st.pagination(pages, key=PAGES[layout])
    return items[(page - 1) * most : page * most]


def run_columns(home: Home, runs: list[RunEntry]) -> dict[str, list[str]]:
    now = time.time()
    firsts = {run.experiment_id: run for run in runs}
    titles = {
        experiment_id: view.sets_title(home, run.dataset, run.target_dataset, run.run_id)
        for experiment_id, run in firsts.items()
    }

    def column(field: str, show: Callable[[Any], str]) -> list[str]:
        values = [getattr(run, field) for run in runs]
        return [UNKNOWN if value is None else show(value) for value in values]

    return {
        say("state"): [_state(run) for run in runs],
        say("data"): [cell(titles[run.experiment_id]) for run in runs],
        say("pictures"): column("samples", count),
        say("network"): [BACKBONES[run.backbone].title for run in runs],
        say("px"): column("resolution", str),
        say("arm"): [cell(arm_title(run.arm)) for run in runs],
        say("seed"): column("seed", str),
        say("epochs"): [say("{done} of {most}", done=run.epochs, most=run.max_epochs) for run in runs],
        say("best validation"): column("best_val_accuracy", percent),
        say("test"): column("test_accuracy", percent),
        say("computing time"): column("elapsed_seconds", duration),
        say("memory"): column("memory_peak_bytes", memory),
        say("age"): [ago(max(0.0, now - run.created)) for run in runs],
        say("run"): column("run_id", str),
    }


def _state(run: RunEntry) -> str:
    return view.in_queue(run) if run.status == "queued" else view.state(run)


def _experiment(home: Home, experiment_id: str, runs: list[RunEntry], label: NameAndNotes, several: bool) -> None:
    first, spec = runs[0], read_experiment(home, experiment_id)["experiment"]
    with st.container(border=True, key=f"experiment_{experiment_id}", gap="small"):
        with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
            data = view.data_title(home, spec, [first.run_id])
            about = say("{networks} on {data}", networks=networks(spec), data=data)
            st.header(escape(label.name or about), anchor=False, width="content")
            with st.container(horizontal=True, width="content"):
                if st.button(say("Open"), icon=":material/open_in_full:", key=f"open_{experiment_id}"):
                    st.switch_page("app.py", query_params={"experiment": experiment_id})
                if several and not spec.final and not any(run.status in ACTIVE for run in runs):  # it has a verdict
                    compared.button(experiment_id, label.name or about)
                if first.sweep_id and st.button(say("Its sweep"), icon=SWEEP_ICON, key=f"sweep_{experiment_id}"):
                    st.switch_page("pages/1_Data_size.py", query_params={"sweep": first.sweep_id})
                if st.button(say("Delete"), icon=":material/delete:", type="tertiary", key=f"delete_{experiment_id}"):
                    ask_to_delete(home, experiment_id, PROBLEM, first.sweep_id)
        facts = [
            *([escape(about)] if label.name else []),
            *([say("final model")] if spec.final else []),
            say("{number} training pictures", number=count(first.samples)),
            sides(spec),
            ago(max(0.0, time.time() - first.created)),
        ]
        st.caption(" · ".join(facts))
        if label.notes:
            st.caption(escape(label.notes[:NOTES_SHOWN] + (" …" if len(label.notes) > NOTES_SHOWN else "")))
        positions = {arm.name: place for place, arm in enumerate(spec.arms)}  # colours are those of its charts
        for run in runs:
            _run(home, run, positions[run.arm])


def _run(home: Home, run: RunEntry, position: int) -> None:
    colour, icon = BADGES[run.status]
    with st.container(horizontal=True, vertical_alignment="center"):
        with st.container(horizontal=True, vertical_alignment="center", width=400):  # as wide as a phone at most
            st.markdown(f"{dot(position)} {escape(arm_title(run.arm))}", width=190)
            st.badge(_state(run), color=colour, icon=icon, width="content")
        st.caption(_reached(run), width=330)
        with st.container(horizontal=True, horizontal_alignment="right"):
            choice = st.menu_button(
                say("More"),
                ACTIONS[run.status],
                format_func=lambda action: say(action),
                icon=":material/more_horiz:",
                type="tertiary",
                key=f"actions_{run.run_id}",
            )
    if run.newer:
        st.caption(f":material/update: {escape(run.newer)}")  # not shown
    if run.status in RESUMABLE and run.message:
        words = escape(run.message)
        st.caption(words if run.status == "stopped" else f":red[{words}]")
    if choice == DELETE:
        ask_to_delete(home, run.run_id, PROBLEM)
    elif choice == KEEP:
        ask_to_keep(home, run.run_id, PROBLEM)
    elif choice:
        _act(home, run.run_id, choice)
        st.rerun()


def _reached(run: RunEntry) -> str:
    parts: list[str] = [
        say("seed {seed}", seed=run.seed),
        say("{done} of {epochs}", done=run.epochs, epochs=number_of(run.max_epochs, "epoch")),
    ]
    if run.best_val_accuracy is not None:
        parts.append(say("best {accuracy}", accuracy=percent(run.best_val_accuracy)))
    if run.test_accuracy is not None:
        parts.append(say("test {accuracy}", accuracy=percent(run.test_accuracy)))
    return " · ".join(parts)


def _act(home: Home, run_id: str, action: str) -> None:
    with show_problems(PROBLEM):
        with without_slot():
            {STOP: jobs.stop, RESUME: jobs.resume}[action](home, run_id)
        if action == RESUME:
            jobs.ensure_supervisor(home)
