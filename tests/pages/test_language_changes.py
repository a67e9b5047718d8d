"""Another language is chosen while a page is open: what was chosen on it stays, in the words of the new one."""

import pytest
from streamlit.testing.v1 import AppTest

from tests import page_lab
from tl.config import Refused
from tl.languages import say, speaking
from tl.ui.manage import search
from tl.ui.parts import problems
from tl.ui.parts.language import WIDGET


def words_of(app, key: str) -> str:
    """What the page tells the browser to show as chosen; "" where the browser knows."""
    proto = app.selectbox(key=key).proto
    return proto.raw_value if proto.set_value else ""


def turn(app, shown: str, language: str | None = None) -> None:
    """Load the page again, in another language perhaps; the browser sends the words that it shows."""
    if language:
        app.query_params["lang"] = language
    with speaking(shown):
        app.run()
    assert not app.exception, app.exception


def test_what_is_chosen_is_told_anew(open_page, home):
    page_lab.finished(home)
    page_lab.failed(home)
    app = open_page("pages/2_Runs.py", lang="en")
    app.selectbox(key=search.STATE).select("failed").run()
    assert words_of(app, search.STATE) == "", "the browser has just told it"
    turn(app, "en", "zh")
    with speaking("zh"):
        assert words_of(app, search.STATE) == say("Failed") != "Failed"
    turn(app, "zh")
    assert words_of(app, search.STATE) == ""
    turn(app, "zh", "en")
    assert words_of(app, search.STATE) == "Failed" and app.session_state[search.STATE] == "failed"


def test_words_of_another_language_choose_nothing(home):
    """A page that refreshes itself may send them once more."""
    page_lab.failed(home)
    page_lab.finished(home)
    app = AppTest.from_file("../../app.py", default_timeout=180)
    app.session_state[search.STATE], app.query_params["lang"] = "Failed", "zh"
    app.switch_page("pages/2_Runs.py")
    turn(app, "zh")
    assert app.selectbox(key=search.STATE).value is None


@pytest.mark.parametrize("page", [None, "pages/1_Data_size.py", "pages/3_Inspect.py", "pages/4_Model_library.py"])
def test_every_page_may_change_its_language(open_page, home, page):
    ident = page_lab.classified(home)
    app = open_page(page, lang="en", **({"experiment": ident} if "Inspect" in str(page) else {}))
    keys = [widget.key for widget in [*app.selectbox, *app.radio, *app.button_group] if widget.key != WIDGET]
    before = [app.session_state[key] for key in keys if key]
    for shown, language in (("en", "zh"), ("zh", "en")):
        turn(app, shown, language)
        assert [app.session_state[key] for key in keys if key] == before


def test_what_a_thread_refuses_is_said_in_the_reader_s_language(monkeypatch):
    shown = []
    monkeypatch.setattr(problems.st, "error", lambda words, icon: shown.append(words))
    with speaking("en"):
        refusal = Refused(say("Not found."))
    with speaking("zh"), problems.show_problems():
        raise refusal
    with speaking("zh"):
        assert shown == [problems.escape(say("Not found."))]
