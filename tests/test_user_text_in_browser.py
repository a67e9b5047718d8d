"""Strangers' texts in a real browser: nothing is run, loaded or followed, and every sign is there as it was given."""

import pytest
from playwright.sync_api import expect

from tests import payload_lab
from tests.payloads import PAYLOADS
from tests.test_journey import SECOND, App, browser, page, pytestmark  # noqa: F401 - fixtures and the browser's mark
from tl.report.report import report
from tl.store.home import Home
from tl.words import plain

expect.set_options(timeout=30 * SECOND)  # two tests share the processors

CAPTIONS = """images => images.map(image => {
    let around = image;
    while (!around.textContent.trim()) around = around.parentElement;
    return around.textContent;
})"""
FORBIDDEN = ", ".join(
    [
        *(
            f"[{name}*='beacon.example'], [{name}^='javascript:']"
            for name in ("src", "href", "action", "data", "srcset")
        ),
        ".katex",
        "iframe[srcdoc]",
        "object",
        "form[action]",
        "meta[http-equiv='refresh']",
        "[onerror], [onload], [onfocus], [ontoggle]",
    ]
)


@pytest.fixture(scope="module")
def app(tmp_path_factory):
    folder = tmp_path_factory.mktemp("text")
    home = Home(folder / "home")
    payload_lab.bring(home, folder)
    started = App(home)
    yield started
    started.kill()


@pytest.fixture
def guarded(app, page):  # noqa: F811
    """A page in which a request to elsewhere or a dialog is written down instead of made."""
    seen: list[str] = []

    def judge(route) -> None:
        own = route.request.url.startswith((app.url, "data:", "blob:"))
        if not own:
            seen.append(route.request.url)
        route.continue_() if own else route.abort()

    def refuse(dialog) -> None:
        seen.append(f"dialog: {dialog.message}")
        dialog.dismiss()

    page.route("**/*", judge)
    page.on("dialog", refuse)
    page.set_default_timeout(30 * SECOND)
    yield page
    assert not seen
    assert page.evaluate("window.hit === undefined")
    assert page.locator(FORBIDDEN).count() == 0


def words(page) -> str:  # noqa: F811
    """All that can be read, as it would be copied."""
    return " ".join((page.locator("body").text_content() or "").split())


def test_a_data_set_full_of_payloads(app, guarded):
    guarded.goto(app.url)
    guarded.get_by_text("Few photos").click()
    line = guarded.locator(".st-key-fold_form_open_pictures button")
    expect(line).to_contain_text(f"{len(PAYLOADS)} classes")  # a click before would send what the browser still holds
    line.click()
    shown = guarded.locator(".st-key-form_open_pictures_open img[alt]")
    expect(shown.nth(23)).to_be_visible()
    guarded.get_by_text("Classes and counts").click()
    expect(guarded.get_by_test_id("stDataFrame").first).to_be_visible()
    expect(guarded.get_by_text(f"{len(PAYLOADS)} classes").first).to_be_visible()
    read = words(guarded)
    missing = [payload for payload in PAYLOADS if " ".join(plain(payload).split()) not in read]
    assert not missing
    captions = shown.evaluate_all(CAPTIONS)
    assert len(captions) == 24
    for payload, caption in zip(PAYLOADS, captions, strict=False):
        assert caption.split("\n") == [plain(payload), "2 pictures"]


def test_an_experiment_whose_arms_are_payloads(app, guarded):
    arms = payload_lab.arms([*PAYLOADS[1:60:11], "![](http://beacon.example/z.png)", "=cmd|' /C calc'!A0"])[:8]
    experiment_id = payload_lab.ended(app.home, arms)
    guarded.goto(f"{app.url}/?experiment={experiment_id}")
    chart = guarded.get_by_test_id("stVegaLiteChart").first
    expect(chart).to_be_visible()
    expect(guarded.get_by_text("The arms in numbers")).to_be_visible()
    chart.hover()
    read = words(guarded)
    assert not [arm.name for arm in arms if arm.name not in read]


def test_a_report_full_of_payloads(app, guarded, tmp_path):
    arms = payload_lab.arms(PAYLOADS[::13])[:8]
    document = report(app.home, payload_lab.ended(app.home, arms, "failed"))
    guarded.route(f"{app.url}/report", lambda route: route.fulfill(body=document, content_type="text/html"))
    guarded.goto(f"{app.url}/report")
    read = words(guarded)
    assert not [arm.name for arm in arms if " ".join(arm.name.split()) not in read]
    missing = [payload for payload in PAYLOADS if " ".join(plain(payload).split()) not in read]
    assert not missing


def test_the_runs_and_the_question_before_one_is_deleted(app, guarded):
    arms = payload_lab.arms(["![](http://beacon.example/z.png)<img src=x onerror=window.hit=1>", "**b** $x$ :red[y]"])
    payload_lab.ended(app.home, arms, "failed")
    guarded.goto(f"{app.url}/Runs")
    guarded.get_by_role("button", name="More").first.click()
    guarded.get_by_test_id("stMenuButtonBody").get_by_text("Delete", exact=True).click()
    dialog = guarded.get_by_role("dialog")
    expect(dialog.get_by_text("permanently deleted")).to_be_visible()
    asked = " ".join((dialog.text_content() or "").split())
    assert arms[0].name in asked
    read = words(guarded)
    assert not [arm.name for arm in arms if arm.name not in read]
