"""Taking a model home from the page: exported for the arm that did best on validation, trained once more on all pictures."""

from types import SimpleNamespace

import pytest

from tests import page_lab
from tests.page_lab import texts, unescaped
from tl import jobs
from tl.jobs import background, exports
from tl.jobs.exports import State
from tl.policy import Policy
from tl.store.files import write_bytes
from tl.store.home import Home
from tl.store.queue import database


@pytest.fixture
def trained(home) -> SimpleNamespace:
    """A finished experiment of two arms with three seeds each, whose networks are here."""
    experiment_id = page_lab.finished(home, seeds=3)
    for row in page_lab.rows(home, experiment_id):
        write_bytes(home.run(row.run_id).best, b"weights")
    best = max(jobs.list_runs(home, experiment_id), key=lambda run: run.best_val_accuracy)
    return SimpleNamespace(experiment_id=experiment_id, best=best)


@pytest.fixture
def started(monkeypatch) -> list:
    """What was started in the background, instead of starting it."""
    found = []

    def start(command: list[str], *_, **__) -> SimpleNamespace:
        found.append((command[2], command[3:]))
        return SimpleNamespace(pid=0, wait=lambda: None)

    monkeypatch.setattr(background, "detached", start)
    monkeypatch.setattr(background, "give_way", lambda pid: None)
    return found


def test_the_best_run_on_validation_is_exported_and_then_downloaded(home, open_page, trained, started):
    app = open_page(experiment=trained.experiment_id)
    assert f"Seed {trained.best.seed}: the best of its runs on the validation pictures" in texts(app)
    app.button(key="take_home_export_verdict").click().run()
    assert started == [("tl.cli.export_model", [str(home.path), trained.best.run_id])]
    exports.write_state(home, trained.best.run_id, State(problem="The disk is full."))
    assert "The disk is full\\." in texts(open_page(experiment=trained.experiment_id))
    write_bytes(exports.place(home, trained.best.run_id), bytes(2_000_000))
    app = open_page(experiment=trained.experiment_id)
    (button,) = (each for each in app.get("download_button") if "model" in each.proto.label)
    assert button.proto.label == "Download the model (2 MB)"


def test_hosted_pictures_leave_only_with_consent(home, open_page, trained, started, monkeypatch):
    monkeypatch.setattr(Home, "policy", Policy(takes_pictures_home=False))
    app = open_page(experiment=trained.experiment_id)
    assert not app.checkbox(key="take_home_pictures_verdict").value
    app.button(key="take_home_export_verdict").click().run()
    assert started[-1][1][-1] == "--without-pictures"
    app = open_page(experiment=trained.experiment_id)
    app.checkbox(key="take_home_pictures_verdict").check().run()
    app.button(key="take_home_export_verdict").click().run()
    assert "--without-pictures" not in started[-1][1]


def test_what_has_no_network_here_is_not_offered(home, open_page):
    app = open_page(experiment=page_lab.finished(home))
    assert "Use the model elsewhere" not in [each.label for each in app.expander]


def test_what_a_run_learned_is_kept_beside_its_verdict(home, open_page, trained):
    app = open_page(experiment=trained.experiment_id)
    app.button(key="take_home_keep_verdict").click().run()
    assert "joins the model library, without its head" in unescaped(app)
    assert app.text_input(key="keep_name").value and app.button(key="confirm_keep")


def test_drawn_pictures_make_no_final_model(home, open_page, trained):
    app = open_page(experiment=trained.experiment_id)
    app.button(key="take_home_final_verdict").click().run()
    assert "can make as many pictures as you want" in app.error[0].value
    assert len({row.experiment_id for row in database.read_runs(home)}) == 1
