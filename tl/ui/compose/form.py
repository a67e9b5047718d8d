"""The form: presets, pictures, then network, arms and settings behind a line each, the start, and what to expect.

What it holds is tl.ui.compose.form_state.
"""

from dataclasses import replace
from typing import Any

import streamlit as st

from tl import datasets, sources
from tl.config import PLANNED_LOOKS, Experiment, Refused
from tl.datasets import DatasetInfo
from tl.languages import commas, reworded, say
from tl.store.home import Home
from tl.store.queue.settle_plan import SettlePlan
from tl.ui.compose import advice, arms, bounds, cost, form_state, network, pictures, reuse
from tl.ui.compose.presets import PRESETS, Preset
from tl.ui.parts import plan
from tl.ui.parts.problems import show_kept, show_problems
from tl.ui.parts.text import escape

PROBLEM = "form_problem"
PILLS = "form_presets_drawn"  # how often the pills were redrawn
FILLED = "form_filled"  # the preset that filled the form last


def show(home: Home) -> None:
    """Draw the form. Whoever only presses Start gets the quick look."""
    state = st.session_state
    _begin(home)
    state.setdefault(FILLED, next(iter(PRESETS)))  # begun on the other page
    form_state.renew_token(state, home)
    home.policy.tell()
    if pictures.take_over_upload(home):
        filled = PRESETS[state[FILLED]]
        if _still(home, filled) and state[network.RESOLUTION] == filled.here().resolution:  # nobody has chosen another
            _suit_pictures(home)
    _begin_with_own(home)
    bounds.hold_to_limits(home, state)
    with st.container():
        _presets(home)
        left_out = st.container()
    with st.container(border=True):
        chosen, lines = st.container(), st.container(gap="xsmall")
    with chosen:
        info = pictures.section(home, lines)
    with lines:
        network.section(home)
        places = arms.section(home, info)
    reuse.notice(state)
    if told_of := state.get(reuse.LEFT_OUT):
        left_out.warning(escape(reworded(told_of)), icon=":material/rule:")
    experiment = _start_row(home, info)
    if experiment:  # last, so that the form can be used while charts are still being made
        plan.in_form(places, experiment)
    if experiment and info and not experiment.target_dataset:  # it is about transfer to pictures like these
        advice.section(home, info, experiment)


def _begin(home: Home) -> None:
    """Fill a form that nobody has seen yet."""
    if form_state.ARMS not in st.session_state:
        use_preset(home, next(iter(PRESETS)))


def start_from(home: Home, source: sources.Source) -> None:
    """Let the form, as it was left, start from these weights: their network, and the resolution that they were made for
    here; published ones were made for 224 px, and are useful at lower ones."""
    _begin(home)
    st.session_state[network.BACKBONE] = source.backbone
    st.session_state[network.WEIGHTS] = source.key
    if source.card:
        sides = network.possible_resolutions(home, source.backbone)
        st.session_state[network.RESOLUTION] = min(sides, key=lambda side: abs(side - source.input.size))


def _presets(home: Home) -> None:
    """Lit is the one that the form still is."""
    state = st.session_state
    filled = PRESETS[state[FILLED]]
    origin = state.get(reuse.ORIGIN)
    lit = state[FILLED] if origin is None and _still(home, filled) else None
    drawn = state.setdefault(PILLS, 0)
    if state.setdefault(_pills(drawn), lit) != lit:
        # As another widget: a value assigned to this one would count as a click on the old one, where the browser sends
        # something before it has heard of that.
        drawn = state[PILLS] = drawn + 1
        state[_pills(drawn)] = lit
    st.pills(
        say("Start from"),
        list(bounds.presets(PRESETS, home)),
        format_func=lambda key: f"{PRESETS[key].icon} {say(PRESETS[key].title)}",
        key=_pills(drawn),
        on_change=_clicked,
        args=(home, drawn),
        persist_state="session",
        wrap=True,
    )
    if origin is not None:
        st.caption(say("Filled with the settings of “{title}”.", title=escape(reworded(origin))))
    elif lit:
        st.caption(say(filled.sentence))
    else:
        st.caption(say("Begun as “{title}”, changed since.", title=say(filled.title)))


def _still(home: Home, preset: Preset) -> bool:
    """Whether the form says what the preset filled in, as far as that could be had here."""
    state = st.session_state
    fresh: dict[Any, Any] = {}
    form_state.fill(fresh, preset.here(home, state[pictures.DATASET]))
    bounds.hold_to_limits(home, fresh)
    wanted = form_state.compose(fresh)
    try:
        now = form_state.compose(state)
        weights = [sources.resolve(home, one.backbone, one.weights) for one in (now, wanted)]
        given = not preset.upload or state.get(pictures.WANTS_UPLOAD) or pictures.all_of(home, now.dataset, now.samples)
    except Refused:  # its pictures may have been deleted, too
        return False
    left_free: dict[str, Any] = {"weights": now.weights}
    if preset.upload:  # whichever own pictures there are, all of them
        left_free |= {"dataset": now.dataset, "samples": now.samples}
    if preset.seconds:  # what this machine is fast enough for was known when it was filled in
        left_free |= {"resolution": now.resolution}
    return bool(
        given and not state[form_state.SETTLE] and weights[0] == weights[1] and replace(wanted, **left_free) == now
    )


def _begin_with_own(home: Home) -> None:
    """Own pictures begin as the preset for them does, ImageNet weights and all, while nothing else was changed."""
    state, first = st.session_state, next(iter(PRESETS))
    own = next(key for key, preset in PRESETS.items() if preset.upload)
    chosen = {name: state[form_state.shared_key(name)] for name in ("dataset", "samples")}
    begun_anew = state[FILLED] == first and reuse.ORIGIN not in state
    if not begun_anew or chosen["dataset"] in datasets.BUILT_IN or not datasets.has(home, chosen["dataset"]):
        return
    if _still(home, replace(PRESETS[first], upload=True)):
        form_state.fill(state, PRESETS[own].here(home, chosen["dataset"]))
        state.update({form_state.shared_key(name): value for name, value in chosen.items()})
        state[FILLED] = own


def _pills(drawn: int) -> str:
    return f"form_preset_{drawn}"


def _clicked(home: Home, drawn: int) -> None:
    chosen = st.session_state.get(_pills(drawn))
    if chosen is not None and drawn == st.session_state[PILLS]:  # None: a click on the one that is lit
        use_preset(home, chosen)


def use_preset(home: Home, key: str) -> None:
    """Fill the form with what this preset says, as far as it can be had here."""
    preset = PRESETS[key]
    st.session_state[FILLED] = key
    form_state.fill(st.session_state, preset.here())
    st.session_state.pop(PROBLEM, None)
    reuse.forget(st.session_state)
    st.session_state[pictures.WANTS_UPLOAD] = preset.upload
    if preset.upload:
        pictures.use_newest_upload(home)
    _suit_pictures(home)


def _suit_pictures(home: Home) -> None:
    """What the preset makes depend on the pictures, by those that are chosen now."""
    state = st.session_state
    preset = PRESETS[state[FILLED]]
    here = preset.here(home, state[pictures.DATASET])
    if preset.probes:
        form_state.fill_arms(state, here.arms)
    if preset.seconds:
        state[network.RESOLUTION] = here.resolution


def _start_row(home: Home, info: DatasetInfo | None) -> Experiment | None:
    """Draw the end of the form; gives the experiment it describes, None where it can't be accepted."""
    state = st.session_state
    experiment: Experiment | None = None
    settle: SettlePlan | None = None
    with show_problems():
        experiment, settle = form_state.experiment_and_plan(state)
    with cost.start_row(home, experiment, info, (), "form_start", _start):
        st.checkbox(
            say("Run until settled"),
            key=form_state.SETTLE,
            persist_state="session",
            help=say(
                "Starts with at least {least} seeds and adds more while the outcome is open, checked at {looks} seeds. No "
                "check starts that would end more than {minutes} minutes after the first run starts.",
                least=PLANNED_LOOKS[0],
                looks=commas(map(str, PLANNED_LOOKS)),
                minutes=SettlePlan().at_most_minutes,
            ),
        )
        if experiment and reuse.kept_of(home, state, experiment):
            state.setdefault(reuse.TAKE_OVER, True)
            st.checkbox(
                say("Take over finished runs"),
                key=reuse.TAKE_OVER,
                persist_state="session",
                help=say("Unchanged arms are not trained again with the same seeds: the result would be the same."),
            )
    show_kept(PROBLEM, every_run=True)
    if experiment:
        cost.show_command(say("Show the command that does the same"), experiment, settle=settle)
    return experiment


def _start(home: Home) -> None:
    """Runs once per click, before the page: the token makes a second click find the experiment of the first."""
    from tl import jobs

    state = st.session_state
    state.pop(PROBLEM, None)
    try:
        experiment, settle = form_state.experiment_and_plan(state)
    except Refused:  # typed just before the click: the form, redrawn, says so where it says so anyway
        return
    with show_problems(PROBLEM):
        keep_of = reuse.kept_of(home, state, experiment) if state.get(reuse.TAKE_OVER) else None
        experiment_id = jobs.submit(home, experiment, key=state[form_state.TOKEN], settle=settle, keep_of=keep_of)
        st.query_params["experiment"] = experiment_id
        jobs.ensure_supervisor(home)


def use(experiment: Experiment, title: str, experiment_id: str | None = None, opened: str | None = None) -> None:
    """To the form, filled with the settings of an earlier comparison; as tl.ui.compose.reuse.use, and with one part `opened`
    (the key of its line)."""
    state = st.session_state
    reuse.use(state, experiment, title, experiment_id)
    state.pop(PROBLEM, None)
    state[pictures.WANTS_UPLOAD] = False
    if opened:
        state[opened] = True
    new_comparison()


def new_comparison() -> None:
    """Back to the form as it was left, for another experiment."""
    st.query_params.clear()
