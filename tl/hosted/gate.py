"""The gate in front of Streamlit's server (ASGI): who may ask what, the visitor's cookie, the security headers."""

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping

from starlette.requests import cookie_parser
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tl.hosted import visitor
from tl.languages import ENGLISH, best_language, reworded, say, speaking

CORE = ("health", "host-config", "stream", "upload_file")  # of Streamlit's own routes, /_stcore/..., what pages need
SMALL_BODY = 64 * 1024  # bytes of a request that uploads nothing
OVERHEAD = 1024 * 1024  # bytes of an upload that are not the file
PROTOCOLS = b"sec-websocket-protocol"  # carries the session that the browser wants to go on with


class Gate:
    """ASGI middleware. `allowed_host` judges a Host header, `headers` go on every answer, `upload_bytes` is one file.

    `held_bytes` says how much of uploads Streamlit has in memory, by session, `held_at_most` how much that may become; a
    visitor's share of it is one upload, which must be here within `upload_seconds`.
    """

    def __init__(
        self,
        app: ASGIApp,
        allowed_host: Callable[[str | None], bool],
        headers: Mapping[str, str],
        upload_bytes: int,
        upload_seconds: float,
        held_bytes: Callable[[], Mapping[str, int]],
        held_at_most: int,
    ) -> None:
        self.app = app
        self.allowed_host = allowed_host
        self.headers = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
        self.upload_bytes, self.upload_seconds = upload_bytes, upload_seconds
        self.held_bytes, self.held_at_most = held_bytes, held_at_most
        self.arriving: Counter[str] = Counter()  # bytes of the uploads on their way, by session

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or hand on to Streamlit."""
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        asked = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        secure = _secure(scope, asked)
        if secure:
            scope = _without_planted(scope)
        cookies = cookie_parser("; ".join(_all(scope, b"cookie")))  # as Streamlit reads them
        refusal = self._refusal(scope, asked, cookies)
        if scope["type"] == "websocket":
            if refusal:
                await send({"type": "websocket.close", "code": 1008})  # before it is accepted: answered with 403
            else:
                await self.app(_with_own_session(scope, visitor.owner_in(cookies)), receive, send)
            return
        send = self._dressed(secure, cookies, send)
        if refusal:
            await _answer(send, *refusal, asked)
            return
        if _uploads(scope):
            await self._upload(scope, receive, send, asked)
        else:
            await self.app(scope, receive, send)

    async def _upload(self, scope: Scope, receive: Receive, send: Send, asked: dict[str, str]) -> None:
        """Hand on an upload whose length counts until it is here; one that stalls is given up."""
        arriving = Counter({_session(scope): int(asked.get("content-length", "0"))})
        answered = False

        async def noted(message: Message) -> None:
            nonlocal answered
            answered = True
            await send(message)

        self.arriving.update(arriving)
        try:
            async with asyncio.timeout(self.upload_seconds) as limit:
                await self.app(scope, receive, noted)
        except TimeoutError:
            if not limit.expired():
                raise
            if not answered:
                sentence = say("This upload took too long to arrive; try again, with a smaller file.")
                await _answer(send, 408, sentence, asked)
        finally:
            self.arriving -= arriving  # sessions without any go

    def _refusal(self, scope: Scope, asked: dict[str, str], cookies: dict[str, str]) -> tuple[int, str] | None:
        """Status and sentence where this must not reach Streamlit."""
        core = _core_path(scope["path"])
        if core == ["health"]:
            return None  # says nothing, and who watches over the server may ask by address
        host = asked.get("host")
        if len(_all(scope, b"host")) != 1 or not self.allowed_host(host):
            return 400, say("This server does not answer under that name.")
        if core is not None and core[0] not in CORE:
            return 404, say("Not found.")
        uploading = _uploads(scope)
        owner = visitor.owner_in(cookies)
        if uploading and not visitor.may_use(_session(scope), owner):
            return 403, say("This upload does not belong to any page of this browser; reload the page.")
        if scope["type"] == "websocket":
            origin = asked.get("origin")
            foreign = origin is not None and origin.partition("://")[2] != host
            return (403, say("Another site may not connect.")) if foreign else None
        return self._too_large(asked, owner if uploading else None)

    def _too_large(self, asked: dict[str, str], uploader: str | None) -> tuple[int, str] | None:
        """The same for the size of a request; `uploader` is the owner where it is an upload."""
        if "transfer-encoding" in asked:
            return 411, say("Say how long the request is.")
        share = self.upload_bytes + OVERHEAD
        most = share if uploader else SMALL_BODY
        length = asked.get("content-length", "0")
        if not (length.isascii() and length.isdigit()) or int(length[:20]) > most:
            return 413, say("At most {most:,} bytes are accepted.", most=most)
        return self._too_many(uploader, int(length), share) if uploader else None

    def _too_many(self, uploader: str, length: int, share: int) -> tuple[int, str] | None:
        """The same for an upload and those that are in memory or on their way."""
        held = Counter(self.held_bytes()) + self.arriving
        own = sum(size for session, size in held.items() if visitor.may_use(session, uploader))
        if length and own + length > share:  # taking one back has no length
            return 507, say(
                "Another upload of yours is still in memory; remove it, or try again when it has been read."
            )
        if length and held.total() + length > self.held_at_most:
            return 507, say("The memory for uploads is full; try again in a few minutes.")
        return None

    def _dressed(self, secure: bool, cookies: dict[str, str], send: Send) -> Send:
        """`send` with our headers, and with the visitor's cookie on every page."""

        async def dressed(message: Message) -> None:
            if message["type"] == "http.response.start":
                ours = list(self.headers)
                kept = dict(message["headers"])
                if message["status"] == 200 and kept.get(b"content-type", b"").startswith(b"text/html"):
                    secret = visitor.secret_in(cookies) or visitor.new_secret()
                    ours += [
                        (b"set-cookie", visitor.set_cookie(secret, secure).encode()),
                        (b"cache-control", b"no-store"),
                    ]
                replaced = {name for name, _ in ours} - {b"set-cookie"}
                others = [entry for entry in message["headers"] if entry[0].lower() not in replaced]
                message = {**message, "headers": others + ours}
            await send(message)

        return dressed


def _all(scope: Scope, name: bytes) -> list[str]:
    """The values of a header, however often it comes."""
    return [value.decode("latin-1") for key, value in scope["headers"] if key == name]


def _secure(scope: Scope, asked: dict[str, str]) -> bool:
    """Whether the browser came through https, as the server, the proxy or the browser itself says."""
    forwarded = asked.get("x-forwarded-proto", "").split(",")[0].strip()
    return {scope["scheme"], forwarded} & {"https", "wss"} != set() or asked.get("origin", "").startswith("https://")


def _without_planted(scope: Scope) -> Scope:
    """The scope without a visitor's cookie that any neighbouring host could have set: behind https only one counts.

    Nor does that one under a name with odd spaces, which browsers take for another name and Streamlit for the same.
    """
    headers = []
    for name, value in scope["headers"]:
        if name.lower() == b"cookie":
            entries = value.decode("latin-1").split(";")
            value = ";".join(entry for entry in entries if not _planted(entry.partition("=")[0])).encode("latin-1")
        headers.append((name, value))
    return {**scope, "headers": headers}


def _planted(name: str) -> bool:
    return name.strip() in (visitor.COOKIE, visitor.SECURE_COOKIE) and name.strip(" ") != visitor.SECURE_COOKIE


def _core_path(path: str) -> list[str] | None:
    """What follows /_stcore in a path, whatever stands before it; None where it is no such path."""
    parts = [part for part in path.split("/") if part]
    return parts[parts.index("_stcore") + 1 :] or [""] if "_stcore" in parts else None


def _uploads(scope: Scope) -> bool:
    """Whether the request brings (or takes back) an upload."""
    core = _core_path(scope["path"])
    return core is not None and core[0] == "upload_file"


def _session(scope: Scope) -> str:
    """The Streamlit session that an upload is for."""
    core = _core_path(scope["path"]) or []
    return core[1] if len(core) > 1 else ""


def _with_own_session(scope: Scope, cookie_owner: str | None) -> Scope:
    """The scope without a session that is another browser's: a new one begins then."""
    headers = []
    for name, value in scope["headers"]:
        if name.lower() == PROTOCOLS:
            entries = [entry.strip() for entry in value.decode("latin-1").split(",")]
            if len(entries) > 2 and not visitor.may_use(entries[2], cookie_owner):
                value = ", ".join(entries[:2]).encode("latin-1")
        headers.append((name, value))
    return {**scope, "headers": headers}


async def _answer(send: Send, status: int, sentence: str, asked: dict[str, str]) -> None:
    """In the language that the browser asks for, if there is one: "zh-CN,zh;q=0.9", the first is the dearest."""
    wanted = asked.get("accept-language", "").split(",")
    with speaking(best_language(one.partition(";")[0].strip() for one in wanted) or ENGLISH):
        body = f"{reworded(sentence)}\n".encode()
    headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": [*headers, (b"connection", b"close")]})
    await send({"type": "http.response.body", "body": body})
