"""The model library: what can be transferred, as cards; one's own can be renamed, deleted, exported and brought in."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Literal

import streamlit as st

from tl import sources
from tl.backbones import BACKBONES
from tl.config import Refused
from tl.jobs import library
from tl.jobs.library import LibraryEntry
from tl.jobs.library_files import bring_in, export, file_name
from tl.languages import joined, language, plural, say, speaking
from tl.networks import pictures_in_words
from tl.sources import Source
from tl.sources.card import accuracy_words, card_of
from tl.sources.licences import restricts
from tl.sources.source import HERE
from tl.store.home import Home
from tl.store.queue.database import read_experiment
from tl.ui.compose import form
from tl.ui.parts import uploads, view
from tl.ui.parts.deletion import ask
from tl.ui.parts.keep_in_library import PAGE
from tl.ui.parts.links import COMPARE, experiment_link
from tl.ui.parts.problems import show_kept, show_problems
from tl.ui.parts.render_slot import without_slot
from tl.ui.parts.text import escape, unbroken
from tl.words import count, memory, number_of, percent

PROBLEM, NEW_NAME = "library_problem", "library_new_name"
RENAME_PROBLEM = "library_rename_problem"
MAX_MEGABYTES = 500
USERS_SHOWN = 3  # experiments that a card leads to
COLOURS: dict[str, Literal["blue", "green", "gray"]] = {"bundled": "blue", "library": "green"}  # of HERE; others: gray


def show(home: Home) -> None:
    """Draw the page. The address may name weights of one's own that were just added: `weights`."""
    own, others = library.entries(home), library.others_here(home)
    show_kept(PROBLEM)
    st.header(say("Your own"), anchor=False)
    if not own:
        st.info(
            say(
                "Nothing yet. On the Runs page, “Keep as a starting point” in the menu of a finished run puts what it has "
                "learned here; later comparisons can start from it."
            ),
            icon=":material/bookmark_add:",
        )
    new = st.query_params.get("weights")
    for entry in sorted(own, key=lambda entry: entry.source.key != new):
        with _card(entry.source, entry.source.key == new):
            _users(home, entry)
            with st.container(horizontal=True):
                _use(home, entry.source)
                _change(home, entry)
    _bring_in(home)
    st.header(say("Published, and here"), anchor=False)
    for found in others:
        if home.policy.offers_timm or not found.backbone.startswith("timm:"):
            with _card(found):
                _use(home, found)
    _to_be_downloaded(home)


@contextmanager
def _card(found: Source, new: bool = False) -> Iterator[None]:
    """Draw what is known of weights; a context in which the rest of the card goes."""
    with st.container(border=True, gap="xsmall", key=f"library_{_key(found)}"):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(f"**{escape(_title(found))}**", width="content")
            st.badge(say(HERE[found.state].title), color=COLOURS.get(found.state, "gray"), width="content")
            if new:
                st.badge(say("New"), icon=":material/check:", color="green", width="content")
        history = library.history(found)
        if len(history) > 1 or found.state == "library":
            told = (
                f"{escape(step.data)} :small[({escape(step.size())})]" if step.size() else escape(step.data)
                for step in history
            )
            st.markdown(" → ".join(told))
        _facts(found)
        yield


def _title(found: Source) -> str:
    """What a card is called: one's own by its name, others by their network and pictures, which many share."""
    if found.state == "library":
        return found.key
    return say("{network}: {data}", network=BACKBONES[found.backbone].title, data=pictures_in_words(found.source_data))


def _facts(found: Source) -> None:
    card = card_of(found.card)
    facts = [f"{found.input.size} px", memory(found.size_bytes)]
    if found.state == "library":  # else its title says so
        facts.insert(0, BACKBONES[found.backbone].title)
    if card is None and found.accuracy is not None:
        facts.append(say("{accuracy} top-1 there as published", accuracy=percent(found.accuracy)))
    if card and card.accuracy is not None:
        reached = accuracy_words(card)
        if card.test_images:
            pictures = number_of(card.test_images, "test picture")  # not shown
            facts.append(say("{accuracy} on {pictures}", accuracy=reached, pictures=pictures))
        else:
            facts.append(reached)
    st.caption(" · ".join(map(unbroken, facts)))
    words = say("Licence: {licence}", licence=escape(library.licence_words(found)))
    if restricts(found.licence):
        st.warning(words, icon=":material/license:")
    else:
        st.caption(words)


def _change(home: Home, entry: LibraryEntry) -> None:
    """Draw the buttons that only one's own weights have."""
    name = entry.source.key
    if st.button(say("Rename"), icon=":material/edit:", type="tertiary", key=f"rename_{name}"):
        st.session_state[NEW_NAME] = name
        st.session_state.pop(RENAME_PROBLEM, None)
        st.dialog(say("Rename these weights"))(_ask_to_rename)(home, name)
    code = language()
    st.download_button(
        say("Export"),
        data=lambda: _exported(home, name, code),
        file_name=file_name(f"{name}-{entry.source.sha256[:8]}"),
        mime="application/octet-stream",
        icon=":material/download:",
        type="tertiary",
        key=f"export_{name}",
        on_click="ignore",
        help=say("One safetensors file with its card, for the library of another TL Lab."),
    )
    if st.button(say("Delete"), icon=":material/delete:", type="tertiary", key=f"delete_{name}"):
        _ask_to_delete(home, entry)


def _users(home: Home, entry: LibraryEntry) -> None:
    """Links to the experiments that began with them."""
    if not entry.used_by:
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        experiments = number_of(len(entry.used_by), "experiment")
        st.caption(say("Used by {experiments}:", experiments=experiments), width="content")
        for experiment_id in entry.used_by[:USERS_SHOWN]:
            spec = read_experiment(home, experiment_id)["experiment"]
            data = view.data_title(home, spec, [])
            label = say("{data}, {pictures} pictures", data=data, pictures=count(spec.samples))
            experiment_link(COMPARE, experiment_id, escape(label), ":material/compare_arrows:")


def _use(home: Home, found: Source) -> None:
    words = say("Fills the form on Compare.")
    if st.button(say("Use"), icon=":material/play_arrow:", key=f"use_{_key(found)}", help=words):
        form.start_from(home, found)
        st.switch_page("app.py")


def _key(found: Source) -> str:
    """Of a card: weights of several networks may be called alike."""
    return found.key if found.state == "library" else f"{found.backbone.replace(':', '_')}__{found.key}"


def _ask_to_delete(home: Home, entry: LibraryEntry) -> None:
    def delete() -> None:
        with show_problems(PROBLEM), without_slot():
            library.delete(home, entry.source.key)

    name, size = escape(entry.source.key), memory(entry.source.size_bytes)
    sentences: list[str] = [say("**{name}** ({size}) is permanently deleted.", name=name, size=size)]
    if entry.used_by:
        sentences.append(
            plural(
                "{number:,} experiment used them and keeps its results.",
                "{number:,} experiments used them and keep their results.",
                len(entry.used_by),
            )
        )
    ask(say("Delete these weights?"), joined(sentences), [(say("Delete"), "confirm_delete", delete)])


def _ask_to_rename(home: Home, name: str) -> None:
    st.text_input(say("Name"), key=NEW_NAME, max_chars=40, help=say("Up to 40 characters: a-z, 0-9, “-” and “_”."))
    show_kept(RENAME_PROBLEM, every_run=True)
    with st.container(horizontal=True, horizontal_alignment="right"):
        if st.button(say("Cancel"), key="cancel_rename"):
            st.rerun()
        clicked = st.button(say("Rename"), type="primary", key="confirm_rename", on_click=_rename, args=(home, name))
        if clicked and RENAME_PROBLEM not in st.session_state:
            st.rerun()


def _rename(home: Home, name: str) -> None:
    st.session_state.pop(RENAME_PROBLEM, None)
    with show_problems(RENAME_PROBLEM), without_slot():
        library.rename(home, name, st.session_state[NEW_NAME].strip())


def _exported(home: Home, name: str, code: str) -> bytes:
    """The file; made when the page is long drawn, so what was deleted meanwhile is told in it, in the page's language."""
    with tempfile.TemporaryDirectory() as folder, speaking(code):
        try:
            export(home, name, Path(folder) / file_name(name))
        except Refused as refusal:
            return f"{refusal}\n".encode()
        return (Path(folder) / file_name(name)).read_bytes()


def _bring_in(home: Home) -> None:
    box = st.expander(
        say("Import from another TL Lab"), icon=":material/upload_file:", on_change="rerun", key="import_box"
    )
    if not box.open:
        return
    with box:
        st.caption(say("A file from the Export button of another TL Lab’s library. It is checked before it is used."))
        most = home.policy.at_most("upload_megabytes", MAX_MEGABYTES)
        uploads.take(say("Weights"), "safetensors", "library_file", most, partial(_import, home))


def _import(home: Home, file: Path) -> tuple[str, dict[str, str]]:
    return PAGE, {"weights": bring_in(home, file, shown=say("The file")).key}


def _to_be_downloaded(home: Home) -> None:
    """What ImageNet weights there are beyond those that are here."""
    away = [entry for name in BACKBONES for entry in sources.available(home, name) if entry.state == "download"]
    if not away:
        return
    names = ", ".join(f"{BACKBONES[entry.backbone].title} ({entry.size_bytes / 2**20:.0f} MB)" for entry in away)
    st.caption(
        joined(
            [
                say(
                    "ImageNet weights that are downloaded when a comparison first uses them: {networks}.",
                    networks=escape(names),
                ),
                say("To find more of timm’s networks, type under Network on Compare."),
            ]
        )
    )
