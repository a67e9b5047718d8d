"""The list of runs: every state, the queue, the table, more than fits on one page."""

import os
from collections import Counter
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from tests import page_lab
from tests.page_lab import STATES, texts, unescaped
from tl import jobs
from tl.jobs import queue
from tl.jobs.start import take_lock, write_holder
from tl.store.machines import Machine, write_machines
from tl.ui.manage.runs import run_columns
from tl.ui.parts.refresh import Snapshot


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


def test_machines_of_a_cluster_are_shown_with_what_they_train(open_page, home, monkeypatch):
    experiment_id = page_lab.running(home)
    first, _ = page_lab.rows(home, experiment_id)
    load = {"cpu_load": 0.5, "used_bytes": 3 * 10**9}
    node = Machine(name="node-7", cores=8, trains=(first.run_id,), **load)
    write_machines(home, (node, Machine(name="node-8", alive=False)))
    assert "Machines" not in texts(open_page("pages/2_Runs.py")), "runs train here only"
    monkeypatch.setenv("TL_LAUNCHER", "ray")
    lock = take_lock(home)
    write_holder(lock, os.getpid())
    app = open_page("pages/2_Runs.py")
    assert "1 of 1 machine training" in app.button(key="fold_machines_open").label
    app.button(key="fold_machines_open").click().run()
    shown = app.dataframe[0].value
    assert shown["machine"].tolist() == ["node-7", "node-8"] and shown["state"].tolist() == ["reachable", "gone"]
    assert shown["trains"].tolist() == ["From scratch, seed 0", "–"] and shown["GPUs"].tolist() == ["not available"] * 2
    assert shown["processor load"].tolist() == ["50 %", "not available"]
    assert shown["memory in use"].tolist() == ["3.0 GB", "not available"]
    assert shown["GPU load"].tolist() == ["not available"] * 2
    os.close(lock)


def test_runs_as_a_table(open_page, home):
    page_lab.finished(home)
    page_lab.failed(home)
    app = open_page("pages/2_Runs.py")
    app.get("segmented_control")[0].set_value("Table").run()
    table = app.dataframe[0].value
    assert len(table) == 4 and set(table["state"]) == {"Finished", "Failed"}


def test_a_table_says_nowhere_none(home):
    page_lab.submit(home)
    shown = run_columns(home, jobs.list_runs(home))
    assert shown["test"] == ["–", "–"] and all(isinstance(each, str) for column in shown.values() for each in column)


def test_many_experiments_are_split_into_pages(open_page, home):
    for _ in range(10):
        page_lab.submit(home)
    app = open_page("pages/2_Runs.py")
    assert sum((button.key or "").startswith("open_") for button in app.button) == 8


def test_only_the_files_of_runs_that_are_shown_are_read(open_page, home, monkeypatch):
    ended = [page_lab.finished(home) for _ in range(5)]
    monkeypatch.setattr("tl.ui.manage.runs.PER_PAGE", 2)
    monkeypatch.setattr("tl.ui.manage.runs.ROWS", 3)
    read, real = Counter(), Path.read_bytes
    monkeypatch.setattr(Path, "read_bytes", lambda path: (read.update([path.parent.name]), real(path))[1])

    def shown(app) -> list[str]:
        return [run.run_id for run in jobs.list_lines(home) if read[run.run_id]]

    app = open_page("pages/2_Runs.py")
    newest = [row.run_id for ident in ended[::-1] for row in page_lab.rows(home, ident)]
    assert shown(app) == newest[:4]
    read.clear()
    app.get("segmented_control")[0].set_value("Table").run()
    assert shown(app) == newest[:3] == app.dataframe[0].value["run"].tolist()


@pytest.fixture
def looks(monkeypatch):
    """Run id -> how often a page looked up what is known of it."""
    counted, real = Counter(), queue._listed
    monkeypatch.setattr(
        queue, "_listed", lambda home, row, places: (counted.update([row.run_id]), real(home, row, places))[1]
    )
    return counted


def test_runs_reads_the_files_of_each_run_once(open_page, home, looks, monkeypatch):
    """Files and rows: a list of a thousand runs is slow enough."""
    page_lab.finished(home)
    page_lab.running(home)
    read, real = Counter(), Path.read_bytes
    monkeypatch.setattr(Path, "read_bytes", lambda path: (read.update([str(path)]), real(path))[1])
    app = open_page("pages/2_Runs.py")
    files = {path: times for path, times in read.items() if path.startswith(str(home.runs_dir))}
    assert len(files) >= 4 and set(files.values()) == {1}, files
    assert len(looks) == 4 and set(looks.values()) == {1}
    app.run()  # asked for again
    assert set(looks.values()) == {2}


def test_an_experiment_is_looked_up_once_to_be_shown(open_page, home, looks):
    open_page(experiment=page_lab.running(home))
    assert len(looks) == 2 and set(looks.values()) == {1}


def test_a_sweep_is_looked_up_once_to_be_shown(home, looks):
    sweep_id = page_lab.swept(home, sizes=(100, 300), seeds=1)
    looks.clear()
    app = AppTest.from_file("../../app.py", default_timeout=180)
    app.query_params["sweep"] = sweep_id
    app.switch_page("pages/1_Data_size.py")
    app.run()
    assert not app.exception and looks and set(looks.values()) == {1}


def test_what_a_page_has_read_is_used_once():
    found = Snapshot("read before")
    assert [found.now(lambda: "read anew") for _ in range(3)] == ["read before", "read anew", "read anew"]
