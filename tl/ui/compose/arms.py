"""The form's arms, and the settings they share, each behind its line."""

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from tl.arm_names import arm_title
from tl.config import ArmConfig
from tl.datasets.info import DatasetInfo
from tl.languages import commas, say
from tl.store.home import Home
from tl.strategies import STRATEGIES, offered
from tl.ui.compose import form_state, own_network
from tl.ui.compose.form_state import arm_key
from tl.ui.compose.settings import arm_settings, shared_settings, shared_summary
from tl.ui.parts.chart import dot
from tl.ui.parts.fold import UNKNOWN, fold
from tl.ui.parts.text import escape

OPEN, SETTINGS_OPEN = "form_open_arms", "form_open_settings"
SETTINGS = "form_arm_settings"  # and the arm's number: whether its settings are open


def section(home: Home, info: DatasetInfo | None = None) -> list[DeltaGenerator]:
    """Draw both lines and what is open; gives the places for the arms' plans and, as the last, for their legend: none where
    the arms are folded away.

    `info` is what is known about the pictures they will learn, where any are chosen.
    """
    state = st.session_state
    for number in state[form_state.ARMS]:
        own_network.drop_unavailable_choices(home, number)
    places: list[DeltaGenerator] = []
    if (place := fold(say("Arms"), _words(), OPEN)) is not None:
        with place:
            places = _cards(home)
    if (place := fold(say("Settings for all arms"), shared_summary() or say(UNKNOWN), SETTINGS_OPEN)) is not None:
        with place, st.grid(3, min_column_width=260):
            shared_settings(home, info)
    return places


def _words() -> str:
    """ "From scratch, Full fine-tuning", by the colours they will have."""
    names = form_state.arm_names(st.session_state)
    return commas(f"{dot(place)} {escape(arm_title(name))}" for place, name in enumerate(names))


def _cards(home: Home) -> list[DeltaGenerator]:
    state = st.session_state
    places = []
    with st.grid(min(3, max(2, len(state[form_state.ARMS]))), min_column_width=280):
        for position, number in enumerate(state[form_state.ARMS]):
            with st.container(border=True, height="stretch", gap="xsmall", key=f"form_arm_card_{number}"):
                places.append(_arm(home, number, position))
    places.append(st.container(key="form_plan_legend"))
    st.button(
        say("Add an arm"),
        icon=":material/add:",
        key="form_add_arm",
        on_click=_add,
        disabled=len(state[form_state.ARMS]) >= home.policy.at_most("runs_together", form_state.MAX_ARMS),
    )
    return places


def _arm(home: Home, number: int, position: int) -> DeltaGenerator:
    """Draw one arm's card; gives the place for its plan."""
    state = st.session_state
    strategy_key = arm_key(number, "strategy")
    title = say("Arm {number}", number=position + 1)
    st.markdown(f"{dot(position)} :small[{title}]")  # a label's markup would be read out
    st.selectbox(
        title,
        offered(bool(state.get(form_state.shared_key("target_dataset")))),
        key=strategy_key,
        label_visibility="collapsed",
        format_func=lambda key: say(STRATEGIES[key].title),
        persist_state="session",
    )
    strategy = STRATEGIES[state[strategy_key]]
    st.caption(strategy.sentence_for(state[arm_key(number, "weights")]))
    if strategy.source:
        st.caption(f":small[{strategy.source}]")
    said = st.container()
    st.space("stretch")
    place = st.container(key=f"form_plan_place_{number}")
    with st.container(horizontal=True, horizontal_alignment="distribute"):
        key = f"{SETTINGS}_{number}"
        box = st.popover(say("Settings"), icon=":material/tune:", type="tertiary", on_change="rerun", key=key)
        if box.open:
            with box:
                arm_settings(home, number, state[strategy_key])
                own_network.settings(home, number, state[strategy_key])
        if words := own_network.words(number, state[strategy_key]):
            said.caption(":material/hub: " + escape(words))
        if len(state[form_state.ARMS]) > 2:
            st.button(
                say("Remove"),
                icon=":material/close:",
                type="tertiary",
                key=f"form_remove_{number}",
                on_click=form_state.remove_arm,
                args=(state, number),
            )
    return place


def _add() -> None:
    state = st.session_state
    strategy = form_state.unused_strategy(state[arm_key(number, "strategy")] for number in state[form_state.ARMS])
    form_state.add_arm(st.session_state, ArmConfig(name=strategy, strategy=strategy))
