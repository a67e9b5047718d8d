"""A visitor with a real browser: a Chromium context of its own, so a cache, cookies and connections of its own."""

import asyncio
import time
from contextlib import asynccontextmanager

from tests.benchmarks.protocol_visitor import PATIENCE_SECONDS
from tests.benchmarks.stages import Diary, NotOpened, Stage

ERRORS = "[data-testid=stException], [data-testid=stAlertContentError]"


class BrowserVisitor:
    """One visitor with a cookie, on the server at `url`; `browser` is Playwright's."""

    def __init__(self, url: str, secret: str, diary: Diary, browser):
        self.url, self.secret, self.diary, self.browser = url, secret, diary, browser

    @asynccontextmanager
    async def arrive(self):
        """The browser is there from here on."""
        context = await self.browser.new_context()
        context.set_default_timeout(PATIENCE_SECONDS * 1000)
        try:
            self.context = context
            await self.be(self.secret)
            self.tab = await context.new_page()
            yield self
        finally:
            await context.close()

    async def be(self, secret: str) -> None:
        """Have the cookie of the visitor with this secret."""
        await self.context.add_cookies([{"name": "tl_visitor", "value": secret, "url": self.url}])

    async def open(self, stage: Stage, query: str = "") -> None:
        """Open a page by its address, until all of it is there. Raises Playwright's Error, NotOpened."""
        began = time.monotonic()
        await self.tab.goto(f"{self.url}/?{query}", wait_until="commit")
        if not self.diary.seconds:
            await self.tab.get_by_test_id("stHeading").first.wait_for()
            self.diary.first_paint = time.monotonic() - began
        await self._complete(stage, began)

    async def follow(self, stage: Stage) -> None:
        """Go on by the link in the head of the page."""
        began = time.monotonic()
        await self.tab.get_by_test_id("stPageLink").get_by_text(stage.by_link, exact=True).first.click()
        await self._complete(stage, began)

    async def stay(self, stage: Stage) -> None:
        """Look at the page, which refreshes itself if it wants to."""
        await asyncio.sleep(stage.stay_seconds)
        await self.check(stage)

    async def _complete(self, stage: Stage, began: float) -> None:
        for heading in stage.headings:
            await self.tab.get_by_test_id("stHeading").get_by_text(heading, exact=True).first.wait_for()
        for button in stage.buttons:
            await self.tab.get_by_role("button", name=button).first.wait_for()
        if stage.charts:
            await self.tab.get_by_test_id("stVegaLiteChart").nth(stage.charts - 1).wait_for()
        await self.check(stage)
        self.diary.opened(stage, began)

    async def check(self, stage: Stage) -> None:
        """Raise NotOpened where the page shows an error."""
        if await self.tab.locator(ERRORS).count():
            raise NotOpened(f"{stage.name} shows {await self.tab.locator(ERRORS).first.inner_text()!r}")
