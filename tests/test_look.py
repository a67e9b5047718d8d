"""How every page looks and is read out, in a real browser: names, contrast, what is cut, axes; the report on paper."""

import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from tests import look_lab, page_lab
from tests.datasets.crafted import ingest, pictures, zipped
from tests.test_journey import SECOND, App, browser, pytestmark  # noqa: F401 - fixtures and the browser's mark
from tl.report.report import report
from tl.store.home import Home

expect.set_options(timeout=180 * SECOND)
MARKUP = re.compile(r":[a-z-]+\[|:material/|foreground=|\*\*|\\[!-/:-@\[-`{-~]")
WIDTHS = (1280, 640, 390)
A4 = 680  # pixels of a sheet's width between its margins, at most
LOADING = "[data-testid=stSkeleton]"
FOLDED = "[class*=st-key-fold_] button"


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """One experiment of each state and a sweep, on a set of photographs and on the drawn one."""
    folder = tmp_path_factory.mktemp("look")
    home = Home(folder / "home")
    files = {file: data for name in ("daisy", "a rather long name") for file, data in pictures(name).items()}
    ingest(home, zipped(folder / "x.zip", files), "mine")
    return home


@pytest.fixture(scope="module")
def idents(home):
    """Page -> address, of every page there is."""
    made = {
        "finished": page_lab.classified(home, 3),
        "failed": page_lab.failed(home),
        "sweep": page_lab.swept(home),
        "alike": page_lab.swept(home, seeds=1, ended=lambda run: "finished" if run.samples < 1000 else "stopped"),
    }
    return made


@pytest.fixture(scope="module")
def app(home):
    started = App(home)
    yield started
    started.kill()


@pytest.fixture(scope="module")
def seen(app, idents, browser):  # noqa: F811
    """Kind of finding -> what was found, in the light and in the dark, at all widths."""
    paths = {
        "form": "",
        **{name: f"?experiment={idents[name]}" for name in ("finished", "failed")},
        "sizes": "Data_size",
        **{name: f"Data_size?sweep={idents[name]}" for name in ("sweep", "alike")},
        "runs": "Runs",
        "inspect": f"Inspect?experiment={idents['finished']}",
        "library": "Model_library",
    }
    found = {kind: [] for kind in ("names", "pale", "cut", "twice", "touching", "barriers")}
    for scheme in ("light", "dark"):
        context = browser.new_context(viewport={"width": WIDTHS[0], "height": 5000}, color_scheme=scheme)
        page = context.new_page()
        page.set_default_timeout(180 * SECOND)
        for name, path in paths.items():
            page.goto(f"{app.url}/{path}")
            page.get_by_role("heading").first.wait_for()
            expect(page.locator(LOADING)).to_have_count(0)
            for line in page.locator(FOLDED).all():  # of the form: all of it
                line.click()
            page.wait_for_timeout(SECOND)
            expect(page.locator(LOADING)).to_have_count(0)
            _look(page, f"{name}, {scheme}", found, WIDTHS if scheme == "light" else WIDTHS[:1])
        context.close()
    return found


def _look(page, where: str, found: dict[str, list[str]], widths: tuple[int, ...]) -> None:
    snapshot = page.locator("body").aria_snapshot()
    names = snapshot.replace(page_lab.ARMS[1].name, "").splitlines()  # which is a stranger's text, shown as it is
    found["names"] += [f"{where}: {line.strip()}" for line in names if MARKUP.search(line)]
    for kind, script in (("pale", look_lab.PALE), ("touching", look_lab.TOUCHING)):
        found[kind] += [f"{where}: {line}" for line in _wrong(page, script)]
    found["barriers"] += [f"{where}: {line}" for line in _barriers(page) and _barriers(page, wait=True)]
    for width in widths:
        page.set_viewport_size({"width": width, "height": 5000})
        page.wait_for_timeout(SECOND)
        for kind, script in (("cut", look_lab.CUT), ("twice", look_lab.TWICE)):
            found[kind] += [f"{where}, {width}: {line}" for line in _wrong(page, script)]
    page.set_viewport_size({"width": WIDTHS[0], "height": 5000})


def _wrong(page, script: str) -> list[str]:
    """What a script finds; of a page that is still being laid out, or is dimmed while it is redrawn, nothing is said."""
    wrong = page.evaluate(script)
    if wrong:
        page.wait_for_timeout(3 * SECOND)
        wrong = page.evaluate(script)
    return wrong


def _barriers(page, wait: bool = False) -> list[str]:
    """What axe-core finds on a page, but for empty layers of charts: there is nothing in them that could have a name.

    `wait`: until what is being drawn, and is pale so long, must be there.
    """
    if wait:
        page.wait_for_timeout(3 * SECOND)
    return [
        f"{rule['id']} ({rule['impact']}): {node['html'][:200]}"
        for rule in Axe().run(page).response["violations"]
        for node in rule["nodes"]
        if not (rule["id"] == "svg-img-alt" and node["html"].endswith("></g>"))
    ]


def test_nothing_keeps_somebody_from_reading_a_page(seen):
    assert not seen["barriers"], "\n".join(seen["barriers"])


def test_no_accessible_name_holds_markup(seen):
    assert not seen["names"], "\n".join(seen["names"])


def test_all_text_can_be_read_in_the_light_and_in_the_dark(seen):
    assert not seen["pale"], "\n".join(seen["pale"])


def test_a_chosen_pill_can_be_read_below_the_pointer_and_in_focus(app, browser):  # noqa: F811
    context = browser.new_context(color_scheme="dark")
    page = context.new_page()
    page.goto(app.url)
    pill = page.get_by_role("radio", name="Quick look")
    pill.wait_for(timeout=180 * SECOND)
    expect(pill).to_have_attribute("aria-checked", "true")
    expect(page.locator(".st-key-form_start button")).to_be_enabled(timeout=180 * SECOND)  # the whole form is drawn
    pill.evaluate("pill => Promise.all(pill.getAnimations().map(each => each.finished))")  # colours move at first
    colour = pill.evaluate("pill => getComputedStyle(pill).color")
    pill.hover()
    expect(pill).to_have_css("color", colour)
    pill.focus()
    page.mouse.move(0, 0)
    expect(pill).to_have_css("color", colour)
    context.close()


def test_numbers_on_a_heatmap_have_the_pages_colour_and_a_click_on_one_shows_its_pictures(app, idents, browser):  # noqa: F811
    context = browser.new_context(viewport={"width": 1280, "height": 1500}, color_scheme="dark")
    page = context.new_page()
    page.goto(f"{app.url}/Inspect?experiment={idents['finished']}")
    number = page.locator(".confusion_numbers_marks text", has_text="8").first  # of 10 pictures of the first class
    expect(number).to_have_css("fill", page.locator("h1").evaluate("title => getComputedStyle(title).color"))
    number.click()
    expect(page.get_by_text("8 pictures, the surest answers first.")).to_be_visible()
    expect(page.get_by_label("By", exact=True)).to_have_value(page_lab.ARMS[1].name)
    context.close()


def test_nothing_is_cut_on_a_narrow_screen(seen):
    assert not seen["cut"]


def test_no_axis_says_the_same_of_two_places(seen):
    assert not seen["twice"]


def test_pictures_in_a_row_do_not_touch(seen):
    assert not seen["touching"]


@pytest.mark.parametrize("name", ["finished", "sweep", "failed"])
def test_a_report_fits_its_sheet_of_paper(home, idents, browser, name):  # noqa: F811
    page = browser.new_page(viewport={"width": A4, "height": 1000})
    page.set_content(report(home, idents[name]))
    page.emulate_media(media="print")
    assert not page.evaluate(look_lab.BEYOND_PAPER)
    widths = page.locator("figure img").evaluate_all("all => all.map(each => each.getBoundingClientRect().width)")
    assert widths and min(widths) > 0.95 * A4, "charts use the whole width"
    page.close()
