"""Classes to leave out, merge and rename, in a table; of an upload before it is used, and of a set that is here."""

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from tl import datasets
from tl.languages import later, say
from tl.store.home import Home
from tl.ui.parts.problems import show_problems
from tl.ui.parts.render_slot import without_slot
from tl.ui.parts.text import escape
from tl.words import cell, number_of, plain

BOX, NAME, DERIVE, PROBLEM = "form_change_classes", "form_derived_name", "form_derive", "form_derive_problem"
LEAST = 3  # pictures of a class that can be divided
SPLITS = {"train": later("train"), "validation": later("validation"), "test": later("test")}  # as columns


def editor(counts: Mapping[str, Mapping[str, int]], key: str) -> datasets.Edits:
    """Draw the table, one row per class with its pictures by split; what is to be changed.

    Raises Refused for a name that can't be.
    """
    names = list(counts)
    splits = [split for split in SPLITS if any(split in own for own in counts.values())]
    columns: dict[str, list[Any]] = {
        "used": [True] * len(names),
        "class": [cell(name) for name in names],
        "called": [plain(name) for name in names],
        "pictures": [sum(own.values()) for own in counts.values()],
    }
    columns |= {split: [own.get(split, 0) for own in counts.values()] for split in splits}
    st.caption(say("Untick a class to leave it out; classes that you call by the same name are merged."))
    edited = st.data_editor(
        columns,
        key=f"{key}_classes",
        hide_index=True,
        width="stretch",
        height=min(320, 38 + 36 * len(names)),
        disabled=["class", "pictures", *splits],
        column_config={
            "used": say("Use"),
            "class": say("Class"),
            "called": st.column_config.TextColumn(say("Call it"), max_chars=80, required=True),
            "pictures": say("Pictures"),
            **{split: say(SPLITS[split]) for split in splits},
        },
    )
    left, right = st.columns(2)
    with left:
        most = st.number_input(
            say("Most pictures per class"), min_value=LEAST, value=None, key=f"{key}_at_most", placeholder=say("all")
        )
    with right:
        least = st.number_input(
            say("Leave out classes with fewer pictures than"),
            min_value=1,
            value=None,
            key=f"{key}_at_least",
            placeholder=say("none"),
        )
    return edits(names, list(edited["used"]), list(edited["called"]), least, most)


def edits(
    names: Sequence[str], used: Sequence[bool], called: Sequence[str | None], least: int | None, most: int | None
) -> datasets.Edits:
    """What a table says, with a row per class: whether it is used, and what it is called."""
    renames = {
        name: str(new).strip()
        for name, use, new in zip(names, used, called, strict=True)
        if use and new and str(new).strip() not in (name, plain(name))
    }
    leave_out = tuple(name for name, use in zip(names, used, strict=True) if not use)
    return datasets.Edits(renames=renames, leave_out=leave_out, at_least=least, at_most=most)


def change_classes(home: Home, info: datasets.DatasetInfo, taken: Sequence[str], uploaded: str) -> None:
    """Draw a box in which a new data set is made of this one; its name is left in the session as `uploaded`."""
    if not info.counts or info.origin == "drawn":
        return
    box = st.expander(say("Change the classes"), icon=":material/category:", on_change="rerun", key=BOX)
    if not box.open:
        return
    with box:
        with show_problems():
            wanted = editor(info.counts, f"derive_{info.name}")
            st.text_input(say("Name of the new set"), key=NAME, placeholder=_free(info.name, taken), max_chars=40)
            if st.button(say("Make a new data set"), key=DERIVE, disabled=not wanted, type="primary"):
                name = (st.session_state[NAME] or "").strip() or _free(info.name, taken)
                with show_problems(PROBLEM), without_slot(), st.spinner(say("Making the new data set …")):
                    st.session_state[uploaded] = datasets.derive(home, info.name, name, wanted).name
        if problem := st.session_state.pop(PROBLEM, None):
            st.error(escape(problem), icon=":material/error:")
        elif uploaded in st.session_state:
            st.rerun()
        classes = number_of(len(info.classes), "class")
        st.caption(say("{classes} stay in {dataset} as they are.", classes=classes, dataset=escape(info.title)))


def _free(name: str, taken: Sequence[str]) -> str:
    names = (f"{name[:36]}-{number}" for number in range(2, 1000))
    return next(candidate for candidate in names if candidate not in taken)
