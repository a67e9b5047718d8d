"""Import of a bundle that another TL Lab has exported: an expander on the page of all runs."""

from functools import partial
from pathlib import Path

import streamlit as st

from tl.languages import say
from tl.report.subject import EXPERIMENT, SWEEP
from tl.store.home import Home
from tl.ui.parts import uploads

MAX_MEGABYTES = 200
PAGES = {EXPERIMENT: "app.py", SWEEP: "pages/1_Data_size.py"}


def show(home: Home) -> None:
    """Draw it; what was imported is opened at once."""
    box = st.expander(say("Import a bundle"), icon=":material/folder_zip:", on_change="rerun", key="import_box")
    if not box.open:
        return
    with box:
        st.caption(say("A bundle from the Bundle button of another TL Lab: settings and numbers, no pictures."))
        most = home.policy.at_most("upload_megabytes", MAX_MEGABYTES)
        uploads.take(say("Bundle"), "zip", "import_file", most, partial(_import, home))


def _import(home: Home, bundle: Path) -> tuple[str, dict[str, str]]:
    """Import it; the page of what was in it."""
    from tl.report.bundle_import import import_bundle  # pyarrow: only when there is something to read

    kind, ident = import_bundle(home, bundle, say("The bundle"))
    return PAGES[kind], {kind: ident}
