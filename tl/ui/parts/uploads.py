"""What uploads leave behind until their tab is closed: Streamlit keeps every file whole, and we what waits for an answer."""

import tempfile
import threading
import time
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import streamlit as st
from streamlit import runtime
from streamlit.runtime.scriptrunner import get_script_run_ctx
from streamlit.runtime.uploaded_file_manager import UploadedFile

from tl.languages import joined, later, say
from tl.ui.parts.problems import show_kept, show_problems
from tl.ui.parts.render_slot import without_slot

if TYPE_CHECKING:  # pandas
    from tl.datasets import Incoming

POLL_SECONDS = 10.0  # between two questions whether a tab is open
GONE_SECONDS = 120.0  # without a tab after which what waits for its answer goes; as long Streamlit waits for it, too
WAIT_SECONDS = 3_600.0  # after which it goes anyway
NOT_KEPT = later("The file was not kept; choose it again to retry.")


def forget(file: UploadedFile) -> None:
    """Give back the memory of what `st.file_uploader` returned and is not needed again.

    It gives None from the next run on, though the browser still shows the file's name.
    """
    context = get_script_run_ctx()
    assert context is not None  # drawing a page
    manager: Any = context.uploaded_file_mgr
    manager.remove_file(context.session_id, file.file_id)


def take(title: str, kind: str, key: str, most: int, read: Callable[[Path], tuple[str, dict[str, str]]]) -> None:
    """Draw where a file of this `kind` is dropped, `most` MB of it; `read` imports it and gives the page, with its address,
    that is opened then. What it refuses is said below, and the file is not kept."""
    problem, state = f"{key}_problem", st.session_state
    file = st.file_uploader(title, type=kind, key=key, max_upload_size=most)
    if file is not None:
        state.pop(problem, None)
        with show_problems(problem):
            with tempfile.NamedTemporaryFile(suffix=f".{kind}") as kept, st.spinner(say("Checking it …")):
                kept.write(file.getbuffer())
                kept.flush()
                with without_slot():
                    page, address = read(Path(kept.name))
            forget(file)
            st.switch_page(page, query_params=address)
        forget(file)  # refused, it would fill the memory for uploads, which all visitors share
        state[problem] = joined([state[problem], say(NOT_KEPT)])
    elif state[key] is None:  # taken back, or none yet
        state.pop(problem, None)
    show_kept(problem, every_run=True)


def held_bytes() -> dict[str, int]:
    """Bytes of uploads in memory, by Streamlit session."""
    manager: Any = runtime.get_instance().uploaded_file_mgr
    stored = manager.file_storage
    # Lists, because pages put in and take out meanwhile.
    return {session: sum(len(file.data) for file in list(files.values())) for session, files in list(stored.items())}


def close_with_its_tab(waiting: "Incoming") -> None:
    """Close what waits for an answer when this session's tab has been closed for a while, or when it has waited for too long."""
    context = get_script_run_ctx()
    if context is None or not runtime.exists():
        return
    look = threading.Thread(
        target=_look_after,
        args=(weakref.ref(waiting), context.session_id),
        name="waiting upload",  # not shown
        daemon=True,
    )
    look.start()


def _look_after(waiting: "weakref.ref[Incoming]", session_id: str) -> None:
    began = seen = time.monotonic()
    while True:
        time.sleep(POLL_SECONDS)
        upload = waiting()
        if upload is None or not upload.open:
            return
        now = time.monotonic()
        if runtime.exists() and runtime.get_instance().is_active_session(session_id):
            seen = now
        if now - seen > GONE_SECONDS or now - began > WAIT_SECONDS:
            upload.close()
            return
        del upload
