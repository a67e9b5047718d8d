"""What strangers who use a hosted TL Lab are told of its limits, and the form held within them. Else there are none."""

from collections.abc import MutableMapping
from typing import Any

import streamlit as st

from tl.config import Refused
from tl.hosted import visits
from tl.hosted.limits import limits
from tl.jobs.queue import check_size
from tl.store.home import Home
from tl.ui.compose import form_state
from tl.ui.compose.form_state import arm_key, shared_key
from tl.ui.compose.presets import Preset
from tl.ui.parts.text import count, escape

REMOVED = "demo_removed"


def tell(home: Home) -> None:
    """Say what may be used, and what was removed since the last visit; nothing where TL Lab is not hosted."""
    bounds = limits()
    if bounds.life_hours is None:
        return
    if told := visits.removed(home):
        st.session_state[REMOVED] = told  # for this session: it is read once
        visits.forget_removed(home)
    if told := st.session_state.get(REMOVED):
        st.info(escape(told), icon=":material/auto_delete:")
    st.caption(
        f"This demo: up to {count(bounds.pictures)} pictures of {count(bounds.classes)} classes in "
        f"{count(bounds.upload_megabytes)} MB, {count(bounds.samples)} training pictures, {bounds.resolution} px, "
        f"{count(bounds.epochs)} epochs, {count(bounds.run_minutes)} minutes a run, {count(bounds.runs_active)} runs at "
        f"a time. Pictures and runs are removed {count(bounds.life_hours)} h after your last visit."
    )


def at_most(name: str, usual: int) -> int:
    """The smaller of `usual` and the limit of this name, where there is one."""
    limit = getattr(limits(), name)
    return usual if limit is None else min(usual, limit)


def hold(state: MutableMapping[Any, Any]) -> None:
    """Bring what a preset or a data set put into the form within the limits; what was typed is refused instead."""
    keys = {shared_key(name): name for name in ("epochs", "resolution", "samples")}
    own = [(number, name) for number in state[form_state.ARMS] for name in ("epochs", "resolution")]
    keys |= {arm_key(number, name): name for number, name in own}
    for key, name in keys.items():
        if isinstance(state.get(key), int):
            state[key] = at_most(name, state[key])
    if isinstance(state[form_state.SEEDS], int):
        state[form_state.SEEDS] = at_most_seeds(state, state[form_state.SEEDS])


def at_most_seeds(state: MutableMapping[Any, Any], usual: int) -> int:
    """Seeds, so that arms x seeds stays within its limit."""
    together = limits().runs_together
    return usual if together is None else max(1, min(usual, together // len(state[form_state.ARMS])))


def presets(known: dict[str, Preset], home: Home) -> dict[str, Preset]:
    """Those that can be started here; always the first."""
    first = next(iter(known))
    return {key: preset for key, preset in known.items() if key == first or _allowed(home, preset)}


def _allowed(home: Home, preset: Preset) -> bool:
    try:
        check_size(home, preset.here(), 0)  # "all" is made to fit by the form
    except Refused:
        return False
    return True
