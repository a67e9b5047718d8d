"""The form of a sweep: the pictures, network and arms of a comparison, but sizes in place of one sample count."""

import time
from dataclasses import replace

import streamlit as st

from tl import datasets, jobs
from tl.backbones import BACKBONES
from tl.config import Experiment, Refused
from tl.datasets import DatasetInfo
from tl.jobs.sizes import ALL, PRESETS, parse_sizes, preset_title
from tl.languages import commas, listed, reworded, say
from tl.store.home import Home
from tl.store.queue.name_and_notes import NONE, all_names_and_notes
from tl.ui.compose import arms, bounds, cost, forecast, form_state, network, pictures, reuse
from tl.ui.compose.presets import PRESETS as COMPARISONS
from tl.ui.parts import plan, view
from tl.ui.parts.numbers import typed
from tl.ui.parts.problems import show_kept, show_problems
from tl.ui.parts.text import escape
from tl.words import STATUSES, ago, count

SIZES, OWN, PROBLEM, SEEDS = "sweep_sizes", "sweep_own", "sweep_problem", form_state.SEEDS
OWN_SIZES = "own"
FIRST_SEEDS = 3  # the fewest with intervals
FIRST_SIZES = 4  # of the preset that comes first, in most sets
SHOWN = 8  # earlier sweeps


def show(home: Home) -> None:
    """Draw the form and, below it, earlier sweeps."""
    state = st.session_state
    if form_state.ARMS not in state:
        first = next(iter(COMPARISONS.values())).experiment
        runs = len(first.arms) * FIRST_SIZES
        seeds = home.policy.at_most("runs_active", runs * FIRST_SEEDS) // runs
        form_state.fill(state, replace(first, seeds=tuple(range(max(1, seeds)))))
    form_state.renew_token(state, home)
    home.policy.tell()
    pictures.take_over_upload(home)
    bounds.hold_to_limits(home, state)
    with st.container(border=True):
        chosen, lines = st.container(), st.container(gap="xsmall")
    with chosen:
        info = pictures.section(home, lines, _size_choice)
    with lines:
        network.section(home)
        places = arms.section(home, info)
        _more_seeds()
    reuse.notice(state)
    if title := state.get(reuse.ORIGIN):
        st.caption(say("Filled with the settings of “{title}”.", title=escape(reworded(title))))
    if told_of := state.get(reuse.LEFT_OUT):
        st.warning(escape(reworded(told_of)), icon=":material/rule:")
    experiment = _start_row(home, info)
    if experiment and info:
        with st.container(border=True):
            forecast.section(home, experiment, info.ready)
    _earlier(home)
    if experiment:  # last, so that the form can be used while charts are still being made
        plan.in_form(places, experiment)


def _size_choice(home: Home, info: DatasetInfo) -> None:
    """In place of one number of training pictures: a preset, or one's own list."""
    usable = _usable(home, info)
    titles = {name: preset_title(name, usable, info.train) for name in PRESETS} | {OWN_SIZES: say("My own sizes")}
    st.session_state.setdefault(SIZES, next(iter(PRESETS)))
    st.selectbox(
        say("Sizes: training pictures, of {total:,}", total=info.train),
        list(titles),
        format_func=titles.__getitem__,
        key=SIZES,
        persist_state="session",
        help=say("The pictures of a smaller size are among those of a larger one; validation and test stay the same."),
    )
    if st.session_state[SIZES] == OWN_SIZES:
        title = say("Sizes, joined by commas")
        st.text_input(title, key=OWN, placeholder=f"100, 300, 1000, {ALL}", persist_state="session")


def _sizes(home: Home, info: DatasetInfo) -> tuple[int, ...]:
    """The sizes the form describes. Raises Refused."""
    state = st.session_state
    return parse_sizes(state.get(OWN) or "" if state[SIZES] == OWN_SIZES else state[SIZES], _usable(home, info))


def _usable(home: Home, info: DatasetInfo) -> DatasetInfo:
    """The set with as many training pictures as may be used here."""
    return replace(info, train=home.policy.at_most("samples", info.train))


def _more_seeds() -> None:
    """Draw the button that asks for as many as give an interval, where there are fewer."""
    try:
        if typed(st.session_state, SEEDS) >= FIRST_SEEDS:
            return
    except Refused:
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        words = say("With fewer than 3 seeds the result holds only for the networks trained here.")
        st.caption(words, width="content")
        st.button(
            say("Use {number} seeds", number=FIRST_SEEDS),
            key="sweep_more_seeds",
            on_click=st.session_state.update,
            args=({SEEDS: FIRST_SEEDS},),
            type="tertiary",
        )


def _start_row(home: Home, info: DatasetInfo | None) -> Experiment | None:
    """Draw the end of the form; gives what every size trains, None where it can't be accepted."""
    state = st.session_state
    experiment: Experiment | None = None
    sizes: tuple[int, ...] = ()
    with show_problems():
        if info:
            sizes = _sizes(home, info)
            experiment = form_state.compose(state, sized=False)
            shown = " · ".join(map(count, sizes))
            runs = len(sizes) * len(experiment.arms) * len(experiment.seeds)
            words = say(
                "Sizes: {sizes}. {runs} runs; it can be stopped after any of them.",
                sizes=shown,
                runs=runs,
            )
            st.caption(words)
    cost.start_row(home, experiment, info, sizes, "sweep_start", _start)
    show_kept(PROBLEM, every_run=True)
    if experiment and sizes:
        cost.show_command(say("Show the command that does the same"), experiment, sizes)
    return experiment


def _start(home: Home) -> None:
    """Runs once per click, before the page: the token makes a second click find the sweep of the first."""
    state = st.session_state
    state.pop(PROBLEM, None)
    try:
        sizes = _sizes(home, datasets.describe(home, state[pictures.DATASET]))
        experiment = form_state.compose(state, sized=False)
    except Refused:  # typed just before the click: the form, redrawn, says so where it says so anyway
        return
    with show_problems(PROBLEM):
        sweep_id = jobs.submit_sweep(home, experiment, sizes, key=state[form_state.TOKEN])
        st.query_params["sweep"] = sweep_id
        jobs.ensure_supervisor(home)


def use(experiment: Experiment, sizes: tuple[int, ...], title: str) -> None:
    """To the form, filled with the settings of an earlier sweep, called `title`."""
    state = st.session_state
    reuse.use(state, experiment, title)
    state.pop(PROBLEM, None)
    state[pictures.WANTS_UPLOAD] = False
    state[SIZES], state[OWN] = OWN_SIZES, ", ".join(map(str, sizes))
    new_sweep()


def new_sweep() -> None:
    """Back to the form as it was left, for another sweep."""
    st.query_params.clear()


def _earlier(home: Home) -> None:
    found = jobs.list_sweeps(home)[:SHOWN]
    if not found:
        return
    called = all_names_and_notes(home)
    st.header(say("Earlier sweeps"), anchor=False)
    for entry in found:
        with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
            networks = listed(BACKBONES[each].title for each in entry["networks"])
            pictures_of = view.sets_title(home, entry["dataset"], entry["target_dataset"])
            about = say("{networks} on {pictures}", networks=networks, pictures=pictures_of)
            name = called.get(entry["sweep_id"], NONE).name
            sizes = " · ".join(map(count, entry["sizes"]))
            states = commas(say(STATUSES[status].counted, number=number) for status, number in entry["runs"].items())
            age = ago(max(0.0, time.time() - entry["created"]))
            more = f"{escape(about)} · " if name else ""
            st.markdown(f"**{escape(name or about)}**  \n:small[{more}{sizes} · {states} · {age}]", width="content")
            st.button(
                say("Open"),
                icon=":material/open_in_full:",
                key=f"open_{entry['sweep_id']}",
                on_click=st.query_params.update,
                args=({"sweep": entry["sweep_id"]},),
            )
