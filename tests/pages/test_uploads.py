"""Memory of uploads is given back."""

from streamlit.testing.v1 import AppTest


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
