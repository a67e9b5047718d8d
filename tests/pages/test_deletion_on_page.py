"""Deleting a comparison or a sweep on the page: what the question says, what is left, what is not."""

import html
import io
import zipfile

import pytest

from tests import page_lab
from tests.page_lab import unescaped
from tl import jobs
from tl.store.queue import database
from tl.ui.watch import downloads
from tl.ui.watch.deleting import about

RUNS, SWEEPS = "pages/2_Runs.py", "pages/1_Data_size.py"


def question(app):
    """Its words, as a person reads them."""
    return unescaped(app).partition("permanently deleted")[0]


def test_a_comparison_is_named_with_its_size_before_it_is_deleted(open_page, home):
    kept, experiment_id = page_lab.finished(home), page_lab.finished(home, seeds=2)
    run_ids = [row.run_id for row in page_lab.rows(home, experiment_id)]
    home.run(run_ids[0]).checkpoints.mkdir()
    home.run(run_ids[0]).best.write_bytes(bytes(3_000_000))
    app = open_page(RUNS)
    app.button(key=f"delete_{experiment_id}").click().run()
    said = question(app)
    assert "MobileNetV2 on Blossoms" in said and "100 training pictures: 4 runs, 3." in said
    assert database.has_experiment(home, experiment_id), "not before it is asked"
    app.button(key="confirm_delete").click().run()
    assert not app.exception
    assert [row.experiment_id for row in database.read_runs(home)] == [kept] * 2
    assert not any(home.run(run_id).folder.exists() for run_id in run_ids)


def test_cancel_deletes_nothing(open_page, home):
    experiment_id = page_lab.finished(home)
    app = open_page(RUNS)
    app.button(key=f"delete_{experiment_id}").click().run()
    app.button(key="cancel_delete").click().run()
    assert database.has_experiment(home, experiment_id)
    assert not [button for button in app.button if button.key == "confirm_delete"]


def test_no_button_that_deletes_looks_like_start(open_page, home):
    experiment_id = page_lab.finished(home)
    app = open_page(RUNS)
    app.button(key=f"delete_{experiment_id}").click().run()
    assert app.button(key="confirm_delete").proto.type != "primary"
    assert app.button(key="confirm_delete").label == ":red[Delete]"


@pytest.mark.parametrize(("choice", "sizes"), [("experiment", [300]), ("sweep", [])])
def test_one_size_of_a_sweep_is_deleted_or_the_whole_of_it(open_page, home, choice, sizes):
    sweep_id = page_lab.swept(home, sizes=(100, 300), seeds=1)
    first = next(iter(jobs.sweep(home, sweep_id)["experiments"]))
    app = open_page(RUNS)
    app.button(key=f"delete_{first}").click().run()
    said = unescaped(app)
    assert "100 training pictures: 2 runs" in said and "with 100, 300 training pictures: 4 runs" in said
    app.button(key=f"confirm_delete_{choice}").click().run()
    assert not app.exception
    assert [run.samples for run in jobs.list_runs(home)] == [size for size in sizes for _ in page_lab.ARMS]


def test_a_sweep_is_deleted_on_its_own_page_which_then_shows_the_form(open_page, home):
    sweep_id = page_lab.swept(home, sizes=(100, 300), seeds=1)
    app = open_page(SWEEPS, sweep=sweep_id)
    app.button(key="delete_sweep").click().run()
    assert "with 100, 300 training pictures: 4 runs" in question(app)
    app.button(key="confirm_delete").click().run()
    assert not app.exception and not jobs.list_runs(home)
    assert "How much data?" in unescaped(app) and not app.error


def test_a_comparison_is_deleted_on_its_own_page_which_then_shows_the_form(open_page, home):
    kept, experiment_id = page_lab.finished(home), page_lab.submit(home)
    app = open_page(experiment=experiment_id)
    app.button(key="delete_experiment").click().run()
    assert "MobileNetV2 on Blossoms" in question(app) and "100 training pictures: 2 runs" in question(app)
    assert "2 runs are training or waiting and will be stopped first." in unescaped(app)
    app.button(key="cancel_delete").click().run()
    assert database.has_experiment(home, experiment_id)
    app.button(key="delete_experiment").click().run()
    app.button(key="confirm_delete").click().run()
    assert not app.exception and {run.experiment_id for run in jobs.list_runs(home)} == {kept}
    assert app.title[0].value == "Is transfer learning worth it here?" and not app.error


def test_one_size_of_a_sweep_is_deleted_on_its_page_or_the_whole_sweep(open_page, home):
    sweep_id = page_lab.swept(home, sizes=(100, 300), seeds=1)
    app = open_page(experiment=next(iter(jobs.sweep(home, sweep_id)["experiments"])))
    app.button(key="delete_experiment").click().run()
    assert "It is one size of a sweep." in unescaped(app)
    app.button(key="confirm_delete_sweep").click().run()
    assert not app.exception and not jobs.list_runs(home)


def test_a_comparison_deleted_elsewhere_is_told_once_on_its_page(open_page, home):
    experiment_id = page_lab.finished(home)
    app = open_page(experiment=experiment_id)
    app.button(key="delete_experiment").click().run()
    jobs.delete(home, experiment_id)
    app.button(key="confirm_delete").click().run()
    assert not app.exception and [error.value for error in app.error] == [
        f"There is no experiment {experiment_id} here\\. You find all experiments under Runs\\."
    ]
    app.button(key="new_comparison").click().run()
    assert not app.error


def test_what_waits_is_stopped_first_and_the_question_says_so(open_page, home):
    experiment_id = page_lab.submit(home)
    app = open_page(RUNS)
    app.button(key=f"delete_{experiment_id}").click().run()
    assert "2 runs are training or waiting and will be stopped first." in unescaped(app)
    assert app.button(key="confirm_delete").label == ":red[Stop and delete]"
    app.button(key="confirm_delete").click().run()
    assert not app.exception and not jobs.list_runs(home)


def test_what_was_deleted_in_another_tab_meanwhile_is_told_in_a_sentence(open_page, home):
    page_lab.finished(home)
    experiment_id = page_lab.finished(home)
    app = open_page(RUNS)
    app.button(key=f"delete_{experiment_id}").click().run()
    jobs.delete(home, experiment_id)
    app.button(key="confirm_delete").click().run()
    assert not app.exception and "There is no run, experiment or sweep" in unescaped(app)


def test_a_single_run_is_named_in_its_question(home):
    page_lab.finished(home)
    first = jobs.list_runs(home)[0]
    assert "From scratch, seed 0 (less than 1 MB)" in "".join(about(home, jobs.find(home, first.run_id)).split("**"))


def test_a_report_on_what_was_deleted_elsewhere_meanwhile_is_one_sentence(home):
    """Its button is on a page that was drawn before: what is raised when it is pressed would be a traceback in the log."""
    experiment_id = page_lab.finished(home)
    jobs.delete(home, experiment_id)
    told = f"There is no experiment or sweep '{experiment_id}'"
    assert html.escape(told) in downloads._report(home, experiment_id, {}, "en").decode()
    with zipfile.ZipFile(io.BytesIO(downloads._bundle(home, experiment_id, "en"))) as archive:
        assert archive.read("no bundle.txt").decode().startswith(told)
