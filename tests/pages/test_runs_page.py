"""The list of runs: every state, the queue, the table, more than fits on one page."""

import pytest

from tests import page_lab
from tests.page_lab import STATES, texts, unescaped


def test_runs_without_any_run_points_to_the_start(open_page):
    app = open_page("pages/2_Runs.py")
    assert "Nothing has been trained yet" in app.info[0].value


@pytest.mark.parametrize("state", STATES)
def test_runs_lists_every_run_with_its_state(open_page, home, state):
    STATES[state](home)
    app = open_page("pages/2_Runs.py")
    read = unescaped(app)
    assert "From scratch" in read and "**Evil** <b>arm</b> :tada:" in read
    assert "**Evil**" not in texts(app)
    assert {"running": "Waiting for its turn", "finished": "Finished", "failed": "Failed"}[state] in texts(app)


def test_runs_shows_the_place_in_the_queue(open_page, home):
    page_lab.submit(home)
    app = open_page("pages/2_Runs.py")
    assert "1st in the queue" in texts(app) and "2nd in the queue" in texts(app)


def test_runs_as_a_table(open_page, home):
    page_lab.finished(home)
    page_lab.failed(home)
    app = open_page("pages/2_Runs.py")
    app.get("segmented_control")[0].set_value("Table").run()
    table = app.dataframe[0].value
    assert len(table) == 4 and set(table["state"]) == {"Finished", "Failed"}


def test_many_experiments_are_split_into_pages(open_page, home):
    for _ in range(10):
        page_lab.submit(home)
    app = open_page("pages/2_Runs.py")
    assert sum((button.key or "").startswith("open_") for button in app.button) == 8
