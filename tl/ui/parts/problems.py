"""What does not work on a page, as one sentence in place of a traceback: what is refused, and trouble with the disk."""

from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st

from tl.config import Refused
from tl.failures import of_disk
from tl.languages import reworded
from tl.ui.parts.text import escape


@contextmanager
def show_problems(key: str | None = None) -> Iterator[None]:
    """Around what a page does. The sentence is shown here or, where a callback leaves it, kept in the session as `key`."""
    try:
        yield
    except (Refused, OSError) as problem:
        said = str(problem) if isinstance(problem, Refused | TimeoutError) else of_disk(problem)
        words = reworded(said)  # a thread's is English
        if words is None:
            raise
        if key is None:
            st.error(escape(words), icon=":material/error:")
        else:
            st.session_state[key] = words


def show_kept(key: str, every_run: bool = False) -> None:
    """The sentence that `show_problems` has kept in the session as `key`, once or in `every_run`; nothing where there is
    none."""
    if problem := st.session_state.get(key) if every_run else st.session_state.pop(key, None):
        st.error(escape(reworded(problem)), icon=":material/error:")
