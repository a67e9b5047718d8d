"""The form held within what may be started here (see tl.policy): its numbers, its seeds, its presets."""

from collections.abc import MutableMapping
from typing import Any

from tl.config import Refused
from tl.store.home import Home
from tl.ui.compose import form_state
from tl.ui.compose.form_state import arm_key, shared_key
from tl.ui.compose.presets import Preset


def hold_to_limits(home: Home, state: MutableMapping[Any, Any]) -> None:
    """Bring what a preset or a data set put into the form within the limits; what was typed is refused instead."""
    keys = {shared_key(name): name for name in ("epochs", "resolution", "samples")}
    own = [(number, name) for number in state[form_state.ARMS] for name in ("epochs", "resolution")]
    keys |= {arm_key(number, name): name for number, name in own}
    for key, name in keys.items():
        if isinstance(state.get(key), int):
            state[key] = home.policy.at_most(name, state[key])
    if isinstance(state[form_state.SEEDS], int):
        state[form_state.SEEDS] = at_most_seeds(home, state, state[form_state.SEEDS])


def at_most_seeds(home: Home, state: MutableMapping[Any, Any], usual: int) -> int:
    """Seeds, so that arms x seeds stays within its limit."""
    together = home.policy.runs_together
    return usual if together is None else max(1, min(usual, together // len(state[form_state.ARMS])))


def presets(known: dict[str, Preset], home: Home) -> dict[str, Preset]:
    """Those that can be started here; always the first."""
    first = next(iter(known))
    return {key: preset for key, preset in known.items() if key == first or _allowed(home, preset)}


def _allowed(home: Home, preset: Preset) -> bool:
    try:
        home.policy.check_settings(preset.here(), 0)  # "all" is made to fit by the form
    except Refused:
        return False
    return True
