"""What every part of a page that refreshes itself does first: look again, and hand back to the page when that ends.

Refreshing is held back here where many watch at once.
"""

import functools
from collections.abc import Callable
from typing import Any, Generic, Protocol, TypeVar

import streamlit as st

from tl import jobs
from tl.config import Refused
from tl.store.home import Home
from tl.ui.parts.problems import show_kept, show_problems
from tl.ui.parts.render_slot import render_slot


class Watched(Protocol):
    """An experiment or a sweep, as its page shows it."""

    @property
    def active(self) -> bool:
        """Whether anything of it trains or waits."""


View = TypeVar("View")
Live = TypeVar("Live", bound=Watched)


def fragment(draw: Callable[..., None], seconds: float | None) -> Callable[..., None]:
    """`draw` as a fragment that refreshes itself every `seconds` (None: not at all); shows what does not work in it."""

    @functools.wraps(draw)
    def shown(*arguments: Any) -> None:
        with show_problems(), render_slot():
            draw(*arguments)

    return st.fragment(shown, run_every=max(seconds, Home().policy.refresh_seconds) if seconds else seconds)


def carry_out(problem: str, act: Callable[..., object], *arguments: object) -> None:
    """What a button does when it is pressed: `act(*arguments)`; what does not work is kept in the session as `problem`."""
    with show_problems(problem):
        act(*arguments)


def set_going(problem: str, act: Callable[..., object], home: Home, *arguments: object) -> None:
    """The same of `act(home, *arguments)`, which queues runs: a supervisor sees to them."""
    with show_problems(problem):
        act(home, *arguments)
        jobs.ensure_supervisor(home)


def while_working(
    draw: Callable[..., None], working: Callable[[], bool], *arguments: Any, seconds: float = 1.0
) -> None:
    """Draw `draw(*arguments, active)`, again every `seconds` while something is `working`; once that has begun or ended the
    whole page."""
    before = working()

    @functools.wraps(draw)
    def drawn() -> None:
        active = working()
        if active != before:
            st.rerun()  # with or without refreshing
        draw(*arguments, active)

    fragment(drawn, seconds if before else None)()


class Snapshot(Generic[View]):
    """What a page has just read, for the part of it that is drawn at once and then refreshes itself: it reads later."""

    def __init__(self, view: View) -> None:
        self._left: list[View] = [view]

    def now(self, load: Callable[[], View]) -> View:
        """That the first time, and then what `load` finds."""
        return self._left.pop() if self._left else load()


def look_again(
    found: Snapshot[Live], load: Callable[[Home, str], Live], home: Home, ident: str, active: bool, problem_key: str
) -> Live:
    """What was `found`, and when the part is refreshed `load(home, ident)`; `active` is what it was when it was drawn.

    Reruns the page where it no longer holds. Shows the problem that a button's callback left under `problem_key`.
    """
    try:
        now = found.now(lambda: load(home, ident))
    except Refused:  # deleted in another tab meanwhile: the page says so
        st.rerun()
    if active != now.active:  # ended, or resumed: the page decides again whether to refresh
        st.rerun()
    if now.active:
        jobs.ensure_supervisor(home)  # comes back by itself after a restart of the machine
    show_kept(problem_key)
    return now
