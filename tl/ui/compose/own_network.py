"""What one arm transfers that the others don't: a network, pretrained weights and a resolution of its own, if wanted."""

from typing import Any

import streamlit as st

from tl import sources
from tl.backbones import BACKBONES
from tl.config import TRANSFERRED, Refused
from tl.differences import transferred_words
from tl.effects import of_another_strategy
from tl.languages import later, say
from tl.store.home import Home
from tl.strategies import RANDOM, STRATEGIES
from tl.ui.compose import network
from tl.ui.compose.form_state import arm_key, shared_key

AS_ABOVE = later("As above")
NONE = later("None: random weights")


def drop_unavailable_choices(home: Home, number: int) -> None:
    """Drop what it has of its own that there is not, or not for the network that is chosen now."""
    state = st.session_state
    keys = {name: arm_key(number, name) for name in TRANSFERRED}
    if all(state[key] is None for key in keys.values()):
        return
    if state[keys["backbone"]] not in BACKBONES:
        state[keys["backbone"]] = None
    backbone = state[keys["backbone"]] or state[shared_key("backbone")]
    either = (RANDOM,) if STRATEGIES[state[arm_key(number, "strategy")]].either_start else ()
    if state[keys["weights"]] not in (None, *either, *(entry.key for entry in sources.available(home, backbone))):
        state[keys["weights"]] = None
    held = state[keys["resolution"]]
    if held not in (None, *network.possible_resolutions(home, backbone, held)):
        state[keys["resolution"]] = None


def settings(home: Home, number: int, strategy: str) -> None:
    """Draw them, for an arm of this strategy (a key of STRATEGIES); each is left empty for what is chosen above."""
    state = st.session_state
    st.markdown(say(":small[Its own, where it differs from the network above]"))
    networks = network.offered(home)
    if (held := state[arm_key(number, "backbone")]) not in (None, *networks):
        networks.append(held)  # known, though not listed
    _choice(say("Network"), number, "backbone", networks, network.label_of)
    backbone = state[arm_key(number, "backbone")] or state[shared_key("backbone")]
    if "weights" not in of_another_strategy(strategy):
        known = {entry.key: entry for entry in sources.available(home, backbone)}
        titles = {key: network.option(entry) for key, entry in known.items()}
        titles |= {RANDOM: say(NONE)} if STRATEGIES[strategy].either_start else {}
        alike = backbone == state[shared_key("backbone")]
        usual = say(AS_ABOVE) if alike else _usual(home, backbone, state[shared_key("weights")])
        _choice(say("Pretrained weights"), number, "weights", list(titles), titles.__getitem__, usual)
    possible = network.possible_resolutions(home, backbone, state[arm_key(number, "resolution")])
    _choice(say("Resolution"), number, "resolution", possible, lambda side: f"{side} px")


def words(number: int, strategy: str) -> str:
    """What it has of its own, for its card: "EfficientNet-Lite0, 128 px"; not escaped."""
    own = [name for name in TRANSFERRED if name not in of_another_strategy(strategy)]
    return transferred_words({name: st.session_state[arm_key(number, name)] for name in own})


def _usual(home: Home, backbone: str, shared: str) -> str:
    """The weights that another network begins with where its arm names none (see tl.config.Training.of), as an option."""
    key = shared if shared in (sources.AUTO, sources.IMAGENET) else sources.AUTO
    try:
        return network.option(sources.source(home, backbone, key))
    except Refused:  # the start says which there are
        return say("none")


def _choice(title: str, number: int, name: str, options: list[Any], show: Any, empty: str = "") -> None:
    key, empty = arm_key(number, name), empty or say(AS_ABOVE)
    st.selectbox(title, options, index=None, key=key, format_func=show, placeholder=empty, persist_state="session")
