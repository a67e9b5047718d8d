"""The form where strangers use it: its bounds are the limits, it says them, and what was removed since the last visit."""

import pytest

from tests.page_lab import texts, unescaped
from tl import jobs
from tl.config import new_id
from tl.hosted import settings, visitor, visits
from tl.jobs.measurements import speed
from tl.store.queue import database
from tl.ui.parts.numbers import FIELDS

LIMITS = {"EPOCHS": 7, "SAMPLES": 120, "RESOLUTION": 48, "RUNS_TOGETHER": 4, "UPLOAD_MEGABYTES": 3, "LIFE_HOURS": 5}


@pytest.fixture
def ann(home, monkeypatch):
    """A visitor's home; pages that are opened are theirs."""
    monkeypatch.setenv("TL_HOSTED", "1")
    for name, value in LIMITS.items():
        monkeypatch.setenv(f"TL_LIMIT_{name}", str(value))
    found = home.of(new_id())
    monkeypatch.setattr(visitor, "owner_in", lambda cookies: found.owner)
    monkeypatch.setattr(settings, "check", lambda get_option: None)
    return found


def test_the_forms_bounds_are_the_limits_and_what_it_describes_can_be_started(open_page, ann):
    app = open_page()
    assert "up to 5,000 pictures of 100 classes in 3 MB, 120 training pictures, 48 px, 7 epochs" in unescaped(app)
    assert "removed 5 h after your last visit" in unescaped(app)
    highest = {name: app.session_state[FIELDS][f"form_{name}"].high for name in ("samples", "epochs", "seeds")}
    assert highest == {"samples": 120, "epochs": 7, "seeds": 2}
    assert (app.text_input(key="form_samples").value, app.text_input(key="form_epochs").value) == ("120", "7")
    assert app.selectbox(key="form_resolution").options == ["32 px", "48 px"]
    assert app.get("pills")[0].options == [app.get("pills")[0].options[0]], "what can't be started is not offered"
    app.button(key="form_start").click().run()
    assert not app.exception and len(database.read_runs(ann)) == 4
    experiment = jobs.experiment(ann, database.read_runs(ann)[0].experiment_id)["experiment"]
    assert (experiment.samples, experiment.epochs, experiment.resolution) == (120, 7, 32)


@pytest.mark.parametrize("page", [None, "pages/1_Data_size.py"])
def test_what_may_not_be_started_is_not_measured_either(open_page, ann, monkeypatch, page):
    monkeypatch.setenv("TL_LIMIT_SAMPLES", "3000")
    app = open_page(page)
    assert "At most about" in texts(app)
    asked = []
    monkeypatch.setattr(speed, "known_or_begun", lambda *what: asked.append(what))
    monkeypatch.setattr(speed, "cached", lambda *what: asked.append(what))
    app.text_input(key="form_batch_size").set_value("4096").run()
    assert not app.exception and not asked
    assert "A run would need about" in unescaped(app) and "choose a smaller network, resolution or batch" in unescaped(
        app
    )
    assert not [button for button in app.button if button.key == "form_ask_hints"]


def test_a_sweep_can_be_started_as_it_is_offered(open_page, ann, monkeypatch):
    monkeypatch.setenv("TL_LIMIT_SAMPLES", "200")
    app = open_page("pages/1_Data_size.py")
    assert "Sizes: 100 · 200" in texts(app) and not app.error
    app.button(key="sweep_start").click().run()
    assert not app.exception and not app.error
    assert {row.experiment.samples for row in database.read_runs(ann)} == {100, 200}


def test_more_arms_leave_room_for_fewer_seeds(open_page, ann):
    app = open_page()
    app.text_input(key="form_seeds").set_value("2").run()
    app.button(key="form_add_arm").click().run()
    assert not app.exception and "“Seeds” must be 1, not 2." in unescaped(app)
    app.text_input(key="form_seeds").set_value("1").run()
    assert not app.error
    app.button(key="form_add_arm").click().run()
    assert app.button(key="form_add_arm").disabled


def test_a_full_queue_is_said_where_start_was_pressed_and_nothing_is_queued(open_page, ann, monkeypatch):
    monkeypatch.setenv("TL_LIMIT_RUNS_EVERYBODY", "3")
    for owner in (ann, ann.of(new_id())):
        if owner is not ann:
            monkeypatch.setattr(visitor, "owner_in", lambda cookies, owner=owner: owner.owner)
        app = open_page()
        app.text_input(key="form_seeds").set_value("1").run()
        app.button(key="form_start").click().run()
        assert not app.exception
    assert "all visitors together would have 4 runs training or waiting; this demo allows 3" in unescaped(app)
    assert len(database.read_runs(ann, everyone=True)) == 2


def test_uploads_are_bounded_where_they_are_chosen(open_page, ann):
    app = open_page()
    app.session_state["form_uploader"] = True
    app.run()
    [uploader] = app.get("file_uploader")
    assert uploader.proto.max_upload_size_mb == 3


def test_a_returning_visitor_reads_what_was_removed_until_they_leave(open_page, ann):
    visits.note_removed(ann, 24, "1 data set and 3 runs, 40 MB")
    app = open_page()
    told = "Your workspace was removed after 24 h without a visit, just now: 1 data set and 3 runs, 40 MB."
    assert told in unescaped(app)
    app.run()
    assert told in unescaped(app)
    assert "Your workspace was removed" not in unescaped(open_page())


def test_a_visit_is_noted(open_page, ann):
    ann.path.mkdir(parents=True)
    open_page("pages/2_Runs.py")
    assert (ann.path / visits.STAMP).exists()


def test_locally_nothing_is_said_of_limits(open_page, home):
    app = open_page()
    assert "This demo" not in texts(app) and len(app.get("pills")[0].options) > 1
    assert app.session_state[FIELDS]["form_epochs"].high == 1000
