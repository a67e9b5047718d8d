"""In which encoding the names in a zip are: asked where the zip does not say it and there is more than one answer."""

from typing import Any

import streamlit as st

from tl.config import Refused
from tl.datasets.spellings import spellings
from tl.languages import say
from tl.words import plain

ENCODING, CONFIRM = "form_zip_names", "form_zip_names_right"
SHOWN = 4  # folders


def choice(file: Any) -> tuple[bool, str | None]:
    """Draw it where the file needs it; whether it is settled, and what `datasets.read` takes as `names`."""
    readings = _readings(file)
    if not readings:
        return True, None
    encoding = st.selectbox(
        say("Names in the zip"),
        list(readings),
        format_func=lambda name: f"{name}: {plain(', '.join(readings[name][:SHOWN]))}",
        key=ENCODING,
        help=say("The zip does not say in which encoding its names are. Choose the line whose names are right."),
    )
    done = st.button(say("Use these names"), key=CONFIRM, icon=":material/check:")
    return done, encoding


def _readings(file: Any) -> dict[str, list[str]]:
    """Encoding -> folders as it reads them, the likeliest first; none where there is nothing to ask."""
    state = st.session_state
    if state.get(f"{ENCODING}_of") != file.file_id:
        try:
            found = spellings(file)
        except Refused:  # said when it is read
            found = {}
        state[f"{ENCODING}_of"], state[f"{ENCODING}_found"] = file.file_id, found
        state.pop(ENCODING, None)
    known: dict[str, list[str]] = state[f"{ENCODING}_found"]
    return known
