"""Section 3 of the form: the arms of the comparison, and the settings they share."""

import streamlit as st

from tl.charts.palette import arm_colour
from tl.config import ArmConfig
from tl.store.home import Home
from tl.strategies import STRATEGIES
from tl.ui import demo, form_state
from tl.ui.compose import own_network
from tl.ui.form_state import arm_key
from tl.ui.settings import arm_settings, shared_settings, shared_summary
from tl.ui.text import escape


def dot(position: int) -> str:
    """Markdown of an arm's colour mark."""
    return f':small[:color[⬤]{{foreground="{arm_colour(position)}"}}]'


def section(home: Home, info=None) -> list:
    """Draw the section; gives the places for the arms' plans and, as the last, for their legend.

    `info` is what is known about the pictures they will learn, where any are chosen.
    """
    state = st.session_state
    st.subheader("3 · Arms", anchor=False)
    places = []
    with st.grid(min(3, max(2, len(state[form_state.ARMS]))), min_column_width=280):
        for position, number in enumerate(state[form_state.ARMS]):
            with st.container(border=True, height="stretch", gap="xsmall", key=f"form_arm_card_{number}"):
                places.append(_arm(home, number, position))
    places.append(st.container(key="form_plan_legend"))
    with st.container(horizontal=True):
        st.button(
            "Add an arm",
            icon=":material/add:",
            key="form_add_arm",
            on_click=_add,
            disabled=len(state[form_state.ARMS]) >= demo.at_most("runs_together", form_state.MAX_ARMS),
        )
        with st.popover("Settings for all arms", icon=":material/tune:", width="content"):
            shared_settings(info)
    if summary := shared_summary():
        st.caption(summary)
    return places


def _arm(home: Home, number: int, position: int):
    """Draw one arm's card; gives the place for its plan."""
    state = st.session_state
    strategy_key = arm_key(number, "strategy")
    st.markdown(f"{dot(position)} :small[Arm {position + 1}]")  # a label's markup would be read out
    st.selectbox(
        f"Arm {position + 1}",
        list(STRATEGIES),
        key=strategy_key,
        label_visibility="collapsed",
        format_func=lambda key: STRATEGIES[key].title,
        persist_state="session",
    )
    strategy = STRATEGIES[state[strategy_key]]
    st.caption(strategy.sentence)
    if strategy.source:
        st.caption(f":small[{strategy.source}]")
    said = st.container()
    st.space("stretch")
    place = st.container(key=f"form_plan_place_{number}")
    with st.container(horizontal=True, horizontal_alignment="distribute"):
        with st.popover("Settings", icon=":material/tune:", type="tertiary", key=f"form_arm_settings_{number}"):
            arm_settings(number, state[strategy_key])
            own_network.settings(home, number, state[strategy_key])
        if words := own_network.words(number, state[strategy_key]):
            said.caption(f":material/hub: {escape(words)}")
        if len(state[form_state.ARMS]) > 2:
            st.button(
                "Remove",
                icon=":material/close:",
                type="tertiary",
                key=f"form_remove_{number}",
                on_click=form_state.remove_arm,
                args=(state, number),
            )
    return place


def _add() -> None:
    used = {st.session_state[arm_key(number, "strategy")] for number in st.session_state[form_state.ARMS]}
    strategy = next((key for key in STRATEGIES if key not in used), "full_finetuning")
    form_state.add_arm(st.session_state, ArmConfig(name=strategy, strategy=strategy))
