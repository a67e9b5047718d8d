"""What every page begins with: its settings in the browser, the name, the links to the pages, the column of content."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import streamlit as st

from tl.languages import later, say
from tl.store.home import Home
from tl.ui.parts import language
from tl.ui.parts.problems import show_problems

PAGES = {
    later("Compare"): ("app.py", ":material/compare_arrows:"),
    later("Data size"): ("pages/1_Data_size.py", ":material/stacked_line_chart:"),
    later("Runs"): ("pages/2_Runs.py", ":material/list:"),
    later("Inspect"): ("pages/3_Inspect.py", ":material/image_search:"),
    later("Library"): ("pages/4_Model_library.py", ":material/bookmarks:"),
}
ICON = Path(__file__).with_name("icon.svg")  # a file: Streamlit fetches its own icons from the internet
STYLE = Path(__file__).with_name("page.css")
CONTENT_WIDTH = 1160  # pixels: lines and charts stay readable on a wide screen


@contextmanager
def begin(title: str) -> Iterator[None]:
    """Set the page up, `title` in the reader's language, and draw its head; a context in whose container everything else goes.

    What does not work in it (the queue is damaged, say) is shown in place of the rest.
    """
    language.begin()
    st.set_page_config(page_title=f"{say(title)} · TL Lab", page_icon=str(ICON), layout="wide")
    st.html(STYLE)
    Home().policy.begin_page()
    middle = st.container(horizontal_alignment="center")
    content = middle.container(width=CONTENT_WIDTH, gap="medium")
    with content.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.markdown("**TL Lab**", width="content")
        for name, (path, icon) in PAGES.items():
            st.page_link(path, label=say(name), icon=icon)
        language.choice()
    with content, show_problems():
        yield


def introduce() -> None:
    """What this is about, for the page without an experiment."""
    with st.container():
        st.title(say("Is transfer learning worth it here?"), anchor=False)
        st.markdown(
            say(
                "Train the same network from scratch and from pretrained weights, side by side; read which was better and how "
                "sure that is."
            )
        )


def home() -> Home:
    """Where the runs and data sets lie of whoever sees this page."""
    root = Home()
    return root.of(root.policy.owner())
