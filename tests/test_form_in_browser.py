"""Numbers typed into the form of a real browser: what can't be starts nothing, what can be is what trains."""

import pytest
from playwright.sync_api import WebSocketRoute, expect

from tests.test_journey import SECOND, App, browser, page, pytestmark  # noqa: F401 - fixtures and the browser's mark
from tl.jobs import list_runs
from tl.store.home import Home

WAIT = 120 * SECOND  # other tests share the processors


@pytest.fixture(scope="module")
def app(tmp_path_factory):
    started = App(Home(tmp_path_factory.mktemp("form") / "home"))
    yield started
    started.kill()


def test_a_number_out_of_bounds_and_a_click_on_start_at_once_start_nothing(app, page):  # noqa: F811
    page.goto(app.url)
    field = page.get_by_role("textbox", name="Training pictures, of 50,000")
    start = page.locator(".st-key-form_start button").first  # while it is drawn further down there may be two
    expect(start).to_be_enabled(timeout=WAIT)
    field.fill("60000")
    start.click()
    said = page.get_by_text("“Training pictures” must be a whole number from 12 to 50,000, not 60000.")
    expect(said).to_have_count(1, timeout=WAIT)
    expect(start).to_be_disabled(timeout=WAIT)
    expect(field).to_have_value("60000")
    assert "experiment=" not in page.url and not list_runs(app.home)
    field.fill("120")
    field.press("Enter")
    expect(start).to_be_enabled(timeout=WAIT)
    page.get_by_text("Show the command that does the same").click()
    expect(page.get_by_text("--samples 120")).to_be_visible(timeout=WAIT)
    page.locator(".st-key-fold_form_open_arms button").click()
    page.get_by_role("button", name="Settings", exact=True).first.click()
    rate = page.get_by_role("textbox", name="Learning rate").first
    rate.click()
    rate.press_sequentially("0,001", delay=50)  # as a person types: a key after the other
    rate.press("Enter")
    expect(page.get_by_text("--arms scratch:learning_rate=0.001,full_finetuning")).to_be_visible(timeout=WAIT)


def bottom(page, key: str) -> float:  # noqa: F811
    box = page.locator(f".st-key-{key}").bounding_box()
    return box["y"] + box["height"]


def test_the_start_stands_where_a_newcomers_eye_is(app, page):  # noqa: F811
    page.set_viewport_size({"width": 1280, "height": 900})
    page.goto(app.url)
    expect(page.locator(".st-key-form_start button")).to_be_enabled(timeout=WAIT)
    expect(page.get_by_text("can be told from chance")).to_be_visible(timeout=WAIT)  # which comes after it
    assert bottom(page, "form_start") <= 900
    page.set_viewport_size({"width": 390, "height": 844})
    assert bottom(page, "form_start") <= 2 * 844


def test_what_is_typed_behind_a_line_stays_while_the_page_is_drawn_anew(app, page):  # noqa: F811
    page.goto(app.url)
    line = page.locator(".st-key-fold_form_open_settings button")
    expect(line).to_contain_text("up to 8 epochs", timeout=WAIT)
    line.click()
    epochs, batch = (page.get_by_role("textbox", name=name, exact=True) for name in ("Epochs at most", "Batch size"))
    epochs.fill("7")
    epochs.press("Tab")  # the line says it, the page is redrawn ...
    batch.fill("24")  # ... and what is typed meanwhile is not lost
    expect(line).to_contain_text("up to 7 epochs", timeout=WAIT)
    expect(batch).to_have_value("24")
    expect(batch).to_be_focused()
    batch.press("Enter")
    expect(line).to_contain_text("batches of 24", timeout=WAIT)
    line.click()
    expect(epochs).to_have_count(0, timeout=WAIT)
    line.click()
    expect(epochs).to_have_value("7", timeout=WAIT)


def test_what_is_typed_stays_when_the_next_click_comes_before_the_answer(app, page):  # noqa: F811
    """That click still tells which preset the browser shows as chosen: nobody has chosen it again."""
    held: list[str | bytes] | None = None
    browsers: list[WebSocketRoute] = []

    def between(socket: WebSocketRoute) -> None:
        browsers.append(socket)
        socket.connect_to_server().on_message(lambda data: socket.send(data) if held is None else held.append(data))

    page.route_web_socket("**/stream", between)
    page.goto(app.url)
    expect(page.get_by_text("can be told from chance")).to_be_visible(timeout=WAIT)
    held = []
    pictures = page.get_by_role("textbox", name="Training pictures")
    pictures.fill("120")
    pictures.press("Enter")
    while not any(b"changed since" in data for data in held if isinstance(data, bytes)):
        page.wait_for_timeout(0.1 * SECOND)
    page.locator(".st-key-fold_form_open_settings button").click()
    while not any(b"Epochs at most" in data for data in held if isinstance(data, bytes)):
        page.wait_for_timeout(0.1 * SECOND)
    late, held = held, None
    for data in late:
        browsers[-1].send(data)
    expect(page.get_by_role("textbox", name="Epochs at most")).to_be_visible(timeout=WAIT)
    expect(page.get_by_text("changed since.")).to_be_visible(timeout=WAIT)
    expect(pictures).to_have_value("120")
