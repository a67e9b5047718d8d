"""A disk that is full or may not be written: one sentence on the page, nothing half done, never a traceback."""

import errno
import os
import tempfile

import pytest
from streamlit.testing.v1 import AppTest

from tests import page_lab
from tests.page_lab import unescaped
from tl import datasets, jobs
from tl.jobs import queue
from tl.store.queue import database

FULL = "The disk is full; free some space and try again (nothing finished is lost)."


def fails(number: int, *names: str):
    """A function that only raises the OSError of this number, of a file where `names` has one."""

    def fail(*arguments, **options):
        raise OSError(number, os.strerror(number), *names)

    return fail


@pytest.mark.parametrize(("page", "button"), [(None, "form_start"), ("pages/1_Data_size.py", "sweep_start")])
def test_a_start_that_can_not_be_written_is_one_sentence(open_page, home, monkeypatch, page, button):
    app = open_page(page)
    monkeypatch.setattr(queue, "write_json", fails(errno.ENOSPC))
    app.button(key=button).click().run()
    assert FULL in unescaped(app) and len(app.error) == 1 and not app.exception
    assert not app.query_params and not database.read_runs(home) and not list(home.runs_dir.glob("*"))


def test_an_upload_that_can_not_be_written_is_one_sentence(open_page, monkeypatch):
    monkeypatch.setattr(datasets, "read", fails(errno.EACCES, "datasets"))
    app = open_page()
    app.session_state["form_uploader"] = True
    app.run()
    app.file_uploader[0].upload("photos.zip", b"x").run()
    said = "A file may not be read or written (datasets); give this user permission and try again."
    assert said in unescaped(app) and len(app.error) == 1 and not app.exception


def test_a_bundle_that_can_not_be_written_is_one_sentence(open_page, monkeypatch):
    app = open_page("pages/2_Runs.py")
    app.session_state["import_box"] = True
    app.run()
    monkeypatch.setattr(tempfile, "NamedTemporaryFile", fails(errno.EIO))
    app.file_uploader(key="import_file").upload("bundle.zip", b"x").run()
    assert "The disk could not read or write; make a copy" in unescaped(app) and not app.exception


def delete_one() -> None:
    from tl import jobs
    from tl.store.home import Home
    from tl.store.queue.database import read_runs
    from tl.ui.manage import runs
    from tl.ui.parts.problems import show_problems

    with show_problems(runs.PROBLEM):
        jobs.delete(Home(), read_runs(Home())[0].run_id)
    runs.show(Home())


def test_a_run_that_can_not_be_deleted_stays_and_that_is_said(home, monkeypatch):
    experiment_id = page_lab.finished(home)
    monkeypatch.setattr("tl.store.quarantine.announce", fails(errno.ENOSPC))
    app = AppTest.from_function(delete_one, default_timeout=180).run()
    assert FULL in unescaped(app) and len(app.error) == 1 and not app.exception
    for row in page_lab.rows(home, experiment_id):
        assert home.run(row.run_id).config.exists()
    assert len(jobs.list_runs(home)) == 2


def test_a_page_that_can_not_read_says_so_in_place_of_the_rest(open_page, monkeypatch):
    monkeypatch.setattr(jobs, "list_lines", fails(errno.EMFILE))
    app = open_page("pages/2_Runs.py")
    assert "Too many files are open; close programs" in unescaped(app) and len(app.error) == 1


def test_what_is_no_trouble_of_the_disk_is_not_hidden(open_page, monkeypatch):
    monkeypatch.setattr(jobs, "list_lines", fails(errno.ENOTEMPTY))
    with pytest.raises(AssertionError):  # a page with a traceback
        open_page("pages/2_Runs.py")
