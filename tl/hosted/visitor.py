"""Who a visitor is: the cookie with a secret that only their browser and this server know, and the owner it stands for.

Streamlit's session ids are no owners: whoever knows one could take up another's session. So each is bound to its owner.
"""

import re
import secrets
from collections import OrderedDict
from collections.abc import Mapping

from tl.store.home import owner_of

COOKIE = "tl_visitor"
SECURE_COOKIE = "__Host-tl_visitor"  # behind https: no other host, no plain http, no other path can set it
LIFE_SECONDS = 30 * 24 * 3600  # of the cookie since the last page load; workspaces end sooner (tl.hosted.limits)
MOST_SESSIONS = 10_000
_SECRET = re.compile(r"[A-Za-z0-9_-]{22}")  # 128 bits

_sessions: OrderedDict[str, str] = OrderedDict()  # Streamlit session -> owner, the latest


def new_secret() -> str:
    return secrets.token_urlsafe(16)


def secret_in(cookies: Mapping[str, str]) -> str | None:
    """The visitor's secret; None where there is none or it can't be one of ours."""
    secret = cookies.get(SECURE_COOKIE) or cookies.get(COOKIE) or ""
    return secret if _SECRET.fullmatch(secret) else None


def owner_in(cookies: Mapping[str, str]) -> str | None:
    """The owner that the cookies stand for."""
    secret = secret_in(cookies)
    return owner_of(secret) if secret else None


def set_cookie(secret: str, secure: bool) -> str:
    """Value of a Set-Cookie header; `secure`: the browser came through https."""
    name, more = (SECURE_COOKIE, "; Secure") if secure else (COOKIE, "")
    return f"{name}={secret}; Path=/; Max-Age={LIFE_SECONDS}; HttpOnly; SameSite=Lax{more}"  # not shown


def bind(session_id: str, cookie_owner: str) -> None:
    """Remember that a Streamlit session was opened by the browser with this owner's cookie."""
    _sessions[session_id] = cookie_owner
    _sessions.move_to_end(session_id)
    while len(_sessions) > MOST_SESSIONS:
        _sessions.popitem(last=False)


def may_use(session_id: str, cookie_owner: str | None) -> bool:
    """Whether the browser with this owner's cookie may go on with a session; not with one nobody is known to have."""
    return cookie_owner is not None and _sessions.get(session_id) == cookie_owner
