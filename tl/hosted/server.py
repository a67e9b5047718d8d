"""The server that `streamlit run app.py` starts: at home Streamlit's own, hosted behind a gate and only if that is safe."""

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.util import find_spec
from pathlib import Path

import streamlit as st
from starlette.middleware import Middleware
from streamlit import cli_util
from streamlit.web.server import server_util
from streamlit.web.server.starlette.starlette_websocket import is_host_allowed

from tl.config import Refused
from tl.hosted import expiry, settings
from tl.hosted.gate import Gate
from tl.hosted.headers import security_headers
from tl.hosted.limits import hosted, limits
from tl.hosted.page_owner import providers
from tl.languages import say
from tl.store.files import keep_private
from tl.store.home import Home
from tl.ui.parts import language, uploads

SWITCH_SECONDS = 0.001  # after which a page that is computed lets the server answer others


def middleware() -> list[Middleware]:
    """What stands before Streamlit: nothing at home. Hosted with an unsafe setting the process ends and says which."""
    st.secrets.load_if_toml_exists()  # where the environment can't be set, TL_HOSTED may stand there
    try:
        if not hosted():
            return []
        st.set_option("client.showErrorDetails", "none")  # some hosts set it to what shows file names
        settings.check(st.get_option)
        sys.setswitchinterval(SWITCH_SECONDS)
        if providers() is not None and find_spec("authlib") is None:
            raise Refused(say("secrets.toml has [auth], and signing in needs authlib: pip install 'streamlit[auth]'."))
    except Refused as refusal:
        sys.exit(str(refusal))
    page = (Path(st.__file__).parent / "static" / "index.html").read_text(encoding="utf-8")
    gate = Middleware(
        Gate,
        allowed_host=is_host_allowed,
        headers=security_headers("".join([page, *(f"<script>{text}</script>" for text in language.SCRIPTS.values())])),
        upload_bytes=st.get_option("server.maxUploadSize") * 2**20,
        upload_seconds=60.0 * limits().upload_minutes,
        held_bytes=uploads.held_bytes,
        held_at_most=limits().uploads_megabytes * 2**20,
    )
    return [gate]


@asynccontextmanager
async def lifespan(app: st.App) -> AsyncIterator[None]:
    """Open the browser where there is one, as Streamlit does for a plain script; hosted, remove what has expired."""
    keep_private()
    if hosted():
        expiry.keep_clean(Home())
    if not st.get_option("server.headless"):
        address = st.get_option("server.address") or "localhost"
        cli_util.open_browser(server_util.get_url(server_util.get_display_address(address)))
    yield
