"""The whole journey in a real browser: the app as its users start it, real trainers, real photographs."""

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
import zipfile
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect, sync_playwright

from tl.charts.palette import arm_colour
from tl.jobs import list_runs
from tl.store.home import Home
from tl.store.metrics import read_metrics

ROOT = Path(__file__).parents[1]
FLOWERS = ROOT.parent / "shared" / "data" / "flower-photos.zip"
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
SECOND = 1000  # of Playwright's milliseconds
# Of the element with the focus: whether it, or what is drawn around it, looks otherwise than without.
SHOWS_FOCUS = """async element => {
  const settled = () => new Promise(done => setTimeout(done, 400))  // colours change gradually
  const around = [element]
  while (around.length < 4) around.push(around.at(-1).parentElement)
  const looks = () => around.map(node => {
    const style = getComputedStyle(node)
    return [style.outline, style.boxShadow, style.borderColor, style.backgroundColor].join()
  })
  await settled()
  const focused = looks()
  element.blur()
  await settled()
  const before = looks()
  element.focus({focusVisible: true})
  return focused.some((look, place) => look !== before[place])
}"""
EPOCHS = 6  # enough to be watched, left alone by a killed page and found again

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(
        CHROMIUM is None, reason="no Chromium: install it for the browser tests (apt-get install chromium)"
    ),
]


def free_port() -> int:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        return server.getsockname()[1]


class App:
    """`streamlit run app.py` with a home of its own; can be killed and started again on the same address."""

    def __init__(self, home: Home):
        self.home, self.port = home, free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.start()

    def start(self) -> None:
        command = [sys.executable, "-m", "streamlit", "run", "app.py", "--server.headless", "true"]
        self.process = subprocess.Popen(
            [*command, "--server.port", str(self.port)],
            cwd=ROOT,
            env=os.environ | {"TL_HOME": str(self.home.path)},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        deadline = time.monotonic() + 60
        while True:
            try:
                with urllib.request.urlopen(f"{self.url}/_stcore/health", timeout=5):
                    return
            except OSError:
                assert time.monotonic() < deadline, "the app did not start"
                time.sleep(0.1)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()


@pytest.fixture(scope="module")
def app(tmp_path_factory):
    app = App(Home(tmp_path_factory.mktemp("journey") / "home"))
    yield app
    app.kill()
    for run in list_runs(app.home):
        if run.status in ("queued", "running"):
            subprocess.run([sys.executable, "-m", "tl", "stop", run.run_id, "--home", str(app.home.path)], cwd=ROOT)


@pytest.fixture(scope="module")
def browser():
    with sync_playwright() as playwright:
        arguments = ["--no-sandbox", "--disable-background-networking", "--disable-component-update", "--disable-sync"]
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=arguments)
        yield browser
        browser.close()


@pytest.fixture
def page(browser):
    """A fresh visitor; an error in the page's own scripts fails the test."""
    context = browser.new_context(viewport={"width": 1280, "height": 1000})
    page = context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.set_default_timeout(60 * SECOND)
    yield page
    context.close()
    assert not errors


def epochs(app: App) -> list[int]:
    """Epochs that every run of the home has in its metrics."""
    return [len(read_metrics(app.home.run(run.run_id).metrics)) for run in list_runs(app.home)]


def until(condition, seconds: float):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it never happened"
        time.sleep(0.2)


def points(page: Page) -> list[int]:
    """How many epochs of each of two arms the first chart shows: points of the arm's colour that can be seen."""
    chart = page.get_by_test_id("stVegaLiteChart").first
    return [chart.locator(f'.mark-symbol path[fill="{arm_colour(arm)}"]:visible').count() for arm in (0, 1)]


def curves_reach(app: App, page: Page, epoch: int) -> None:
    """Wait until both arms have finished the epoch, and then until the page, which is left alone, shows it."""
    until(lambda: len(epochs(app)) == 2 and min(epochs(app)) >= epoch, 240)
    until(lambda: min(points(page)) >= epoch, 60)


def no_traceback(page: Page) -> None:
    expect(page.get_by_test_id("stException")).to_have_count(0)


def reach(page: Page, target: Locator) -> None:
    """Press Tab until `target` has the focus, where somebody who has no mouse can see that it has."""
    expect(target).to_be_visible()
    for _ in range(150):
        if target.evaluate("element => element === document.activeElement"):
            assert target.evaluate(SHOWS_FOCUS), "nothing shows where one is"
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"{target} can't be reached by the keyboard")


def type_into(page: Page, target: Locator, text: str) -> None:
    reach(page, target)
    page.keyboard.press("Control+A")
    page.keyboard.type(text)
    page.keyboard.press("Enter")


def press(page: Page, target: Locator) -> None:
    reach(page, target)
    page.keyboard.press("Enter")


def test_quick_look_from_start_to_verdict_by_keyboard_alone(app, page):
    page.goto(app.url)
    expect(page.get_by_text("drawn by the computer").first).to_be_visible()
    expect(page.locator(".st-key-form_start button")).to_be_enabled()  # the whole form is drawn
    # The preset's way with fewer pictures and epochs: minutes are not what is tested.
    type_into(page, page.get_by_role("textbox", name="Training pictures"), "120")
    press(page, page.get_by_role("button", name="Settings for all arms"))
    type_into(page, page.get_by_role("textbox", name="Epochs at most").first, str(EPOCHS))
    type_into(page, page.get_by_role("textbox", name="Seeds").first, "1")
    press(page, page.locator(".st-key-form_start button"))
    page.wait_for_url("**experiment=**")
    address = page.url
    expect(page.get_by_text("120 training pictures").first).to_be_visible()
    curves_reach(app, page, 2)
    curves_reach(app, page, 3)
    no_traceback(page)

    page.reload()
    expect(page.get_by_text("From scratch").first).to_be_visible()
    assert page.url == address
    app.kill()  # the trainers don't mind
    before = epochs(app)
    until(lambda: sum(epochs(app)) > sum(before) or min(epochs(app)) == EPOCHS, 240)
    app.start()
    page.goto(address)
    expect(page.get_by_text("From scratch").first).to_be_visible()

    verdict = page.locator(".st-key-verdict")
    expect(verdict).to_be_visible(timeout=600 * SECOND)
    expect(verdict).to_contain_text("points")
    expect(verdict).to_contain_text("hint, not a proof")
    press(page, page.get_by_role("link", name="Runs"))
    page.wait_for_url("**/Runs")
    expect(page.get_by_text("From scratch").first).to_be_visible()
    assert [run.status for run in list_runs(app.home)] == ["finished", "finished"]
    assert epochs(app) == [EPOCHS, EPOCHS]
    no_traceback(page)


@pytest.mark.skipif(not FLOWERS.exists(), reason=f"{FLOWERS} is not there: real photographs are needed")
def test_own_photos_from_upload_to_start(app, page, tmp_path):
    few = tmp_path / "my flowers.zip"
    with zipfile.ZipFile(FLOWERS) as photos, zipfile.ZipFile(few, "w") as archive:
        for kind in ("daisy", "roses"):
            for name in [n for n in photos.namelist() if f"/{kind}/" in n and n.endswith(".jpg")][:40]:
                archive.writestr(name, photos.read(name))
        archive.writestr("flower_photos/.DS_Store", b"junk")
        archive.writestr("flower_photos/daisy/broken.jpg", b"no picture")
    page.goto(app.url)
    page.get_by_text("Few photos").click()
    page.get_by_test_id("stFileUploaderDropzoneInput").set_input_files(few)
    page.get_by_role("button", name="Use these pictures").click(timeout=90_000)
    expect(page.get_by_text("2 classes").first).to_be_visible()
    page.locator(".st-key-fold_form_open_pictures button").click()
    # Pictures come in in turns with whatever computes: here the machine's speed may just be measured.
    expect(page.get_by_text("40 pictures").first).to_be_visible(timeout=90_000)
    expect(page.get_by_text("broken.jpg").first).to_be_attached()
    no_traceback(page)
    page.locator(".st-key-form_start button").click()
    page.wait_for_url("**experiment=**")
    until(lambda: max(epochs(app)[:3]) >= 1, 240)
    page.get_by_role("button", name="Stop all").click()
    until(lambda: all(run.status in ("stopped", "finished") for run in list_runs(app.home)), 60)
    expect(page.locator(".st-key-verdict")).to_be_visible()
    no_traceback(page)


def test_a_zip_that_leaves_its_folder_is_refused_in_one_sentence(app, page, tmp_path):
    evil = tmp_path / "evil.zip"
    with zipfile.ZipFile(evil, "w") as archive:
        archive.writestr("../../evil.jpg", b"x")
    before = sorted(path.name for path in app.home.datasets_dir.iterdir())
    page.goto(app.url)
    page.get_by_text("Few photos").click()
    if not page.get_by_test_id("stFileUploaderDropzoneInput").count():
        page.get_by_text("Add your own pictures").click()
    page.get_by_test_id("stFileUploaderDropzoneInput").set_input_files(evil)
    expect(page.get_by_test_id("stAlert").first).to_contain_text("evil.jpg")
    no_traceback(page)
    assert sorted(path.name for path in app.home.datasets_dir.iterdir()) == before


@pytest.mark.parametrize(("width", "scheme"), [(390, "light"), (1280, "dark")])
def test_pages_fit_a_phone_and_the_dark(app, browser, width, scheme):
    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
    page = context.new_page()
    for path in ("", "Runs", "Model_library"):
        page.goto(f"{app.url}/{path}")
        expect(page.get_by_test_id("stMarkdown").first).to_be_visible()
        page.wait_for_timeout(2 * SECOND)
        no_traceback(page)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, "the page can be scrolled sideways"
    context.close()
