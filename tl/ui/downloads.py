"""What can be taken home of an experiment that has ended: the report as one HTML file, the bundle for another TL Lab."""

import streamlit as st

from tl.config import Refused
from tl.ui.view import ExperimentView


def show(now: ExperimentView, options: dict) -> None:
    """Two buttons; the files are made when they are pressed. `options` are what the verdict was judged by."""
    from tl.report.bundle import export_bundle, fingerprint

    home, experiment_id = now.home, now.experiment_id
    try:
        digest = fingerprint(home, experiment_id, options)
    except Refused:  # something was resumed in another tab
        return
    name = f"tl-lab-{experiment_id}-{digest}"
    with st.container(horizontal=True):
        st.download_button(
            "Report",
            data=lambda: _report(home, experiment_id, options),
            file_name=f"{name}.html",
            mime="text/html",
            icon=":material/description:",
            key="download_report",
            on_click="ignore",
            help="One HTML file with all of this; opens without a network.",
        )
        st.download_button(
            "Bundle",
            data=lambda: export_bundle(home, experiment_id),
            file_name=f"{name}.zip",
            mime="application/zip",
            icon=":material/folder_zip:",
            key="download_bundle",
            on_click="ignore",
            help="Settings and numbers, no pictures; `python -m tl import FILE.zip` shows this page on another machine.",
        )


def _report(home, experiment_id: str, options: dict) -> bytes:
    from tl.report.experiment import experiment_report  # altair's renderer: only when it is wanted

    return experiment_report(home, experiment_id, **options).encode()
