"""The pictures that a network is to work on, where those that it learns from look different: a second data set.

Behind a line of the form, closed unless somebody opens it; then it costs nothing.
"""

from collections.abc import MutableMapping, Sequence
from typing import Any

import streamlit as st

from tl import datasets
from tl.config import ArmConfig, Refused
from tl.config.training import LEAVE_OUT, STOP
from tl.datasets.info import DatasetInfo
from tl.datasets.matching import FEWEST, Matching, match, unmatched
from tl.languages import joined, later, say
from tl.store.home import Home
from tl.strategies import SOURCE_AND_FEW, STRATEGIES, TARGET
from tl.ui.compose import domain_distance, form_state, own_pictures
from tl.ui.compose.contents import strip
from tl.ui.compose.form_state import arm_key, shared_key
from tl.ui.parts.fold import UNKNOWN, fold
from tl.ui.parts.numbers import typed
from tl.ui.parts.text import escape
from tl.words import count, number_of, percent, plain

NAME, UNMATCHED = shared_key("target_dataset"), shared_key("unmatched")
OPEN = "form_open_target"
TITLE = later("Will it be used on pictures that look different?")
NONE = later("No: it will be used on pictures like these")
CHOICES = {STOP: later("Stop: I'll rename classes first"), LEAVE_OUT: later("Leave these classes out")}
FIRST_ARMS = ("source_only", "adabn", "mcc")  # that a comparison of ways to adapt begins with
SEEDS = 3  # fewer say little: adversarial training swings from seed to seed


def section(home: Home, source: DatasetInfo, sound: Sequence[DatasetInfo]) -> bool:
    """Draw the line and, where it is open, what is behind it; whether the two sets can be compared as they are chosen."""
    state = st.session_state
    known = {info.name: info for info in sound if info.name != source.name}
    if state.get(NAME) not in known:
        state[NAME] = None  # deleted, or now what is learned from
    info = known.get(state[NAME])
    found = match(source.classes, info.classes) if info else None
    place = fold(say(TITLE), _words(info, found), OPEN)
    if place is not None:
        with place:
            _choice(home, source, known, info, found)
    return found is None or _fits(found)


def _fits(found: Matching) -> bool:
    return len(found.classes) >= FEWEST and (found.whole or st.session_state.get(UNMATCHED) == LEAVE_OUT)


def _words(info: DatasetInfo | None, found: Matching | None) -> str:
    """What it holds, in a line; Markdown."""
    if info is None or found is None:
        return say("add pictures of that kind")
    labels = _in_both(found) if info.labelled else say("no labels")
    words = say("it will work on {dataset}", dataset=escape(info.title))
    return " · ".join([words, labels, *([] if _fits(found) else [say(UNKNOWN)])])


def _in_both(found: Matching) -> str:
    return say("{classes} in both", classes=number_of(len(found.classes), "class"))


def _choice(
    home: Home, source: DatasetInfo, known: dict[str, DatasetInfo], info: DatasetInfo | None, found: Matching | None
) -> None:
    left, right = st.columns(2)
    with left:
        st.selectbox(
            say("It will work on"),
            [None, *known],
            key=NAME,
            format_func=lambda name: say(NONE) if name is None else _option(known[name]),
            placeholder=say(NONE),
            on_change=_changed,
            args=(home,),
            persist_state="session",
            help=say(
                "Networks learn from the pictures above and are tested on these. Their labels, if they have any, are used "
                "only for the test. Bring your own under “Add your own pictures”, with or without labels."
            ),
        )
    if info is None or found is None:
        st.caption(
            say(
                "Your labelled pictures are photographs, say, and the model has to work on sketches, X-rays, or another "
                "camera's pictures. Is it worth adapting, or better to label fifty? The comparison is tested on those "
                "pictures."
            )
        )
        return
    with right:
        try:
            strip(home, info)
        except Refused as problem:
            st.error(escape(problem), icon=":material/error:")
    _matching(source, info, found)
    if source.ready and info.ready:
        domain_distance.section(home, source.name, info.name)
    if info.origin == "upload":
        own_pictures.delete_button(home, info.name)


def _option(info: DatasetInfo) -> str:
    title = plain(info.title)
    if not info.labelled:
        return say("{dataset} (no labels)", dataset=title)
    return title if info.ready else say("{dataset} (downloads on first use)", dataset=title)


def _matching(source: DatasetInfo, info: DatasetInfo, found: Matching) -> None:
    if not info.labelled:
        st.caption(
            say(
                "{pictures} without labels: how well it works on them can only be estimated, until you label {number} of them "
                "here (under “{section}”, afterwards).",
                pictures=number_of(info.train + info.validation + info.test, "picture"),
                number=min(50, info.test),
                section=say("Look at its pictures"),
            )
        )
        return
    if len(found.classes) < FEWEST:
        sets = {"source": escape(source.called), "target": escape(info.called)}
        if found.classes:
            common = say("{source} and {target} have only one class in common.", **sets)
        else:
            common = say("{source} and {target} have no class in common.", **sets)
        hint = say("Classes are matched by name: rename those of one of them under “Change the classes”.")
        st.error(joined([common, hint]), icon=":material/error:")
        return
    if not found.whole:
        st.warning(escape(say("{classes}.", classes=unmatched(source, info, found))), icon=":material/rule:")
        st.radio(
            say("What only one of them has"),
            list(CHOICES),
            key=UNMATCHED,
            format_func=lambda choice: say(CHOICES[choice]),
            persist_state="session",
            horizontal=True,
        )
    _balance(source, info, found)


def _balance(source: DatasetInfo, info: DatasetInfo, found: Matching) -> None:
    """How much of each set each common class is, where both say so."""
    sides = [
        [sum(side.counts.get(side.classes[number], {}).values()) for number in numbers]
        for side, numbers in ((source, found.source_numbers), (info, found.target_numbers))
    ]
    if not all(map(all, sides)):
        return
    with st.expander(_in_both(found), icon=":material/balance:"):
        shares = [[number / sum(side) for number in side] for side in sides]
        columns: dict[str, list[str]] = {say("class"): [plain(name) for name in found.classes]}
        for place, info_of, numbers, share in zip((1, 2), (source, info), sides, shares, strict=True):
            title = plain(info_of.title)  # may be that of another column
            columns[f"{title} ({place})" if title in columns else title] = [
                f"{count(n)} ({percent(s, 0)})" for n, s in zip(numbers, share, strict=True)
            ]
        st.dataframe(columns, hide_index=True, alt=say("Pictures of each class in both sets"))
        largest = max(abs(one - two) for one, two in zip(*shares, strict=True))
        if largest > 0.1:
            st.caption(
                say(
                    ":material/warning: The classes are not equally common in both. Ways to adapt that align the two "
                    "sets as a whole can then mix up classes; the one conditioned on the predictions (CDAN) suffers "
                    "least."
                )
            )


def _changed(home: Home) -> None:
    """Another choice: the arms that a comparison of ways to adapt begins with, or the usual ones again."""
    state = st.session_state
    state[UNMATCHED] = STOP
    state[shared_key("resplit")] = None
    chosen = state[NAME]
    if chosen is None and any(STRATEGIES[key].needs_target for key in _strategies(state)):
        form_state.fill_arms(state, [_arm(key) for key in ("scratch", "full_finetuning")])
    elif chosen is not None:
        suit(state, datasets.describe(home, chosen).labelled)


def suit(state: MutableMapping[Any, Any], labelled: bool) -> None:
    """Put arms into the form that make sense on a target: those there are where one adapts already, without those that
    need labels where it has none; at least SEEDS seeds."""
    kept = [key for key in _strategies(state) if STRATEGIES[key].needs_target]
    if not labelled:
        kept = [key for key in kept if STRATEGIES[key].learns_from not in (SOURCE_AND_FEW, TARGET)]
    if len(kept) < 2:
        kept = [key for key in FIRST_ARMS if key in STRATEGIES]
    form_state.fill_arms(state, [_arm(key) for key in kept])
    try:
        asked = typed(state, form_state.SEEDS) or 1
    except Refused:  # what was typed is no number of seeds
        asked = 1
    state[form_state.SEEDS] = max(SEEDS, asked)


def _strategies(state: MutableMapping[Any, Any]) -> list[str]:
    return [state[arm_key(number, "strategy")] for number in state[form_state.ARMS]]


def _arm(strategy: str) -> ArmConfig:
    return ArmConfig(name=strategy, strategy=strategy)
