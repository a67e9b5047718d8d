"""Import of a bundle that another TL Lab has exported: an expander on the page of all runs."""

import tempfile
from pathlib import Path

import streamlit as st

from tl.report.subject import EXPERIMENT, SWEEP
from tl.store.home import Home
from tl.ui import demo, uploads
from tl.ui.problems import told
from tl.ui.text import escape
from tl.ui.turn import out_of_turn

PROBLEM = "import_problem"
MAX_MEGABYTES = 200
PAGES = {EXPERIMENT: "app.py", SWEEP: "pages/1_Data_size.py"}


def show(home: Home) -> None:
    """Draw it; what was imported is opened at once."""
    box = st.expander("Import a bundle", icon=":material/folder_zip:", on_change="rerun", key="import_box")
    if not box.open:
        return
    with box:
        st.caption("A bundle from the Bundle button of another TL Lab: settings and numbers, no pictures.")
        file = st.file_uploader(
            "Bundle", type="zip", key="import_file", max_upload_size=demo.at_most("upload_megabytes", MAX_MEGABYTES)
        )
        if file is not None:
            st.session_state.pop(PROBLEM, None)
            with told(PROBLEM):
                _import(home, file)
            uploads.forget(file)  # refused, it would fill the memory for uploads, which all visitors share
            st.session_state[PROBLEM] += f" {uploads.NOT_KEPT}"
        elif st.session_state["import_file"] is None:  # taken back, or none yet
            st.session_state.pop(PROBLEM, None)
        if problem := st.session_state.get(PROBLEM):
            st.error(escape(problem), icon=":material/error:")


def _import(home: Home, file) -> None:
    """Import the upload and go to its page."""
    from tl.report.intake import import_bundle  # pyarrow: only when there is something to read

    with tempfile.NamedTemporaryFile(suffix=".zip") as kept:
        kept.write(file.getbuffer())
        kept.flush()
        with out_of_turn():
            kind, ident = import_bundle(home, Path(kept.name), "The bundle")
    uploads.forget(file)
    st.switch_page(PAGES[kind], query_params={kind: ident})
