"""From the verdict to its pictures and back to the form, in a real browser: crafted pictures and answers, nothing trains."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.datasets.crafted import ingest, pictures, zipped
from tests.pages.test_inspect_page import CLASSES, made
from tests.test_journey import SECOND, App, browser, no_traceback, page, pytestmark  # noqa: F401 - fixtures and the mark
from tl.store.home import Home

WAIT = 60 * SECOND  # other tests share the processors


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    folder = tmp_path_factory.mktemp("take_home")
    home = Home(folder / "home")
    files = {file: data for name in CLASSES for file, data in pictures(name, 20).items()}
    ingest(home, zipped(folder / "x.zip", files), "mine")
    started = App(home)
    yield started
    started.kill()


def test_from_the_verdict_through_a_square_of_its_pictures_back_to_the_form(app: App, page: Page) -> None:  # noqa: F811
    experiment_id = made(app.home, patience=3)
    page.set_default_timeout(WAIT)
    page.goto(f"{app.url}/?experiment={experiment_id}")
    verdict = page.locator(".st-key-verdict")
    expect(verdict).to_contain_text("Linear probe against", timeout=WAIT)

    verdict.get_by_role("link", name="Look at its pictures").click()
    expect(
        page.get_by_text("Compared with training from scratch, linear probe fixed 3 of 6 test pictures and broke 1")
    ).to_be_visible(timeout=WAIT)
    matrix = page.get_by_test_id("stVegaLiteChart").nth(1)  # from scratch: 4 of 6 wrong
    label = CLASSES[0]
    wrong = matrix.get_by_label(f"{label} answered as {CLASSES[1]}, From scratch: ")
    told = wrong.get_attribute("aria-label")
    assert told is not None
    number = int(told.rpartition(" ")[2])
    wrong.click(force=True)  # its number lies above it
    said = f"{number} picture{'' if number == 1 else 's'}, the surest answers first."
    expect(page.get_by_text(said)).to_be_visible(timeout=WAIT)
    chosen = [page.get_by_label(name, exact=True) for name in ("Labelled", "Answered", "By")]
    for field, value in zip(chosen, (label, CLASSES[1], "From scratch"), strict=True):
        expect(field).to_have_value(value)
    expect(page.get_by_test_id("stImage").locator("img")).to_have_count(number)
    no_traceback(page)

    page.get_by_role("link", name="To its verdict").click()
    page.get_by_role("button", name="Use these settings").click()
    expect(page.locator(".st-key-form_start button")).to_be_enabled(timeout=WAIT)
    assert "experiment=" not in page.url
    settings = page.locator(".st-key-fold_form_open_settings button")
    for part in ("up to 6 epochs", "stops after 3 without progress", "2 seeds"):
        expect(settings).to_contain_text(part)
    expect(page.locator(".st-key-fold_form_open_network button")).to_contain_text("64 px")
    expect(page.locator(".st-key-fold_form_open_arms button")).to_contain_text("Linear probe")
    no_traceback(page)
