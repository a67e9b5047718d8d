"""The form's network: which network, which pretrained weights, at which resolution."""

import re
from functools import cache

import streamlit as st

from tl import sources, timm_networks
from tl.backbones import BACKBONES
from tl.config import RESOLUTIONS, Refused
from tl.languages import commas, joined, language, say
from tl.networks import pictures_in_words
from tl.sources import Source
from tl.sources.licences import in_words, restricts
from tl.sources.overview import label, overview, summary
from tl.store.home import Home
from tl.ui.compose.form_state import shared_key
from tl.ui.parts.fold import fold
from tl.ui.parts.text import escape
from tl.words import percent, plain

BACKBONE, WEIGHTS, RESOLUTION = shared_key("backbone"), shared_key("weights"), shared_key("resolution")
OPEN = "form_open_network"


def section(home: Home) -> None:
    """Draw the section, behind its line."""
    known = fit_form_to_network(home)
    chosen = known.get(st.session_state[WEIGHTS])
    place = fold(say("Network"), _words(chosen), OPEN)
    if place is not None:
        with place:
            _choices(home, known)
            words = escape(summary(overview(home, st.session_state[BACKBONE])))
            st.caption(say("Network: {summary}.", summary=words))
            if not known:
                st.caption(escape(sources.none_published(st.session_state[BACKBONE], [])))
    if chosen and (place is not None or restricts(chosen.licence)):
        _about(chosen)


def fit_form_to_network(home: Home) -> dict[str, Source]:
    """The weights that the chosen network may have, by key; what the form holds is changed to what there is."""
    state = st.session_state
    known = {entry.key: entry for entry in sources.available(home, state[BACKBONE])}
    if state[WEIGHTS] not in known:
        state[WEIGHTS] = _usual(home, state[BACKBONE], list(known))
    possible = possible_resolutions(home, state[BACKBONE], state[RESOLUTION])
    if state[RESOLUTION] not in possible:
        state[RESOLUTION] = min(possible, key=lambda side: abs(side - state[RESOLUTION]))
    return known


def _words(chosen: Source | None) -> str:
    """ "MobileNetV2, Bundled: Tiny ImageNet, 64 px"."""
    state = st.session_state
    weights = option(chosen) if chosen else say("no pretrained weights")
    return escape(commas([BACKBONES[state[BACKBONE]].title, weights, f"{state[RESOLUTION]} px"]))


def _choices(home: Home, known: dict[str, Source]) -> None:
    state = st.session_state
    first, second, third = st.columns([2, 2, 1])
    networks = offered(home)
    with first:
        st.selectbox(
            say("Network"),
            networks if state[BACKBONE] in networks else [*networks, state[BACKBONE]],  # known, though not listed
            key=BACKBONE,
            format_func=label_of,
            persist_state="session",
            help=say(
                "The short list comes first. Type to search timm's networks: a part of a name or a family, such as "
                "“vit_small” or “convnext”."
            ),
        )
    with second:
        st.selectbox(
            say("Pretrained weights"),
            list(known) or [sources.AUTO],
            key=WEIGHTS,
            format_func=lambda key: option(known[key]) if known else say("none"),
            disabled=not known,
            persist_state="session",
        )
    with third:
        st.selectbox(
            say("Resolution"),
            possible_resolutions(home, state[BACKBONE], state[RESOLUTION]),
            key=RESOLUTION,
            format_func=lambda side: f"{side} px",
            persist_state="session",
            help=say("Side of the square picture the network sees. Twice the side is about four times the work."),
        )


def offered(home: Home) -> list[str]:
    """The table's networks, then timm's; where these are offered."""
    return [*BACKBONES, *(timm_networks.names() if home.policy.offers_timm else ())]


def label_of(name: str) -> str:
    """A network as its option says it."""
    return _label(name, language())


@cache
def _label(name: str, language: str) -> str:
    return label(name)


def _about(chosen: Source) -> None:
    """What the chosen weights know, how large they are, and what their licence says."""
    known = {"pictures": escape(pictures_in_words(chosen.source_data)), "accuracy": percent(chosen.accuracy)}
    if chosen.accuracy is None:
        trained = say("Weights trained on {pictures}.", pictures=known["pictures"])
    elif chosen.repository:
        trained = say("Weights trained on {pictures}, {accuracy} top-1 on ImageNet, as timm reports.", **known)
    else:
        trained = say("Weights trained on {pictures}, {accuracy} top-1 there.", **known)
    size, megabytes = None, chosen.size_bytes / 2**20
    if chosen.state == "download" and chosen.repository:
        size = say("About {megabytes:.0f} MB to download.", megabytes=megabytes)
    elif chosen.state == "download":
        size = say("{megabytes:.0f} MB to download.", megabytes=megabytes)
    words = joined([trained, size, say("Licence: {licence}.", licence=escape(in_words(chosen.licence)))])
    if restricts(chosen.licence):
        st.warning(words, icon=":material/license:")
    else:
        st.caption(words)


def possible_resolutions(home: Home, backbone: str, held: int | None = None) -> list[int]:
    """What can be chosen for a network, within the policy; what is `held`, too: any multiple of 16 may come from
    elsewhere."""
    network, most = BACKBONES[backbone], home.policy.at_most("resolution", max(RESOLUTIONS))
    sides = sorted({*RESOLUTIONS, *network.sides, *([held] if held else [])})
    return [side for side in sides if network.takes(side) and side <= most] or [network.min_resolution]


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
    short = re.split(r",| \(|，|（", title)[0]
    return say("{weights} · download", weights=short) if source.state == "download" else short
