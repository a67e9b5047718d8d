"""A hosted server as strangers meet it: `streamlit run app.py`, asked over the network and by two real browsers."""

import http.client
import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.datasets.crafted import two_classes, zipped_bytes
from tests.test_journey import CHROMIUM, free_port
from tl import datasets
from tl.store.home import Home, owner_of

ROOT = Path(__file__).parents[2]
SAFE = {
    "TL_HOSTED": "1",
    "STREAMLIT_SERVER_MAX_UPLOAD_SIZE": "50",
    "STREAMLIT_SERVER_ALLOWED_HOSTS": "127.0.0.1 demo.test",
}


def command(port: int) -> list[str]:
    run = [sys.executable, "-m", "streamlit", "run", "app.py", "--server.headless", "true"]
    return [*run, "--server.port", str(port), "--server.fileWatcherType", "none"]


class Server:
    """A hosted server with a home of its own."""

    def __init__(self, folder: Path):
        self.home, self.port = Home(folder / "home"), free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = open(folder / "log", "wb")  # noqa: SIM115 - closed by `end`
        environment = os.environ | SAFE | {"TL_HOME": str(self.home.path)}
        self.process = subprocess.Popen(command(self.port), cwd=ROOT, env=environment, stdout=self.log, stderr=self.log)
        deadline = time.monotonic() + 60
        while self.process.poll() is None and time.monotonic() < deadline:
            try:
                if self.ask("/_stcore/health").status == 200:
                    return
            except OSError:
                time.sleep(0.1)
        raise AssertionError((folder / "log").read_text())

    def ask(self, path: str, method: str = "GET", body: bytes | None = None, **headers: str):
        """The answer, its body read."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        try:
            connection.request(method, path, body, {name.replace("_", "-"): value for name, value in headers.items()})
            answer = connection.getresponse()
            answer.content = answer.read()
            return answer
        finally:
            connection.close()

    def upgrade(self, **headers: str) -> int:
        """Status of opening Streamlit's WebSocket."""
        asked = {"Host": f"127.0.0.1:{self.port}", "Upgrade": "websocket", "Connection": "Upgrade"}
        asked |= {"Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==", "Sec-WebSocket-Version": "13"}
        asked |= {"Sec-WebSocket-Protocol": "streamlit, x"} | headers
        lines = "".join(f"{name}: {value}\r\n" for name, value in asked.items())
        with socket.create_connection(("127.0.0.1", self.port), timeout=20) as connection:
            connection.sendall(f"GET /_stcore/stream HTTP/1.1\r\n{lines}\r\n".encode())
            return int(connection.recv(4096).split()[1])

    def end(self) -> None:
        self.process.terminate()
        try:
            self.process.wait(20)
        finally:
            self.process.kill()
            self.log.close()


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    server = Server(tmp_path_factory.mktemp("server"))
    yield server
    server.end()


def test_the_first_page_sets_a_cookie_for_the_server_only(server):
    answer = server.ask("/")
    cookie = answer.headers["Set-Cookie"]
    assert cookie.startswith("tl_visitor=") and "HttpOnly" in cookie and "SameSite=Lax" in cookie
    secret = cookie.partition("=")[2].partition(";")[0]
    assert server.ask("/Runs", Cookie=f"tl_visitor={secret}").headers["Set-Cookie"].startswith(f"tl_visitor={secret};")
    assert server.ask("/", X_Forwarded_Proto="https").headers["Set-Cookie"].startswith("__Host-tl_visitor=")


@pytest.mark.parametrize(
    "path", ["/", "/_stcore/health", "/_stcore/host-config", "/favicon.png", "/media/none.png", "/%2e%2e/x"]
)
def test_every_answer_says_what_a_browser_may_not_do(server, path):
    headers = server.ask(path).headers
    policy = headers["Content-Security-Policy"]
    assert "default-src 'self'" in policy and "frame-ancestors 'self'" in policy and "object-src 'none'" in policy
    assert "http" not in policy.replace("'sha256-", "") and "*" not in policy and "unsafe-eval" not in policy
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert "camera=()" in headers["Permissions-Policy"]


def test_what_the_server_writes_is_for_its_user_alone(server):
    status = Path(f"/proc/{server.process.pid}/status").read_text(encoding="utf-8")
    assert "\nUmask:\t0077\n" in status


def test_other_names_are_not_answered(server):
    assert server.ask("/", Host="evil.example").status == 400
    assert server.ask("/", Host="127.0.0.1.evil.example").status == 400
    assert server.ask("/", Host=f"demo.test:{server.port}").status == 200
    assert server.upgrade(Host="evil.example") == 403


def test_only_the_page_itself_opens_a_websocket(server):
    assert server.upgrade(Origin=f"http://127.0.0.1:{server.port}") == 101
    for origin in ("https://evil.example", "http://localhost:3000", "null"):
        assert server.upgrade(Origin=origin) == 403


@pytest.mark.parametrize(
    "path", ["metrics", "agent/openapi.json", "agent/x", "script-health-check", "bidi-components/a/b"]
)
def test_what_pages_do_not_need_is_closed(server, path):
    assert server.ask(f"/_stcore/{path}").status == 404


def test_an_upload_without_its_page_and_token_is_refused(server):
    for path in ("/_stcore/upload_file/session/file", "/_stcore/upload_file/a/b"):
        assert server.ask(path, "PUT", b"x").status == 403
        assert server.ask(path, "DELETE", Cookie="tl_visitor=" + "a" * 22).status == 403


def test_large_requests_are_refused_before_they_are_read(server):
    assert server.ask("/", "POST", b"x" * 70_000).status == 413


def test_an_unsafe_setting_ends_the_start_and_is_named(tmp_path):
    unsafe = {"STREAMLIT_SERVER_ENABLE_XSRF_PROTECTION": "false", "STREAMLIT_SERVER_ALLOWED_HOSTS": "*"}
    environment = os.environ | SAFE | unsafe | {"TL_HOME": str(tmp_path)}
    ended = subprocess.run(command(free_port()), cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60)
    assert ended.returncode == 1
    assert "server.enableXsrfProtection is False; it must be true" in ended.stderr
    assert "Set STREAMLIT_SERVER_ENABLE_XSRF_PROTECTION=true" in ended.stderr
    assert "server.allowedHosts is" in ended.stderr
    assert "Traceback" not in ended.stderr


def upload(page, server: Server, name: str, word: str) -> None:
    """Bring pictures through the page."""
    page.goto(server.url)
    page.get_by_text("Add your own pictures").click()
    file = {"name": f"{name}.zip", "mimeType": "application/zip", "buffer": zipped_bytes(two_classes(f"{word}-"))}
    page.get_by_test_id("stFileUploaderDropzoneInput").set_input_files(file)
    page.get_by_role("button", name="Use these pictures").click()
    page.get_by_role("button", name="Use these pictures").wait_for(state="hidden")  # what was read stood there before
    page.locator("[class*=st-key-fold_] button").first.click()  # the form's pictures
    page.get_by_text(f"{word}-rose").first.wait_for()


@pytest.mark.browser
@pytest.mark.skipif(not CHROMIUM, reason="needs Chromium")
def test_two_browsers_have_two_workspaces_and_nothing_comes_from_elsewhere(server):
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        problems, asked, owners = [], set(), []
        pages = {}
        for word in ("zebra", "yak"):
            context = browser.new_context()
            page = pages[word] = context.new_page()
            page.set_default_timeout(30_000)
            page.on("console", lambda message: message.type == "error" and problems.append(message.text))
            page.on("request", lambda request: asked.add(request.url.split("/")[2] if "://" in request.url else ""))
            upload(page, server, "mine", word)
            [cookie] = [cookie for cookie in context.cookies() if cookie["name"] == "tl_visitor"]
            assert cookie["httpOnly"] and cookie["sameSite"] == "Lax"
            assert "tl_visitor" not in page.evaluate("document.cookie")
            owners.append(owner_of(cookie["value"]))
        assert "zebra-rose" in pages["zebra"].content() and "yak" not in pages["zebra"].content()
        assert "yak-rose" in pages["yak"].content() and "zebra" not in pages["yak"].content()
        browser.close()
    found = {home.owner: datasets.describe(home, "mine").classes for home in server.home.visitors()}
    assert found == dict(zip(owners, [("zebra-rose", "zebra-tulip"), ("yak-rose", "yak-tulip")], strict=True))
    assert asked - {""} == {f"127.0.0.1:{server.port}"}
    assert not [text for text in problems if "Content Security Policy" in text], problems
