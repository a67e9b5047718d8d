"""Section 2 of the form: which network, which pretrained weights, at which resolution."""

from functools import cache

import streamlit as st

from tl import sources, timm_networks
from tl.backbones import BACKBONES
from tl.config import RESOLUTIONS, Refused
from tl.limits import hosted
from tl.sources import Source
from tl.sources.licences import restricts
from tl.sources.overview import label, overview, summary
from tl.store.home import Home
from tl.ui import demo
from tl.ui.form_state import shared_key
from tl.ui.text import escape, percent, plain

BACKBONE, WEIGHTS, RESOLUTION = shared_key("backbone"), shared_key("weights"), shared_key("resolution")


def section(home: Home) -> None:
    """Draw the section."""
    state = st.session_state
    st.subheader("2 · Network", anchor=False)
    first, second, third = st.columns([2, 2, 1])
    with first:
        st.selectbox(
            "Network",
            offered(),
            key=BACKBONE,
            format_func=label_of,
            persist_state="session",
            help="The short list comes first. Type to search timm's networks: a part of a name or a family, such as "
            "“vit_small” or “convnext”.",
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
    st.caption(f"Network: {escape(summary(overview(home, state[BACKBONE])))}.")
    if not known:
        st.caption(escape(sources.none_published(state[BACKBONE], [])))
        return
    _about(known[state[WEIGHTS]])


def offered() -> list[str]:
    """The table's networks, then timm's; a hosted demo has none of these (tl.store.quota)."""
    return [*BACKBONES, *(() if hosted() else timm_networks.names())]


@cache
def label_of(name: str) -> str:
    """A network as its option says it."""
    return label(name)


def _about(chosen: Source) -> None:
    """What the chosen weights know, how large they are, and what their licence says."""
    where = "on ImageNet, as timm reports" if chosen.repository else "there"
    accuracy = "" if chosen.accuracy is None else f", {percent(chosen.accuracy)} top-1 {where}"
    about = "About " if chosen.repository else ""
    size = f" {about}{chosen.size_bytes / 2**20:.0f} MB to download." if chosen.state == "download" else ""
    told = f"Weights trained on {escape(chosen.source_data)}{accuracy}.{size}"
    if restricts(chosen.licence):
        st.warning(f"{told} Licence: {escape(chosen.licence)}.", icon=":material/license:")
    else:
        st.caption(f"{told} Licence: {escape(chosen.licence)}.")


def possible_resolutions(backbone: str) -> list[int]:
    """What can be chosen for a network, within a demo's limit."""
    network, most = BACKBONES[backbone], demo.at_most("resolution", max(RESOLUTIONS))
    offered = sorted({*RESOLUTIONS, *network.sides})
    return [side for side in offered if network.takes(side) and side <= most] or [network.min_resolution]


def _usual(home: Home, backbone: str, known: list[str]) -> str:
    """The weights that are offered first; of a network without published ones the first own, or AUTO for none."""
    if not BACKBONES[backbone].published and known:
        return known[0]
    try:
        return sources.resolve(home, backbone, sources.AUTO)
    except Refused:
        return sources.AUTO


def option(source: Source) -> str:
    """As much of the title as a select box has room for; the caption below it says the rest."""
    title = plain(source.title)
    short = title.split(",")[0].split(" (")[0]
    return short + (" · download" if source.state == "download" else "")
