"""Many visitors of a hosted demo at once, some with browsers, and the journey each goes through."""

import asyncio
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass

import psutil

from tests.benchmarks.browser_visitor import BrowserVisitor
from tests.benchmarks.demo import Demo
from tests.benchmarks.paint import CHROMIUM
from tests.benchmarks.protocol_visitor import ProtocolVisitor
from tests.benchmarks.stages import COMPARE, FINISHED, RUNNING, RUNS, Diary

NICE = 5  # of the browsers: less than the server gets, more than its trainers


@dataclass(frozen=True)
class Errand:
    """What one visitor comes for: a finished experiment of their own, and one that runs with the secret of its owner."""

    secret: str
    finished: str
    running_secret: str
    running: str


async def crowd(
    here: Demo, errands: list[Errand], num_browsers: int, seconds: float
) -> tuple[list[Diary], float | None]:
    """Visitors who come evenly spread over so many seconds; their diaries, and the most memory of the browsers in MB."""
    browsing = {place * len(errands) // num_browsers for place in range(num_browsers)} if num_browsers else set()
    async with AsyncExitStack() as stack:
        browser, chromium = await _browser(stack) if browsing else (None, None)

        async def one(place: int) -> Diary:
            diary = Diary(browser=place in browsing)
            await asyncio.sleep(seconds * place / len(errands))
            try:
                if diary.browser:
                    await with_browser(here, errands[place], diary, browser)
                else:
                    await with_protocol(here, errands[place], diary)
            except Exception as problem:  # whatever stops a visitor is what is measured
                diary.problems.append(f"{type(problem).__name__}: {problem}".splitlines()[0])
            return diary

        watch = asyncio.create_task(_most_bytes(chromium)) if chromium else None
        diaries = await asyncio.gather(*(one(place) for place in range(len(errands))))
        if watch:
            watch.cancel()
        return list(diaries), await watch / 1e6 if watch else None


async def _browser(stack: AsyncExitStack):
    """Playwright's browser and its process."""
    from playwright.async_api import async_playwright

    before = set(psutil.Process().children(recursive=True))
    playwright = await stack.enter_async_context(async_playwright())
    browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
    stack.push_async_callback(browser.close)
    started = set(psutil.Process().children(recursive=True)) - before
    for process in started:  # visitors' computers take nothing from a server; what they start later inherits it
        with suppress(psutil.Error):
            process.nice(NICE)
    return browser, started


async def _most_bytes(started: set[psutil.Process]) -> float:
    """Highest memory of the browser's processes, until cancelled."""
    most = 0.0
    try:
        while True:
            most = max(most, await asyncio.to_thread(_bytes, started))
            await asyncio.sleep(15)
    except asyncio.CancelledError:
        return most


def _bytes(started: set[psutil.Process]) -> float:
    """Memory of processes and their children, shared pages counted once."""
    total = 0.0
    for process in {child for parent in started for child in _family(parent)}:
        with suppress(psutil.Error):
            total += process.memory_full_info().pss
    return total


def _family(parent: psutil.Process) -> list[psutil.Process]:
    try:
        return [parent, *parent.children(recursive=True)]
    except psutil.Error:
        return []


async def with_protocol(here: Demo, errand: Errand, diary: Diary) -> None:
    """The journey without a browser."""
    visitor = ProtocolVisitor(here.url, errand.secret, diary)
    async with visitor.at(COMPARE) as page:
        await page.stay(COMPARE.stay_seconds)
    async with visitor.at(FINISHED, f"experiment={errand.finished}") as page:
        await page.stay(FINISHED.stay_seconds)
        await page.follow(RUNS)
        await page.stay(RUNS.stay_seconds)
    visitor.be(errand.running_secret)
    async with visitor.at(RUNNING, f"experiment={errand.running}") as page:
        await page.stay(RUNNING.stay_seconds)


async def look_in(here: Demo, errand: Errand) -> None:
    """Open the finished experiment and the list of runs, and leave."""
    async with ProtocolVisitor(here.url, errand.secret, Diary()).at(FINISHED, f"experiment={errand.finished}") as page:
        await page.follow(RUNS)


async def with_browser(here: Demo, errand: Errand, diary: Diary, browser) -> None:
    """The journey with a browser; `browser` is Playwright's."""
    async with BrowserVisitor(here.url, errand.secret, diary, browser).arrive() as visitor:
        await visitor.open(COMPARE)
        await visitor.stay(COMPARE)
        await visitor.open(FINISHED, f"experiment={errand.finished}")
        await visitor.stay(FINISHED)
        await visitor.follow(RUNS)
        await visitor.stay(RUNS)
        await visitor.be(errand.running_secret)
        await visitor.open(RUNNING, f"experiment={errand.running}")
        await visitor.stay(RUNNING)
