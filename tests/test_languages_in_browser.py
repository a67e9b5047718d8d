"""Two people at one page in two languages, in a real browser: chosen by the browser, the address or the page's head."""

import re

import pytest
from playwright.sync_api import expect

from tests import page_lab
from tests.test_journey import SECOND, App, browser, pytestmark  # noqa: F401 - fixtures and the browser's mark
from tl.languages import say, speaking
from tl.store.home import Home
from tl.store.queue import database

WAIT = 120 * SECOND  # other tests share the processors
TITLE = "Is transfer learning worth it here?"


def chinese(text: str) -> str:
    with speaking("zh"):
        return str(say(text))


@pytest.fixture(scope="module")
def app(tmp_path_factory):
    home = Home(tmp_path_factory.mktemp("languages") / "home")
    app = App(home)
    app.finished = page_lab.classified(home, 3)
    app.running = page_lab.submit(home)
    row = page_lab.rows(home, app.running)[0]
    page_lab.start(home, row)
    page_lab.learn(home, row, 3)
    yield app
    app.kill()
    for row in page_lab.rows(home, app.running):
        database.move(home, row, "stopped")


@pytest.fixture
def opened(browser, app):  # noqa: F811
    """Opens an address in a browser of its own, which asks for pages in one language."""
    contexts = []

    def open_it(path: str, language: str):
        contexts.append(browser.new_context(locale=language, viewport={"width": 1280, "height": 1000}))
        page = contexts[-1].new_page()
        page.set_default_timeout(WAIT)
        page.goto(f"{app.url}/{path}")
        return page

    yield open_it
    for context in contexts:
        context.close()


def shows(page, text: str, tag: str) -> None:
    expect(page.get_by_text(text, exact=True).first).to_be_visible(timeout=WAIT)
    expect(page.locator("html")).to_have_attribute("lang", tag, timeout=WAIT)


def choose(page, language: str) -> None:
    choose_in(page, "language_choice", language)


def choose_in(page, key: str, option: str) -> None:
    page.locator(f".st-key-{key} input").click()
    page.get_by_role("option", name=option).click()


def test_two_browsers_are_answered_in_two_languages_at_once(opened):
    first, second = opened("", "zh-CN"), opened("", "en-GB")
    shows(first, chinese(TITLE), "zh-Hans")
    shows(second, TITLE, "en")
    first.reload()
    shows(first, chinese(TITLE), "zh-Hans")
    shows(second, TITLE, "en")


def test_the_address_comes_before_the_browser_and_the_choice_goes_along(opened):
    page = opened("?lang=zh", "en-GB")
    shows(page, chinese(TITLE), "zh-Hans")
    page.get_by_role("link", name=chinese("Runs")).click()
    expect(page).to_have_url(re.compile("Runs.*lang=zh"), timeout=WAIT)
    shows(page, chinese("Data size"), "zh-Hans")
    choose(page, "English")
    shows(page, "Data size", "en")
    page.get_by_role("link", name="Compare").click()
    shows(page, TITLE, "en")


def test_the_language_changes_while_an_experiment_runs(opened, app):
    page = opened(f"?experiment={app.running}", "en-GB")
    shows(page, "Compare", "en")
    expect(page.get_by_text("validation", exact=False).first).to_be_visible(timeout=WAIT)
    choose(page, "中文")
    shows(page, chinese("Compare"), "zh-Hans")
    expect(page).to_have_url(re.compile(f"experiment={app.running}"), timeout=WAIT)
    expect(page.get_by_text("验证", exact=False).first).to_be_visible(timeout=WAIT)


def test_a_verdict_is_read_in_both(opened, app):
    for language, text in (("en-GB", "points"), ("zh-CN", "个百分点")):
        page = opened(f"?experiment={app.finished}", language)
        expect(page.locator(".st-key-verdict").get_by_text(text, exact=False).first).to_be_visible(timeout=WAIT)


def test_what_is_chosen_stays_when_the_language_changes(opened):
    page = opened("Runs", "en-GB")
    running = page.get_by_text("Training", exact=True)
    expect(running).not_to_have_count(0, timeout=WAIT)
    choose_in(page, "runs_state", "Finished")
    expect(running).to_have_count(0, timeout=WAIT)  # it has arrived
    for language, word in (("中文", chinese("Finished")), ("English", "Finished"), ("中文", chinese("Finished"))):
        choose(page, language)
        expect(page.locator(".st-key-runs_state input")).to_have_value(word, timeout=WAIT)
        page.locator(".st-key-runs_layout").get_by_role("radio").last.click()  # sends what else is chosen, too
        shows(
            page, chinese("Data size") if language == "中文" else "Data size", "zh-Hans" if language == "中文" else "en"
        )
        expect(page.locator(".st-key-runs_state input")).to_have_value(word, timeout=WAIT)
        expect(page.get_by_test_id("stException")).to_have_count(0)
