"""Section 3 of the form: the arms of the comparison, and the settings they share."""

import streamlit as st

from tl.charts.palette import arm_colour
from tl.config import ArmConfig
from tl.schedules import OPTIMIZERS, SCHEDULES
from tl.strategies import STRATEGIES
from tl.ui import form_state
from tl.ui.form_state import arm_key, shared_key
from tl.ui.text import rate

SCHEDULE_TITLES = {
    "constant": "Constant",
    "step": "Step: cut every few epochs",
    "cosine": "Cosine: falls smoothly to 0",
    "one_cycle": "One cycle: up, then down",
}


def dot(position: int) -> str:
    """Markdown of an arm's colour mark."""
    return f':small[:color[⬤]{{foreground="{arm_colour(position)}"}}]'


def section() -> None:
    """Draw the section."""
    state = st.session_state
    st.subheader("3 · Arms", anchor=False)
    with st.grid(min(3, max(2, len(state[form_state.ARMS]))), min_column_width=280):
        for position, number in enumerate(state[form_state.ARMS]):
            with st.container(border=True, height="stretch", gap="xsmall", key=f"form_arm_card_{number}"):
                _arm(number, position)
    with st.container(horizontal=True):
        st.button(
            "Add an arm",
            icon=":material/add:",
            key="form_add_arm",
            on_click=_add,
            disabled=len(state[form_state.ARMS]) >= form_state.MAX_ARMS,
        )
        with st.popover("Settings for all arms", icon=":material/tune:", width="content"):
            _shared_settings()
    st.caption(_summary(state))


def _arm(number: int, position: int) -> None:
    state = st.session_state
    strategy_key = arm_key(number, "strategy")
    st.selectbox(
        f"{dot(position)} Arm {position + 1}",
        list(STRATEGIES),
        key=strategy_key,
        format_func=lambda key: STRATEGIES[key].title,
        persist_state="session",
    )
    strategy = STRATEGIES[state[strategy_key]]
    st.caption(strategy.sentence)
    st.space("stretch")
    with st.container(horizontal=True, horizontal_alignment="distribute"):
        with st.popover("Settings", icon=":material/tune:", type="tertiary", key=f"form_arm_settings_{number}"):
            _arm_settings(number, strategy)
        if len(state[form_state.ARMS]) > 2:
            st.button(
                "Remove",
                icon=":material/close:",
                type="tertiary",
                key=f"form_remove_{number}",
                on_click=form_state.remove_arm,
                args=(state, number),
            )


def _arm_settings(number: int, strategy) -> None:
    def key(name: str) -> str:
        return arm_key(number, name)

    st.text_input("Name", key=key("name"), placeholder=strategy.title, max_chars=60, persist_state="session")
    st.number_input(
        "Learning rate",
        min_value=1e-7,
        max_value=10.0,
        step=1e-4,
        format="%g",
        key=key("learning_rate"),
        placeholder=f"{rate(strategy.learning_rate)}, the usual one",
        help="Of the head, at the start.",
        persist_state="session",
    )
    st.number_input(
        "Epochs at most",
        min_value=1,
        max_value=1000,
        key=key("epochs"),
        placeholder="as all arms",
        persist_state="session",
    )
    if "frozen_epochs" in strategy.parameters:
        st.number_input(
            "Epochs with only the head", min_value=0, max_value=1000, key=key("frozen_epochs"), persist_state="session"
        )
    if "unfreeze_factor" in strategy.parameters:
        st.number_input(
            "Factor of the rate afterwards",
            min_value=0.001,
            max_value=1.0,
            step=0.05,
            format="%g",
            key=key("unfreeze_factor"),
            persist_state="session",
        )


def _shared_settings() -> None:
    st.number_input("Epochs at most", min_value=1, max_value=1000, key=shared_key("epochs"), persist_state="session")
    st.number_input(
        "Stop after epochs without a lower validation loss",
        min_value=0,
        max_value=1000,
        key=shared_key("patience"),
        help="Early stopping; 0 switches it off. The best epoch is kept either way.",
        persist_state="session",
    )
    st.number_input(
        "Epochs at the start that this ignores",
        min_value=0,
        max_value=1000,
        key=shared_key("patience_start"),
        help="A new network's validation loss means little until its BatchNorm statistics have settled.",
        persist_state="session",
    )
    st.number_input(
        "Seeds",
        min_value=1,
        max_value=20,
        key=form_state.SEEDS,
        help="Each arm is run once per seed. From 3 on the verdict carries an interval.",
        persist_state="session",
    )
    st.number_input("Batch size", min_value=2, max_value=4096, key=shared_key("batch_size"), persist_state="session")
    st.selectbox(
        "Optimizer",
        list(OPTIMIZERS),
        key=shared_key("optimizer"),
        format_func=OPTIMIZERS.get,
        persist_state="session",
    )
    st.number_input(
        "Weight decay",
        min_value=0.0,
        max_value=1.0,
        step=1e-4,
        format="%g",
        key=shared_key("weight_decay"),
        persist_state="session",
    )
    st.selectbox(
        "Learning rate over time",
        list(SCHEDULES),
        key=shared_key("schedule"),
        format_func=lambda key: SCHEDULE_TITLES.get(key, key),
        persist_state="session",
    )
    if st.session_state[shared_key("schedule")] == "step":
        st.number_input(
            "Epochs between cuts", min_value=1, max_value=1000, key=shared_key("step_epochs"), persist_state="session"
        )
        st.number_input(
            "Factor of each cut",
            min_value=0.001,
            max_value=1.0,
            step=0.05,
            format="%g",
            key=shared_key("step_factor"),
            persist_state="session",
        )
    st.toggle(
        "Augment training pictures",
        key=shared_key("augmentation"),
        help="Random crop and horizontal flip, the same for every arm.",
        persist_state="session",
    )


def _summary(state) -> str:
    """The shared settings in one line, so that nobody has to open them to know them."""
    value = {name: state[shared_key(name)] for name in form_state.SHARED}
    seeds = int(state[form_state.SEEDS])
    patience = value["patience"]
    parts = [
        f"up to {value['epochs']} epochs",
        f"stops after {patience} without progress" if patience else "no early stopping",
        f"{seeds} seed" + ("s" if seeds > 1 else ""),
        f"batches of {value['batch_size']}",
        OPTIMIZERS[value["optimizer"]],
        f"{SCHEDULE_TITLES[value['schedule']].split(':')[0].lower()} rate",
    ]
    return "All arms: " + ", ".join(parts) + "."


def _add() -> None:
    used = {st.session_state[arm_key(number, "strategy")] for number in st.session_state[form_state.ARMS]}
    strategy = next((key for key in STRATEGIES if key not in used), "full_finetuning")
    form_state.add_arm(st.session_state, ArmConfig(name=strategy, strategy=strategy))
