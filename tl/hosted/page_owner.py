"""Whose page this is where strangers use TL Lab: of who is signed in, else of the browser with the visitor's cookie."""

from collections.abc import Mapping

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from tl.config import Refused
from tl.hosted import settings, visitor, visits
from tl.languages import ENGLISH, later, say, speaking
from tl.store.home import Home, owner_of

NO_COOKIE = later(
    "This page keeps your pictures apart from other visitors' with a cookie, and your browser sent none; "
    "allow cookies for this site and load the page again."
)
SIGN_IN = later("Sign in: your pictures and runs are kept apart from other visitors'.")


def enforce_safe_settings() -> None:
    """Hold to the safe settings for as long as pages are shown: a configuration file may be changed meanwhile."""
    st.set_option("client.showErrorDetails", "none")
    try:
        with speaking(ENGLISH):
            settings.check(st.get_option)
    except Refused as refusal:
        print(refusal)  # for whoever runs the server; it is not the visitor's business
        st.error(say("This TL Lab is closed for the moment: its settings are not safe."), icon=":material/lock:")
        st.stop()


def home() -> Home:
    """The visitor's workspace. Where it is not known whose it would be the page ends here, in one sentence."""
    cookie_owner = visitor.owner_in(st.context.cookies)
    if cookie_owner is None:
        st.error(say(NO_COOKIE), icon=":material/cookie:")
        st.link_button(say("Load again"), "/", icon=":material/refresh:")
        st.stop()
    context = get_script_run_ctx()
    if context is not None:
        visitor.bind(context.session_id, cookie_owner)
    found = Home().of(_signed_in() or cookie_owner)
    visits.touch(found)
    return found


def _signed_in() -> str | None:
    """The owner of who signed in; None where this server has no signing in."""
    names = providers()
    if names is None:
        return None
    if not st.user.is_logged_in:
        st.info(say(SIGN_IN), icon=":material/login:")
        for name in names:
            st.button(say("Sign in with {name}", name=name), on_click=st.login, args=[name])
        if not names:
            st.button(say("Sign in"), on_click=st.login)
        st.stop()
    return owner_of(f"{st.user['iss']} {st.user['sub']}")


def providers() -> list[str] | None:
    """Names of those that [auth] in secrets.toml configures one by one, [] where it is one; None: nobody signs in."""
    if not st.secrets.load_if_toml_exists() or "auth" not in st.secrets:
        return None
    return [name for name, about in st.secrets["auth"].items() if isinstance(about, Mapping)]
