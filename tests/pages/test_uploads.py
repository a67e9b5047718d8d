"""Memory of uploads is given back."""

from types import SimpleNamespace

from streamlit import runtime
from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager
from streamlit.runtime.uploaded_file_manager import UploadedFileRec
from streamlit.testing.v1 import AppTest

from tl.ui import uploads


def page() -> None:
    import streamlit as st
    from streamlit.runtime.scriptrunner import get_script_run_ctx

    from tl.ui import uploads

    file = st.file_uploader("Zip")
    if file is not None:
        context = get_script_run_ctx()
        kept = [len(context.uploaded_file_mgr.get_files(context.session_id, [file.file_id]))]
        uploads.forget(file)
        kept.append(len(context.uploaded_file_mgr.get_files(context.session_id, [file.file_id])))
        st.json(kept)


def test_an_upload_that_was_taken_over_is_forgotten():
    app = AppTest.from_function(page).run()
    app.file_uploader[0].upload("a.zip", b"x" * 5).run()
    assert not app.exception and app.json[0].value == "[1, 0]"


def test_what_is_in_memory_is_told_by_session(monkeypatch):
    manager = MemoryUploadedFileManager("/upload")
    monkeypatch.setattr(runtime, "get_instance", lambda: SimpleNamespace(uploaded_file_mgr=manager))
    assert uploads.held_bytes() == {}
    for session, file_id, size in (("one", "a", 5), ("one", "b", 7), ("two", "a", 3)):
        manager.add_file(session, UploadedFileRec(file_id, "x.zip", "application/zip", bytes(size)))
    assert uploads.held_bytes() == {"one": 12, "two": 3}
    manager.remove_session_files("one")
    assert uploads.held_bytes() == {"two": 3}
