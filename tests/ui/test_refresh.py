"""How often pages refresh themselves."""

import pytest

from tl.ui.parts import refresh


@pytest.mark.parametrize(
    ("hosted", "wanted", "seconds"),
    [("", 1.5, 1.5), ("1", 1.5, 5.0), ("1", 60.0, 60.0), ("", None, None), ("1", None, None)],
)
def test_hosted_pages_refresh_less_often_and_still_not_at_all_once_nothing_runs(monkeypatch, hosted, wanted, seconds):
    monkeypatch.setenv("TL_HOSTED", hosted)
    monkeypatch.setattr(refresh.st, "fragment", lambda draw, run_every: run_every)
    assert refresh.fragment(lambda: None, wanted) == seconds
