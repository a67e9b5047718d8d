"""What can be taken home of an experiment or sweep that has ended: its report as one HTML file, its bundle."""

import io
import zipfile
from typing import Any

import streamlit as st

from tl.config import Refused
from tl.languages import language, say, speaking
from tl.store.home import Home


def show(home: Home, ident: str, options: dict[str, Any]) -> None:
    """Two buttons; the files are made when they are pressed. `options` are what the verdict was judged by."""
    from tl.report.bundle import fingerprint

    try:
        digest = fingerprint(home, ident, options)
    except Refused:  # something was resumed in another tab
        return
    name, code = f"tl-lab-{ident}-{digest}", language()
    with st.container(horizontal=True):
        st.download_button(
            say("Report"),
            data=lambda: _report(home, ident, options, code),
            file_name=f"{name}.html",
            mime="text/html",
            icon=":material/description:",
            key="download_report",
            on_click="ignore",
            help=say("One HTML file with all of this; opens offline."),
        )
        st.download_button(
            say("Bundle"),
            data=lambda: _bundle(home, ident, code),
            file_name=f"{name}.zip",
            mime="application/zip",
            icon=":material/folder_zip:",
            key="download_bundle",
            on_click="ignore",
            help=say(
                "Settings and numbers, no pictures; `python -m tl import FILE.zip` shows this page on another machine."
            ),
        )


# Made when the page is long drawn: what was deleted or resumed in another tab meanwhile is told in the file, since whatever
# is raised here ends up as a traceback in the server's log and as nothing on the page. Nor is anybody known then who reads:
# the language is that of the page.


def _report(home: Home, ident: str, options: dict[str, Any], code: str) -> bytes:
    from tl.report.html_parts import page, paragraph
    from tl.report.report import report  # altair's renderer: only when it is wanted

    with speaking(code):
        try:
            return report(home, ident, **options).encode()
        except Refused as refusal:
            return page(say("No report"), [paragraph(str(refusal))]).encode()


def _bundle(home: Home, ident: str, code: str) -> bytes:
    from tl.report.bundle import export_bundle

    with speaking(code):
        try:
            return export_bundle(home, ident)
        except Refused as refusal:
            memory = io.BytesIO()
            with zipfile.ZipFile(memory, "w") as archive:
                archive.writestr("no bundle.txt", f"{refusal}\n")  # not shown: a file's name
            return memory.getvalue()
