"""Downloads against a local server that answers well, badly, slowly, or not at all."""

import hashlib
import os
import socket
import subprocess
import threading
import time
from contextlib import nullcontext
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from tl.config import Refused
from tl.store import download as module
from tl.store.download import DownloadFailed, download, matches

BODY = bytes(range(256)) * 4096  # 1 MiB
DIGEST = hashlib.sha256(BODY).hexdigest()


class Server(BaseHTTPRequestHandler):
    """The path says how to misbehave; `requests` of the server remembers (path, Range header)."""

    def log_message(self, *arguments):
        """Quiet."""

    def do_GET(self):
        """Answer as the path says."""
        ranged = self.headers.get("Range")
        self.server.requests.append((self.path, ranged))
        first = sum(path == self.path for path, _ in self.server.requests) == 1
        getattr(self, "answer_" + self.path.strip("/").split(".")[0])(ranged, first)

    def head(self, status=200, length=None, **headers):
        """Status line and headers."""
        self.send_response(status)
        if length is not None:
            self.send_header("Content-Length", str(length))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()

    def send_from(self, ranged, **headers):
        """The body, from where the request wants it."""
        start = int(ranged.removeprefix("bytes=").removesuffix("-")) if ranged else 0
        if start:
            headers["Content_Range"] = f"bytes {start}-{len(BODY) - 1}/{len(BODY)}"
        self.head(206 if start else 200, len(BODY) - start, **headers)
        self.wfile.write(BODY[start:])

    def answer_ok(self, ranged, first):
        """All is well."""
        self.send_from(ranged)

    def answer_missing(self, ranged, first):
        """404."""
        self.send_error(404)

    def answer_busy(self, ranged, first):
        """503 once, then well."""
        self.send_error(503) if first else self.send_from(ranged)

    def answer_cut(self, ranged, first):
        """Breaks at half, resumes the second time."""
        if not first:
            return self.send_from(ranged, ETag='"1"')
        self.head(length=len(BODY), ETag='"1"')
        self.wfile.write(BODY[: len(BODY) // 2])

    def answer_stubborn(self, ranged, first):
        """Breaks at half, then can't resume (416), then is well from the beginning."""
        if ranged:
            return self.send_error(416)
        self.answer_cut(ranged, first)

    def answer_unmarked(self, ranged, first):
        """Breaks at half without a mark of the version: has to start again."""
        self.head(length=len(BODY))
        self.wfile.write(BODY[: len(BODY) // 2] if first else BODY)

    def answer_always(self, ranged, first):
        """Breaks at half each time."""
        self.head(length=len(BODY))
        self.wfile.write(BODY[: len(BODY) // 2])

    def answer_wrong(self, ranged, first):
        """Another file."""
        self.head(length=5)
        self.wfile.write(b"other")

    def answer_portal(self, ranged, first):
        """A sign-in page."""
        page = b"<!DOCTYPE html><html>Please sign in</html>"
        self.head(length=len(page), Content_Type="text/html; charset=utf-8")
        self.wfile.write(page)

    def answer_moved(self, ranged, first):
        """Redirects."""
        self.head(302, 0, Location="/ok.bin")

    def answer_endless(self, ranged, first):
        """No length: the end of the connection is the end of the file."""
        self.head()
        self.wfile.write(BODY)

    def answer_slow(self, ranged, first):
        """Stalls after a part, longer than the time-out; the second time it is well."""
        if not first:
            return self.send_from(ranged, ETag='"1"')
        self.head(length=len(BODY), ETag='"1"')
        self.wfile.write(BODY[:100_000])
        self.wfile.flush()
        time.sleep(1.5)


@pytest.fixture
def server(monkeypatch):
    """A running server; time-outs and pauses are short."""
    for name in ("http_proxy", "HTTP_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(module, "BACK_OFF_SECONDS", 0.01)
    monkeypatch.setattr(module, "TIMEOUT_SECONDS", 0.5)
    running = ThreadingHTTPServer(("127.0.0.1", 0), Server)
    running.requests = []
    running.url = f"http://127.0.0.1:{running.server_port}"
    thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield running
    running.shutdown()
    thread.join()
    running.server_close()


@pytest.mark.parametrize("mode", ["ok", "busy", "cut", "stubborn", "unmarked", "moved", "endless", "slow"])
def test_the_file_arrives_whole_however_the_server_behaves(server, tmp_path, mode):
    target = tmp_path / "new" / "weights.pth"
    seen = []
    assert (
        download(f"{server.url}/{mode}.bin", target, DIGEST[:8], progress=lambda *place: seen.append(place)) == target
    )
    assert target.read_bytes() == BODY
    assert seen[-1][0] == len(BODY)
    assert list(target.parent.iterdir()) == [target], "no part is left"


def test_a_broken_transfer_goes_on_where_it_broke(server, tmp_path):
    download(f"{server.url}/cut.bin", tmp_path / "weights", DIGEST[:8])
    assert server.requests == [("/cut.bin", None), ("/cut.bin", f"bytes={len(BODY) // 2}-")]


def test_progress_tells_the_total_when_the_server_or_the_caller_does(server, tmp_path):
    totals = {"ok": len(BODY), "endless": 7}
    for mode, total in totals.items():
        seen = []
        download(f"{server.url}/{mode}", tmp_path / mode, DIGEST[:8], size=7, progress=lambda *p, s=seen: s.append(p))
        assert {place[1] for place in seen} == {total}


@pytest.mark.parametrize(
    ("mode", "words", "requests"),
    [
        ("missing", "answered 404", 1),
        ("always", "the connection broke after 524,288 of 1,048,576 bytes", 3),
        ("wrong", "is not the expected file", 1),
        ("portal", "a web page instead of the file", 1),
    ],
)
def test_a_failure_is_one_sentence_and_leaves_nothing(server, tmp_path, mode, words, requests):
    with pytest.raises(DownloadFailed, match=words) as caught:
        download(f"{server.url}/{mode}.bin", tmp_path / "weights", DIGEST[:8])
    assert isinstance(caught.value, Refused)
    assert "\n" not in str(caught.value)
    assert str(caught.value).endswith(".")
    assert list(tmp_path.iterdir()) == []
    assert len(server.requests) == requests


def test_without_network_it_says_so(server, tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    with pytest.raises(DownloadFailed, match=r"no connection: Connection refused.*put the file at"):
        download(f"http://127.0.0.1:{port}/weights.pth", tmp_path / "weights", DIGEST[:8])
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_there_is_used_without_the_network(tmp_path):
    target = tmp_path / "weights"
    target.write_bytes(BODY)
    assert download("http://127.0.0.1:9/never-asked", target, DIGEST) == target


def test_a_damaged_file_that_is_there_is_replaced(server, tmp_path):
    target = tmp_path / "weights"
    target.write_bytes(BODY[:-1])
    download(f"{server.url}/ok", target, DIGEST[:8].upper())
    assert matches(target, DIGEST)


@pytest.mark.parametrize("mode", ["ok", "missing"])
def test_parts_that_killed_downloads_left_are_removed_and_those_of_others_are_not(server, tmp_path, mode):
    dead = subprocess.Popen(["true"])
    dead.wait()
    target = tmp_path / "weights[1].pth"
    left = tmp_path / f".{target.name}.{dead.pid}.0123abcd.part"
    goes_on = tmp_path / f".{target.name}.{os.getpid()}.0123abcd.part"
    another = tmp_path / f".other.pth.{dead.pid}.0123abcd.part"
    for part in (left, goes_on, another):
        part.write_bytes(b"half")
    with nullcontext() if mode == "ok" else pytest.raises(DownloadFailed):
        download(f"{server.url}/{mode}", target, DIGEST)
    assert set(tmp_path.iterdir()) == {goes_on, another} | ({target} if mode == "ok" else set())


def test_a_failed_download_leaves_the_old_file(server, tmp_path):
    target = tmp_path / "weights"
    target.write_bytes(b"older version")
    with pytest.raises(DownloadFailed):
        download(f"{server.url}/wrong", target, DIGEST[:8])
    assert target.read_bytes() == b"older version"
