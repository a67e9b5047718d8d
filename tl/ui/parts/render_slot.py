"""Pages are drawn one at a time, after their first words: so a visitor who comes does not wait for all the others' pages.

Drawing is computing, of which Python does one at a time anyway; done one after the other, every page is complete earlier, and what
needs no slot, the first words of the next page, finds the processor nearly free.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

PATIENCE_SECONDS = 30.0  # after which a page is drawn all the same: another may hang in something

_slot = threading.Semaphore(1)
_mine = threading.local()


@contextmanager
def render_slot() -> Iterator[None]:
    """Around drawing; within itself it changes nothing."""
    if getattr(_mine, "inside", False):
        yield
        return
    _mine.inside = True  # also where no slot came free in time: its parts need not wait again
    try:
        _take()
        yield
    finally:
        _give()
        _mine.inside = False


@contextmanager
def without_slot() -> Iterator[None]:
    """Around what takes long (an upload is read, a trainer ended) while a page is drawn: others go on meanwhile."""
    if not getattr(_mine, "held", False):
        yield
        return
    _give()
    try:
        yield
    finally:
        _take()


def _take() -> None:
    _mine.held = _slot.acquire(timeout=PATIENCE_SECONDS)


def _give() -> None:
    if getattr(_mine, "held", False):
        _mine.held = False
        _slot.release()
