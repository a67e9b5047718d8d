"""The gate by itself: what reaches Streamlit behind it, and what every answer carries."""

import asyncio

import pytest

from tests.translated import chinese
from tl.hosted import visitor
from tl.hosted.gate import OVERHEAD, SMALL_BODY, Gate
from tl.store.home import owner_of

MINE, THEIRS = "a" * 22, "b" * 22
UPLOAD_BYTES = 5 * 2**20
HELD_AT_MOST = 3 * UPLOAD_BYTES
UPLOAD = "/_stcore/upload_file/session/file"
PAGE = [(b"content-type", b"text/html; charset=utf-8"), (b"cache-control", b"max-age=60"), (b"etag", b"1")]


class Asked:
    """One request through a gate; `reached` is the scope that Streamlit got, None where it got none."""

    def __init__(self, path="/", method="GET", kind="http", scheme="http", answer=PAGE, held=None, **headers):
        self.reached, self.sent = None, []

        async def streamlit(scope, receive, send):
            self.reached = scope
            if scope["type"] == "http":
                await send({"type": "http.response.start", "status": 200, "headers": answer})
                await send({"type": "http.response.body", "body": b""})

        async def send(message):
            self.sent.append(message)

        named = {"host": "demo.example", **{name.replace("_", "-"): value for name, value in headers.items()}}
        listed = [
            (name.encode(), value.encode(errors="surrogateescape"))
            for name, value in named.items()
            if value is not None
        ]
        scope = {"type": kind, "path": path, "method": method, "scheme": scheme, "headers": listed}
        self.gate = Gate(
            streamlit,
            lambda host: host in ("demo.example", "demo.example:8501"),
            {"X-Test": "1"},
            UPLOAD_BYTES,
            60.0,
            held_bytes=lambda: held or {},
            held_at_most=HELD_AT_MOST,
        )
        asyncio.run(self.gate(scope, None, send))

    @property
    def status(self) -> int:
        return self.sent[0]["status"]

    def header(self, name: str) -> list[str]:
        return [value.decode() for key, value in self.sent[0]["headers"] if key == name.encode()]


def test_a_page_sets_a_secret_cookie_that_no_script_can_read_and_is_not_kept_by_caches():
    first, second = Asked(), Asked()
    [cookie] = first.header("set-cookie")
    assert cookie.startswith("tl_visitor=") and {"HttpOnly", "SameSite=Lax", "Path=/"} <= set(cookie.split("; "))
    assert "Secure" not in cookie
    assert second.header("set-cookie") != [cookie]
    assert first.header("cache-control") == ["no-store"]
    assert first.header("x-test") == ["1"]


def test_behind_https_the_cookie_is_for_this_host_and_https_only():
    for asked in (Asked(scheme="https"), Asked(x_forwarded_proto="https")):
        [cookie] = asked.header("set-cookie")
        assert cookie.startswith("__Host-tl_visitor=")
        assert "Secure" in cookie.split("; ")


@pytest.mark.parametrize(
    ("accepted", "words"),
    [
        ("zh-CN,zh;q=0.9,en;q=0.8", "未找到。"),
        ("fr, zh;q=0.5", "未找到。"),
        ("en-GB,zh", "Not found."),
        ("", "Not found."),
    ],
)
def test_a_refusal_is_in_the_language_that_the_browser_asks_for(tmp_path, accepted, words):
    with chinese(tmp_path, {"Not found.": "未找到。"}):
        asked = Asked("/_stcore/metrics", accept_language=accepted)
    assert (asked.status, asked.sent[1]["body"].decode()) == (404, f"{words}\n")


def test_a_visitor_keeps_the_secret_and_what_is_none_is_replaced():
    assert Asked(cookie=f"x=1; tl_visitor={MINE}").header("set-cookie")[0].startswith(f"tl_visitor={MINE};")
    for wrong in ("short", "a" * 23, "../" + "a" * 19, ""):
        assert not Asked(cookie=f"tl_visitor={wrong}").header("set-cookie")[0].startswith(f"tl_visitor={wrong};")


@pytest.mark.parametrize("other", ['a={"x": [1]}', "b", "=;;", 'c="', "d=\\x"])
def test_other_cookies_do_not_hide_the_secret(other):
    assert Asked(cookie=f"{other}; tl_visitor={MINE}").header("set-cookie")[0].startswith(f"tl_visitor={MINE};")


SECURE = [{"scheme": "https"}, {"x_forwarded_proto": "https"}, {"origin": "https://demo.example"}]


@pytest.mark.parametrize("secure", SECURE, ids=lambda entry: next(iter(entry)))
@pytest.mark.parametrize("kind", ["http", "websocket"])
def test_behind_https_a_cookie_that_a_neighbouring_host_could_plant_counts_nowhere(kind, secure):
    if kind == "websocket" and "scheme" in secure:
        secure = {"scheme": "wss"}
    visitor.bind("session", owner_of(THEIRS))
    names = (
        "x=1; tl_visitor",
        "tl_visitor ",
        "\udca0tl_visitor",
        "\udc85__Host-tl_visitor",
        "x=1;__Host-tl_visitor\udca0",
    )
    for planted in (f"{name}={THEIRS}" for name in names):
        asked = Asked("/", kind=kind, cookie=planted, sec_websocket_protocol="a, b, session", **secure)
        assert THEIRS not in str(asked.reached["headers"]), "pages read the cookie themselves"
        if kind == "http":
            [cookie] = asked.header("set-cookie")
            assert cookie.startswith("__Host-tl_visitor=") and THEIRS not in cookie
        else:
            assert (b"sec-websocket-protocol", b"a, b") in asked.reached["headers"]
        kept = Asked("/", kind=kind, cookie=f"{planted}; __Host-tl_visitor={MINE}", **secure)
        assert MINE in str(kept.reached["headers"]) and THEIRS not in str(kept.reached["headers"])
        assert kind == "websocket" or MINE in kept.header("set-cookie")[0]
    upload = Asked(UPLOAD, "PUT", content_length="9", cookie=f"tl_visitor={THEIRS}", **secure)
    assert upload.status == 403


def test_pictures_and_scripts_set_no_cookie():
    asked = Asked("/media/x.png", answer=[(b"content-type", b"image/png")])
    assert asked.header("set-cookie") == []
    assert asked.header("x-test") == ["1"]


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1", "demo.example.evil.example", "", None])
@pytest.mark.parametrize("kind", ["http", "websocket"])
def test_a_foreign_name_is_not_answered(host, kind):
    asked = Asked(kind=kind, host=host)
    assert asked.reached is None
    assert asked.sent[0].get("status", 403) in (400, 403)
    assert asked.sent[0].get("code", 1008) == 1008


def test_health_answers_by_any_name():
    assert Asked("/_stcore/health", host="10.0.0.7").reached


CLOSED = ["metrics", "agent/openapi.json", "agent", "script-health-check", "bidi-components/x", "new", "", "/metrics"]


@pytest.mark.parametrize("path", CLOSED)
@pytest.mark.parametrize("before", ["", "/base", "/a/b"])
def test_what_pages_do_not_need_is_closed(path, before):
    asked = Asked(f"{before}/_stcore/{path}")
    assert (asked.reached, asked.status) == (None, 404)


def test_what_pages_need_is_open():
    for path in ("/_stcore/host-config", "/static/js/index.js", "/Runs", "/media/a.png"):
        assert Asked(path).reached, path


@pytest.mark.parametrize("origin", ["https://evil.example", "http://localhost:3000", "null", "http://demo.example:9"])
def test_another_site_opens_no_websocket(origin):
    asked = Asked("/_stcore/stream", kind="websocket", origin=origin)
    assert asked.reached is None
    assert asked.sent == [{"type": "websocket.close", "code": 1008}]


def test_the_page_itself_opens_its_websocket():
    assert Asked("/_stcore/stream", kind="websocket", origin="https://demo.example").reached
    assert Asked(
        "/_stcore/stream", kind="websocket", host="demo.example:8501", origin="http://demo.example:8501"
    ).reached


@pytest.mark.parametrize(
    ("length", "status"),
    [(SMALL_BODY, 200), (SMALL_BODY + 1, 413), ("9" * 30, 413), ("-1", 413), ("x", 413), ("٣", 413)],
)
def test_a_request_that_uploads_nothing_is_small(length, status):
    asked = Asked("/", "POST", content_length=str(length))
    assert (asked.status, asked.reached is not None) == (status, status == 200)


def test_a_request_says_how_long_it_is():
    assert Asked("/", "POST", transfer_encoding="chunked").status == 411


def test_an_upload_needs_the_browser_that_the_page_was_shown_to():
    visitor.bind("session", owner_of(MINE))
    size = str(UPLOAD_BYTES + OVERHEAD)
    assert Asked(UPLOAD, "PUT", content_length=size, cookie=f"tl_visitor={MINE}").reached
    assert Asked(UPLOAD, "PUT", content_length=size + "0", cookie=f"tl_visitor={MINE}").status == 413
    for other in (f"tl_visitor={THEIRS}", "", "tl_visitor=x"):
        assert Asked(UPLOAD, "PUT", content_length=size, cookie=other).status == 403
    for wrong in ("/_stcore/upload_file/other/file", "/_stcore/upload_file"):
        assert Asked(wrong, "PUT", content_length=size, cookie=f"tl_visitor={MINE}").status == 403


@pytest.mark.parametrize(("held", "status"), [(0, 200), (HELD_AT_MOST - 99, 200), (HELD_AT_MOST - 98, 507)])
def test_uploads_of_all_visitors_together_are_bounded(held, status):
    visitor.bind("session", owner_of(MINE))
    asked = Asked(UPLOAD, "PUT", content_length="99", cookie=f"tl_visitor={MINE}", held={"other": held})
    assert (asked.status, asked.reached is not None) == (status, status == 200)
    assert not asked.gate.arriving


SHARE = UPLOAD_BYTES + OVERHEAD


@pytest.mark.parametrize(("held", "status"), [(0, 200), (SHARE - 99, 200), (SHARE - 98, 507)])
def test_a_visitor_has_no_more_than_one_upload_in_memory_over_all_tabs(held, status):
    for session in ("session", "another tab"):
        visitor.bind(session, owner_of(MINE))
    visitor.bind("theirs", owner_of(THEIRS))
    mine = {"session": held // 2, "another tab": held - held // 2}
    about = {"cookie": f"tl_visitor={MINE}", "held": mine | {"theirs": SHARE}}
    assert Asked(UPLOAD, "PUT", content_length="99", **about).status == status
    assert Asked(UPLOAD, "DELETE", **about).status == 200, "an upload can always be taken back"


def test_what_is_still_on_its_way_counts_too():
    async def two() -> list[int]:
        arrived, statuses = asyncio.Event(), []

        async def streamlit(scope, receive, send):
            await arrived.wait()
            await send({"type": "http.response.start", "status": 204, "headers": []})

        async def note(message):
            statuses.extend([message["status"]] if "status" in message else [])

        gate = Gate(streamlit, lambda host: True, {}, UPLOAD_BYTES, 60.0, held_bytes=dict, held_at_most=150)
        headers = {"host": "x", "content-length": "99", "cookie": f"tl_visitor={MINE}"}
        scope = {"type": "http", "path": UPLOAD, "method": "PUT", "scheme": "http"}
        scope["headers"] = [(name.encode(), value.encode()) for name, value in headers.items()]
        first = asyncio.create_task(gate(scope, None, note))
        await asyncio.sleep(0)
        await gate(scope, None, note)
        arrived.set()
        await first
        await gate(scope, None, note)
        return statuses

    visitor.bind("session", owner_of(MINE))
    assert asyncio.run(two()) == [507, 204, 204]


def test_an_upload_that_stalls_is_given_up_and_counts_no_longer():
    async def stall() -> tuple[list[dict], Gate]:
        sent = []

        async def streamlit(scope, receive, send):
            while (await receive())["more_body"]:
                pass

        async def receive():
            await asyncio.sleep(0.01)  # a byte now and then, for ever
            return {"type": "http.request", "body": b"x", "more_body": True}

        async def note(message):
            sent.append(message)

        gate = Gate(streamlit, lambda host: True, {}, UPLOAD_BYTES, 0.1, held_bytes=dict, held_at_most=150)
        headers = {"host": "x", "content-length": "99", "cookie": f"tl_visitor={MINE}"}
        scope = {"type": "http", "path": UPLOAD, "method": "PUT", "scheme": "http"}
        scope["headers"] = [(name.encode(), value.encode()) for name, value in headers.items()]
        async with asyncio.timeout(10):
            await gate(scope, receive, note)
        return sent, gate

    visitor.bind("session", owner_of(MINE))
    sent, gate = asyncio.run(stall())
    assert sent[0]["status"] == 408 and b"took too long" in sent[1]["body"]
    assert (b"connection", b"close") in sent[0]["headers"] and not gate.arriving


def test_a_session_goes_on_only_in_the_browser_it_began_in():
    visitor.bind("session", owner_of(MINE))

    def session(secret: str | None) -> str:
        asked = Asked(
            "/_stcore/stream",
            kind="websocket",
            sec_websocket_protocol="streamlit, token, session",
            cookie=secret and f"tl_visitor={secret}",
        )
        return dict(asked.reached["headers"])[b"sec-websocket-protocol"].decode()

    assert session(MINE) == "streamlit, token, session"
    assert session(THEIRS) == session(None) == "streamlit, token"
