"""Fifty pictures labelled in a real browser, a key for each: saved at once, and the verdict is measured from then on."""

import numpy as np
import pytest
from playwright.sync_api import expect

from tests.test_journey import SECOND, App, browser, page, pytestmark  # noqa: F401 - fixtures and the browser's mark
from tests.two_sets_lab import compared, sets, shows
from tl.datasets import describe
from tl.datasets.given_labels import ENOUGH, read, to_label
from tl.store.home import Home

WAIT = 120 * SECOND  # other tests share the processors
TRIES = 4
LEFT_OFF = 5  # pictures after which the tab is closed


@pytest.fixture(scope="module")
def app(tmp_path_factory):
    folder = tmp_path_factory.mktemp("labelling")
    home = Home(folder / "home")
    sets(home, folder, labelled=False, count=360)
    started = App(home)
    started.experiment_id = compared(home, {"source_only": 0.5, "mcc": 0.9})
    yield started
    started.kill()


def pressed(page, key: str, then: str, last: bool) -> None:  # noqa: F811
    """Press a key, and once more where the page was being drawn and took none: a person does."""
    done = page.get_by_text("These pictures are labelled." if last else then)
    for _ in range(TRIES):
        page.keyboard.press(key)
        try:
            expect(done).to_be_visible(timeout=WAIT / TRIES)
            return
        except AssertionError:
            continue


def test_fifty_keys_make_a_measurement(app, page):  # noqa: F811
    places = to_label(describe(app.home, "sketches"))[:ENOUGH]
    address = f"{app.url}/Inspect?experiment={app.experiment_id}&look=label"
    for number, place in enumerate(places):
        if number in (0, LEFT_OFF):
            page.goto(address)
            expect(page.get_by_role("button", name="tulip")).to_be_visible(timeout=WAIT)
        expect(page.get_by_text(f"{number} of {ENOUGH} labelled")).to_be_visible(timeout=WAIT)
        assert len(read(app.home, "sketches").labels) == number, "each is on the disk before the next is shown"
        pressed(
            page, "12"[int(shows(np.array([place]))[0])], f"{number + 1} of {ENOUGH} labelled", number + 1 == ENOUGH
        )
    expect(page.get_by_text("These pictures are labelled.")).to_be_visible(timeout=WAIT)
    page.get_by_role("link", name="To the verdict").click()
    expect(page.get_by_text(f"Measured on {ENOUGH} pictures that somebody has labelled here.")).to_be_visible(
        timeout=WAIT
    )
    expect(page.get_by_text("Adapting helps: +").first).to_be_visible(timeout=WAIT)
