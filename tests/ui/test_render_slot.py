"""Pages are drawn one after the other, whatever happens in one of them."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from tl.ui.parts import render_slot as slots
from tl.ui.parts.render_slot import render_slot, without_slot

SECONDS = 10.0


class Other(threading.Thread):
    """Another visitor's page, drawn as soon as it may; `drawn` is set then."""

    def __init__(self):
        super().__init__(daemon=True)
        self.drawn = threading.Event()
        self.start()

    def run(self) -> None:
        with render_slot():
            self.drawn.set()


def test_one_page_at_a_time():
    with render_slot():
        other = Other()
        assert not other.drawn.wait(0.05)
    assert other.drawn.wait(SECONDS)


def test_parts_of_a_page_are_drawn_in_its_slot():
    with render_slot():
        with render_slot():
            other = Other()
        assert not other.drawn.wait(0.05)
    assert other.drawn.wait(SECONDS)


def test_what_takes_long_lets_others_go_on_and_takes_a_slot_again():
    with render_slot():
        with without_slot():
            assert Other().drawn.wait(SECONDS)
        other = Other()
        assert not other.drawn.wait(0.05)
    assert other.drawn.wait(SECONDS)
    with without_slot():  # nothing to give back
        assert Other().drawn.wait(SECONDS)


def test_a_page_that_ends_with_an_error_gives_its_turn_back():
    with pytest.raises(ZeroDivisionError), render_slot(), without_slot():
        raise ZeroDivisionError
    assert Other().drawn.wait(SECONDS)


def test_who_waited_in_vain_does_not_wait_again_for_every_part(monkeypatch):
    waits = []
    monkeypatch.setattr(slots._slot, "acquire", lambda timeout: waits.append(timeout))
    with render_slot(), render_slot(), render_slot():
        pass
    assert waits == [slots.PATIENCE_SECONDS]


def test_a_page_that_hangs_holds_nobody_up_for_good(monkeypatch):
    monkeypatch.setattr(slots, "PATIENCE_SECONDS", 0.05)
    with render_slot():
        assert Other().drawn.wait(SECONDS)
    assert Other().drawn.wait(SECONDS)


def test_pages_are_drawn_one_after_the_other_also_after_one_was_interrupted():
    drawing, most = [], []

    def draw(number: int) -> None:
        with render_slot():
            drawing.append(number)
            time.sleep(0.01)
            most.append(len(drawing))
            drawing.remove(number)
            if number % 2:
                raise KeyboardInterrupt  # as Streamlit stops a script: no Exception

    with ThreadPoolExecutor(8) as pages:
        done = [pages.submit(draw, number) for number in range(16)]
    assert most == [1] * 16
    assert sum(isinstance(each.exception(), KeyboardInterrupt) for each in done) == 8
    assert threading.active_count() < 16
