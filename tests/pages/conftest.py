"""A home of one's own and pages opened in it, without a browser and without anything in the background."""

import pytest
from streamlit.testing.v1 import AppTest

from tests.page_lab import unfold
from tl import jobs
from tl.jobs.measurements import speed
from tl.store.home import Home

SPEEDS = {
    "train_images_per_second": 100.0,
    "head_only_images_per_second": 300.0,
    "eval_images_per_second": 400.0,
    "startup_seconds": 3.0,
    "device": "CPU",
}


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A home of its own; nothing is started in the background, the machine counts as measured."""
    monkeypatch.setenv("TL_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(jobs, "ensure_supervisor", lambda home: False)
    monkeypatch.setattr(speed, "known_or_begun", lambda *_: SPEEDS)
    monkeypatch.setattr(speed, "cached", lambda *_: SPEEDS)
    return Home()


@pytest.fixture
def open_page(home):
    """Opens Compare, or another page, and checks that nothing was thrown; the form unfolded unless told otherwise."""

    def open_it(page: str | None = None, unfolded: bool = True, **address: str) -> AppTest:
        app = AppTest.from_file("../../app.py", default_timeout=180)
        if unfolded:
            unfold(app)
        for name, ident in address.items():  # experiment or sweep
            app.query_params[name] = ident
        if page:
            app.switch_page(page)
        app.run()
        assert not app.exception, app.exception
        return app

    return open_it
