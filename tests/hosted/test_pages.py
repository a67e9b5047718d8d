"""Hosted pages without a browser: whose they are, what they say without a cookie, that nothing foreign is on them."""

import pytest
from streamlit.testing.v1 import AppTest

from tests import page_lab
from tl import jobs
from tl.config import new_id
from tl.hosted import page_owner, settings, visitor
from tl.jobs.measurements import speed
from tl.store.home import Home

PAGES = (None, "pages/1_Data_size.py", "pages/2_Runs.py", "pages/3_Inspect.py", "pages/4_Model_library.py")


@pytest.fixture
def hosted(visitors, monkeypatch):
    """The home of both visitors, hosted; nothing is started in the background."""
    monkeypatch.setenv("TL_HOSTED", "1")
    monkeypatch.setenv("TL_HOME", str(visitors[0].home.root))
    monkeypatch.setattr(jobs, "ensure_supervisor", lambda home: False)
    monkeypatch.setattr(speed, "known_or_begun", lambda *_: None)
    monkeypatch.setattr(settings, "check", lambda get_option: None)
    return Home()


def opened(monkeypatch, owner: str | None, page: str | None = None, **query: str) -> AppTest:
    monkeypatch.setattr(visitor, "owner_in", lambda cookies: owner)
    app = AppTest.from_file("../../app.py", default_timeout=60)
    for name, value in query.items():
        app.query_params[name] = value
    if page:
        app.switch_page(page)
    app.run()
    assert not app.exception, app.exception
    return app


def everything(app: AppTest) -> str:
    """All that is sent to the browser, labels, tables, options and hidden things alike."""
    return "\n".join(str(getattr(element, "proto", "")) for element in app.main) + page_lab.unescaped(app)


@pytest.mark.parametrize("page", PAGES)
def test_pages_show_what_is_the_visitors_own_only(visitors, hosted, monkeypatch, page):
    for who, other in (visitors, visitors[::-1]):
        shown = everything(opened(monkeypatch, who.home.owner, page))
        empty = page in ("pages/1_Data_size.py", "pages/3_Inspect.py")  # their runs have kept no answers to look at
        assert empty or who.word in shown
        assert not {canary for canary in (*other.canaries, str(hosted.root)) if canary in shown}


def test_a_foreign_link_says_what_an_unknown_one_says(visitors, hosted, monkeypatch):
    zebra, yak = visitors
    for page, name, theirs in (
        (None, "experiment", zebra.experiment_id),
        ("pages/1_Data_size.py", "sweep", zebra.sweep_id),
        ("pages/3_Inspect.py", "experiment", zebra.experiment_id),
    ):
        unknown = new_id()
        foreign = page_lab.unescaped(opened(monkeypatch, yak.home.owner, page, **{name: theirs}))
        assert foreign.replace(theirs, unknown) == page_lab.unescaped(
            opened(monkeypatch, yak.home.owner, page, **{name: unknown})
        )
        assert "There is no" in foreign
        assert "There is no" not in page_lab.unescaped(opened(monkeypatch, zebra.home.owner, page, **{name: theirs}))


STRANGE = ("../../etc/passwd", "%2e%2e%2f", "a;b", "..\\..\\x", "\\\\host\\share", "x\0y", "x" * 10_000, "' OR 1=1 --")


@pytest.mark.parametrize("text", STRANGE, ids=lambda text: repr(text[:12]))
def test_an_id_that_is_none_is_not_looked_for(visitors, hosted, monkeypatch, text):
    shown = page_lab.unescaped(opened(monkeypatch, visitors[0].home.owner, experiment=text))
    assert "This link is not valid" in shown
    assert text not in shown


@pytest.mark.parametrize("page", PAGES)
def test_without_a_cookie_there_is_one_sentence_and_no_workspace(visitors, hosted, monkeypatch, page):
    before = sorted(hosted.root.rglob("*"))
    app = opened(monkeypatch, None, page)
    assert [error.value for error in app.error] == [
        "This page keeps your pictures apart from other visitors' with a "
        "cookie, and your browser sent none; allow cookies for this site and load the page again."
    ]
    assert not app.button
    assert not {canary for each in visitors for canary in each.canaries if canary in everything(app)}
    assert sorted(hosted.root.rglob("*")) == before


def test_pages_close_when_a_setting_becomes_unsafe(visitors, hosted, monkeypatch):
    def check(get_option):
        raise settings.Refused("server.enableCORS is False")

    monkeypatch.setattr(settings, "check", check)
    app = opened(monkeypatch, visitors[0].home.owner)
    assert [error.value for error in app.error] == ["This TL Lab is closed for the moment: its settings are not safe."]
    assert visitors[0].word not in everything(app)


def test_event_files_are_downloaded_instead_of_tensorboard_opened(visitors, hosted, monkeypatch):
    app = opened(monkeypatch, visitors[0].home.owner, "pages/2_Runs.py")
    assert "Open TensorBoard" not in [button.label for button in app.button]
    assert "tl-lab-tensorboard-" in everything(app) or app.get("download_button")


class User(dict):
    """What Streamlit knows of a visitor."""

    is_logged_in = False


def test_where_people_sign_in_the_workspace_is_theirs_and_not_the_browsers(visitors, hosted, monkeypatch):
    zebra, yak = visitors
    user = User(iss="https://id.example", sub="17")
    monkeypatch.setattr(page_owner, "providers", list)
    monkeypatch.setattr(page_owner.st, "user", user)
    app = opened(monkeypatch, zebra.home.owner)
    assert [button.label for button in app.button] == ["Sign in"]
    assert zebra.word not in everything(app)
    user.is_logged_in = True
    app = opened(monkeypatch, zebra.home.owner)
    assert zebra.word not in everything(app), "the browser's cookie opens nothing here"
    found = []
    monkeypatch.setattr(page_owner, "owner_of", lambda text: found.append(text) or yak.home.owner)
    assert yak.word in everything(opened(monkeypatch, zebra.home.owner))
    assert set(found) == {"https://id.example 17"}
