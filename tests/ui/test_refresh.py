"""How often pages refresh themselves, and that charts are drawn by one page at a time."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from tl.ui import refresh


@pytest.mark.parametrize(
    ("hosted", "wanted", "seconds"),
    [("", 1.5, 1.5), ("1", 1.5, refresh.HOSTED_SECONDS), ("1", 60.0, 60.0), ("", None, None), ("1", None, None)],
)
def test_hosted_pages_refresh_less_often_and_still_not_at_all_once_nothing_runs(monkeypatch, hosted, wanted, seconds):
    monkeypatch.setenv("TL_HOSTED", hosted)
    monkeypatch.setattr(refresh.st, "fragment", lambda draw, run_every: run_every)
    assert refresh.fragment(lambda: None, wanted) == seconds


def test_pages_draw_charts_one_after_the_other_also_after_one_was_interrupted():
    drawing, most = [], []

    def draw(number: int) -> None:
        with refresh.in_turn():
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
