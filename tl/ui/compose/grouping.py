"""Which pictures of an upload belong together: a small choice beside the zip."""

import streamlit as st

from tl.languages import later, say

WAY, PATTERN, TABLE = "form_zip_group", "form_zip_pattern", "form_zip_table"
WAYS = {
    "none": later("None"),
    "folder": later("By the sub-folder of the class folder"),
    "pattern": later("By a pattern in the file name"),
    "table": later("By a column of a CSV in the zip"),
}
LONGEST = 200  # characters of a pattern


def choice() -> tuple[bool, str | None]:
    """Draw it; whether it is complete, and what `datasets.read` takes as `group`."""
    st.selectbox(
        say("Pictures that belong together"),
        list(WAYS),
        format_func=lambda way: say(WAYS[way]),
        key=WAY,
        help=say(
            "Pictures of one patient, one video or one burst never land on both sides of a split made here. Equal and "
            "almost equal pictures are found and kept together anyway."
        ),
    )
    way, text = st.session_state[WAY], ""
    if way == "pattern":
        text = st.text_input(
            say("Pattern (regular expression)"),
            key=PATTERN,
            placeholder="^([^_]+)_",
            max_chars=LONGEST,
            help=say(
                "Pictures with the same text in the first group (in the whole match, if the pattern has no group) "
                "belong together: ^([^_]+)_ puts anna_1.jpg and anna_2.jpg in one group. Pictures that do not match "
                "stand alone."
            ),
        )
    elif way == "table":
        text = st.text_input(
            say("CSV and its column"),
            key=TABLE,
            placeholder="pictures.csv:patient",
            max_chars=LONGEST,
            help=say(
                "A table in the zip with one line per picture: its name in the column file (or filename, path, image, "
                "name, else the first one), and this column, which is the same for pictures that belong together."
            ),
        )
        if text and ".csv:" not in text.lower():
            st.caption(say("Enter the file and the column, joined by a colon: pictures.csv:patient"))
            return False, None
    else:
        return True, None if way == "none" else way
    return bool(text), text or None
