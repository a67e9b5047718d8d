"""A visitor without a browser: asks for what a browser would, and talks to the page over Streamlit's WebSocket.

Every page opened by its address costs the server what it costs with a browser: the page itself, its scripts and styles, a
session, a run of the script; a page that refreshes itself is asked to as often as it wants. Nothing is drawn.
"""

import asyncio
import http.client
import re
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.asyncio.client import connect

from tests.benchmarks.stages import Diary, NotOpened, Stage

PATIENCE_SECONDS = 60.0  # then a page counts as not opened
MOST_BYTES = 64 * 2**20  # of one message
CONNECTIONS = 6  # of a browser to one server
_FETCHING = ThreadPoolExecutor(1000)  # threads are started as visitors come: none waits for another's
_LINKED = re.compile(r"""(?:src|href)="\.?/?(static/[^"]+)""")


class ProtocolVisitor:
    """One visitor with a cookie, on the server at `url`."""

    def __init__(self, url: str, secret: str, diary: Diary):
        self.host, self.diary = urlsplit(url).netloc, diary
        self._fetched: set[str] = set()  # a browser's cache
        self.be(secret)

    def be(self, secret: str) -> None:
        """Have the cookie of the visitor with this secret."""
        self.cookie = f"tl_visitor={secret}"

    @asynccontextmanager
    async def at(self, stage: Stage, query: str = "", path: str = "/"):
        """Open a page by its address; gives it once the script has run, and leaves it."""
        began = time.monotonic()
        await asyncio.get_running_loop().run_in_executor(_FETCHING, self._fetch, path, query)
        protocols = ["streamlit", "none"]  # the second would be the token that guards uploads
        async with connect(
            f"ws://{self.host}/_stcore/stream",
            subprotocols=protocols,
            additional_headers={"Cookie": self.cookie},
            max_size=MOST_BYTES,
            compression=None,
        ) as socket:
            page = ProtocolPage(socket, query, self.diary)
            await page.run(stage, began, page_name=path.strip("/"))
            yield page

    def _fetch(self, path: str, query: str) -> None:
        [text] = self._get([f"{path}?{query}" if query else path])
        linked = sorted(set(_LINKED.findall(text)) - self._fetched)
        self._fetched.update(linked)
        parts = [[f"/{name}" for name in linked[start::CONNECTIONS]] for start in range(CONNECTIONS)]
        for done in [_FETCHING.submit(self._get, part) for part in parts if part]:
            done.result()
        self._get(["/_stcore/health", "/_stcore/host-config"])

    def _get(self, paths: list[str]) -> list[str]:
        """What is answered, one after the other over one connection."""
        connection = http.client.HTTPConnection(self.host, timeout=PATIENCE_SECONDS)
        try:
            return [self._answer(connection, path) for path in paths]
        finally:
            connection.close()

    def _answer(self, connection: http.client.HTTPConnection, path: str) -> str:
        connection.request("GET", path, headers={"Cookie": self.cookie, "Accept-Encoding": "gzip"})
        answer = connection.getresponse()
        body = answer.read()
        if answer.status != 200:
            raise OSError(f"{path} was answered with {answer.status}")
        return body.decode(errors="replace")


class ProtocolPage:
    """A page that is open: its session, what it shows, what it wants to be refreshed."""

    def __init__(self, socket, query: str, diary: Diary):
        self.socket, self.query, self.diary = socket, query, diary
        self.links: dict[str, str] = {}  # label of a link to another page -> that page
        self.hash = ""
        self.refresh: dict[str, float] = {}  # fragment -> seconds between its refreshes

    async def run(self, stage: Stage, began: float, **state) -> None:
        """Have the script run, and hold what it shows against the stage. Raises TimeoutError, NotOpened."""
        self.headings, self.buttons, self.errors, self.charts = [], [], [], 0
        self.refresh = {}
        await self._ask(**state)
        async with asyncio.timeout(PATIENCE_SECONDS):
            async for message in self._messages():
                self._see(message, began)
                if message.WhichOneof("type") != "script_finished":
                    continue
                if message.script_finished == ForwardMsg.FINISHED_SUCCESSFULLY:
                    break
                if message.script_finished == ForwardMsg.FINISHED_WITH_COMPILE_ERROR:
                    raise NotOpened(f"{stage.name}: the page can't be run")
        self._check(stage)
        self.diary.opened(stage, began)

    async def follow(self, stage: Stage) -> None:
        """Go on by the link in the head of the page, in the same session."""
        began = time.monotonic()
        self.query = ""
        await self.run(stage, began, page_script_hash=self.links[stage.by_link])

    async def stay(self, seconds: float) -> None:
        """Look at the page; it is refreshed as often as it asks for, one refresh after the other."""
        end = time.monotonic() + seconds
        while self.refresh and (left := end - time.monotonic()) > 0:
            fragment, period = next(iter(self.refresh.items()))
            if period > left:
                break
            await asyncio.sleep(period)
            began = time.monotonic()
            await self._ask(fragment_id=fragment, is_auto_rerun=True, page_script_hash=self.hash)
            async with asyncio.timeout(PATIENCE_SECONDS):
                async for message in self._messages():
                    self._see(message, began)
                    if message.WhichOneof("type") == "script_finished":
                        break
            self.diary.refreshes.append(time.monotonic() - began)
        await asyncio.sleep(max(0.0, end - time.monotonic()))
        if self.errors:
            raise NotOpened(f"the page showed {self.errors[0]!r}")

    async def _ask(self, **state) -> None:
        message = BackMsg()
        message.rerun_script.query_string = self.query
        message.rerun_script.widget_states.SetInParent()
        message.rerun_script.context_info.timezone = "UTC"
        for name, value in state.items():
            setattr(message.rerun_script, name, value)
        await self.socket.send(message.SerializeToString())

    async def _messages(self):
        while True:
            message = ForwardMsg()
            message.ParseFromString(await self.socket.recv())
            yield message

    def _see(self, message: ForwardMsg, began: float) -> None:
        kind = message.WhichOneof("type")
        if kind == "new_session":
            self.hash = message.new_session.page_script_hash
        elif kind == "auto_rerun":
            self.refresh[message.auto_rerun.fragment_id] = message.auto_rerun.interval
        elif kind == "stop_auto_rerun":
            for fragment in message.stop_auto_rerun.fragment_ids:
                self.refresh.pop(fragment, None)
        elif kind == "delta" and message.delta.WhichOneof("type") == "new_element":
            self._see_element(message.delta.new_element, began)

    def _see_element(self, element, began: float) -> None:
        kind = element.WhichOneof("type")
        if kind == "heading":
            if not self.diary.seconds and self.diary.first_paint is None:
                self.diary.first_paint = time.monotonic() - began
            self.headings.append(element.heading.body)
        elif kind == "button":
            self.buttons.append(element.button.label)
        elif kind == "page_link":
            self.links[element.page_link.label] = element.page_link.page_script_hash
        elif kind == "vega_lite_chart":
            self.charts += 1
        elif kind == "exception":
            self.errors.append(element.exception.message)
        elif kind == "alert" and element.alert.format == element.alert.ERROR:
            self.errors.append(element.alert.body)

    def _check(self, stage: Stage) -> None:
        missing = [each for each in stage.headings if each not in self.headings]
        missing += [each for each in stage.buttons if each not in self.buttons]
        if self.charts < stage.charts:
            missing.append(f"{stage.charts} charts instead of {self.charts}")
        if self.errors or missing:
            shown = f"showed {self.errors[0]!r}" if self.errors else f"lacks {', '.join(missing)}"
            raise NotOpened(f"{stage.name} {shown}")
