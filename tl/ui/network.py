"""Section 2 of the form: which network, which pretrained weights, at which resolution."""

import streamlit as st

from tl import sources
from tl.backbones import BACKBONES
from tl.config import RESOLUTIONS, Refused
from tl.store.home import Home
from tl.ui import demo
from tl.ui.form_state import shared_key
from tl.ui.text import escape, millions, percent, plain

BACKBONE, WEIGHTS, RESOLUTION = shared_key("backbone"), shared_key("weights"), shared_key("resolution")


def section(home: Home) -> None:
    """Draw the section."""
    state = st.session_state
    st.subheader("2 · Network", anchor=False)
    first, second, third = st.columns([2, 2, 1])
    with first:
        st.selectbox(
            "Network",
            list(BACKBONES),
            key=BACKBONE,
            format_func=lambda key: f"{BACKBONES[key].title} · {millions(BACKBONES[key].parameters)} parameters",
            persist_state="session",
        )
    known = {entry.key: entry for entry in sources.available(home, state[BACKBONE])}
    if state[WEIGHTS] not in known:
        state[WEIGHTS] = _usual(home, state[BACKBONE], list(known))
    with second:
        st.selectbox(
            "Pretrained weights",
            list(known) or [sources.AUTO],
            key=WEIGHTS,
            format_func=lambda key: option(known[key]) if known else "none",
            disabled=not known,
            persist_state="session",
        )
    possible = possible_resolutions(state[BACKBONE])
    if state[RESOLUTION] not in possible:
        state[RESOLUTION] = min(possible, key=lambda side: abs(side - state[RESOLUTION]))
    with third:
        st.selectbox(
            "Resolution",
            possible,
            key=RESOLUTION,
            format_func=lambda side: f"{side} px",
            persist_state="session",
            help="Side of the square picture the network sees. Twice the side is about four times the work.",
        )
    if not known:
        st.caption(escape(sources.none_published(state[BACKBONE], [])))
        return
    chosen = known[state[WEIGHTS]]
    accuracy = "" if chosen.accuracy is None else f", {percent(chosen.accuracy)} top-1 there"
    size = f" Download, {chosen.size_bytes / 2**20:.0f} MB." if chosen.state == "download" else ""
    st.caption(f"Weights trained on {escape(chosen.source_data)}{accuracy}.{size} Licence: {escape(chosen.licence)}.")


def possible_resolutions(backbone: str) -> list[int]:
    """What can be chosen for a network, within a demo's limit."""
    least, most = BACKBONES[backbone].min_resolution, demo.at_most("resolution", max(RESOLUTIONS))
    return [side for side in RESOLUTIONS if least <= side <= most] or [least]


def _usual(home: Home, backbone: str, known: list[str]) -> str:
    """The weights that are offered first; of a network without published ones the first own, or AUTO for none."""
    if BACKBONES[backbone].imagenet is None and known:
        return known[0]
    try:
        return sources.resolve(home, backbone, sources.AUTO)
    except Refused:
        return sources.AUTO


def option(source) -> str:
    """As much of the title as a select box has room for; the caption below it says the rest."""
    title = plain(source.title)
    short = title.split(",")[0].split(" (")[0]
    return short + (" · download" if source.state == "download" else "")
