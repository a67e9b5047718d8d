"""Links to the pages of an experiment."""

import streamlit as st

COMPARE, INSPECT = "app.py", "pages/3_Inspect.py"


def experiment_link(page: str, experiment_id: str, label: str, icon: str, **address: str) -> None:
    """Draw a link to one of these pages; `address`: what more the page's address says."""
    st.page_link(page, label=label, icon=icon, query_params={"experiment": experiment_id} | address)
