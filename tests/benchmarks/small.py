"""Quick look and Few photos in 1, 1.5 and 2 GB and on one core: whether they end in a verdict, and what each process holds."""

import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from tests.benchmarks.confined import Group, Held, group, held, role
from tests.benchmarks.demo import HOSTED
from tests.benchmarks.paint import CHROMIUM, serve
from tests.benchmarks.pictures import ROOT, flowers_folder
from tests.benchmarks.row import Row, Skipped
from tests.benchmarks.scale import Scale
from tl.store.home import Home

if TYPE_CHECKING:
    from playwright.sync_api import Page

GIGABYTES = (1.0, 1.5, 2.0)
PHOTOS = (200, 50, 50)  # for training, validation, test: of five kinds of flowers
PERIOD_SECONDS = 0.5  # between two looks at the processes
LIMIT_SECONDS = 1500.0  # for a verdict: one core, and a browser beside it
VERDICT, ENDED = ".st-key-verdict", "Resume"


def small(home: Home, scale: Scale) -> list[Row]:
    """Quick look and Few photos on one core with 1, 1.5 and 2 GB, at home and hosted: a verdict? And each process's memory."""
    if CHROMIUM is None:
        raise Skipped("there is no Chromium")
    journeys: dict[str, Callable[[Page], None]] = {"Quick look": _quick_look, "Few photos": partial(_few, home)}
    rows = []
    for gigabytes in GIGABYTES[: scale.small_sizes]:
        for hosted in (False, True)[: scale.small_modes]:
            for name in list(journeys)[: scale.small_journeys]:
                where = f"{gigabytes:g} GB{', hosted' if hosted else ''}, {name}"
                rows += _journey(where, int(gigabytes * 2**30), hosted, journeys[name])
    return rows


def _quick_look(tab: "Page") -> None:
    tab.get_by_role("radio", name="Quick look", checked=True).wait_for()  # how the page begins


def _few(home: Home, tab: "Page") -> None:
    """Bring photos in a zip and use them as they were understood."""
    photos = flowers_folder(home, *PHOTOS)
    zipped = shutil.make_archive(str(photos), "zip", photos)
    tab.get_by_text("Few photos").first.click()
    tab.locator("input[type=file]").first.set_input_files(zipped)
    tab.get_by_role("button", name="Use these pictures").click()
    tab.get_by_role("button", name="Use these pictures").wait_for(state="hidden")


def _journey(where: str, limit_bytes: int, hosted: bool, choose: Callable[["Page"], None]) -> list[Row]:
    peaks: dict[str, Held] = {}
    began = time.monotonic()
    with group(limit_bytes) as confined, _served(confined, hosted) as url:
        verdict = _clicked_through(url, choose, confined, peaks)
        seconds, peak, kills = time.monotonic() - began, confined.peak(), confined.kills()
    told = f"killed for memory: {kills}; the group's most, with pages of files: {(peak or 0) / 1e6:,.0f} MB"
    rows = [Row(what=f"{where}: verdicts", measured=float(verdict), unit="of 1", at_least=1, note=told)]
    rows.append(Row(what=f"{where}: from opening the page to it", measured=seconds, unit="s"))
    for name, most in sorted(peaks.items(), key=lambda each: -each[1].private):
        note = f"resident {most.resident / 1e6:,.0f}, proportional {most.proportional / 1e6:,.0f}"
        rows.append(Row(what=f"{where}: {name}", measured=most.private / 1e6, unit="MB private", note=note))
    return rows


@contextmanager
def _served(confined: Group, hosted: bool) -> Iterator[str]:
    """Address of a page with an empty home, whose processes all live in the group."""
    before = dict(os.environ)
    os.environ.update(HOSTED if hosted else {})
    try:
        with tempfile.TemporaryDirectory() as folder:
            process, url = serve(ROOT / "app.py", str(Path(folder) / "home"), confined.enter)
            try:
                yield url
            finally:
                for pid in confined.processes():
                    os.kill(pid, 9)
                process.wait()
    finally:
        os.environ.clear()
        os.environ.update(before)


def _clicked_through(url: str, choose: Callable[["Page"], None], confined: Group, peaks: dict[str, Held]) -> bool:
    """`choose` in a browser, click Start, and wait; whether a verdict came. `peaks` gets the most of each kind of process."""
    from playwright.sync_api import sync_playwright

    end = time.monotonic() + LIMIT_SECONDS
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        try:
            tab = browser.new_page()
            tab.set_default_timeout(180_000)
            tab.goto(url)
            choose(tab)
            tab.locator(".st-key-form_start button").click()
            tab.wait_for_url("**experiment=**")
            while time.monotonic() < end:
                _note_peaks(confined, peaks)
                if tab.locator(VERDICT).count():
                    return True
                if tab.get_by_role("button", name=ENDED).count() and not _trains(confined):
                    return False
                time.sleep(PERIOD_SECONDS)
            return False
        finally:
            browser.close()


def _trains(confined: Group) -> bool:
    """Whether a trainer lives in the group."""
    return any(role(pid) == "trainer" for pid in confined.processes())


def _note_peaks(confined: Group, peaks: dict[str, Held]) -> None:
    for pid in confined.processes():
        name, now = role(pid), held(pid)
        if name is None or now is None:
            continue
        before = peaks.get(name, now)
        peaks[name] = replace(
            now, **{field: max(getattr(before, field), getattr(now, field)) for field in Held.__dataclass_fields__}
        )
