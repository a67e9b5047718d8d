"""The model library's page: keep a run, use it, rename and delete it; what is refused is one sentence."""

import pytest

from tests import library_lab, page_lab
from tests.library_lab import BACKBONE, SIDE
from tests.page_lab import unescaped
from tl.config import ArmConfig
from tl.jobs import library
from tl.jobs.keep_in_library import keep
from tl.store.files import read_json, write_json
from tl.ui.compose import form_state, network
from tl.ui.manage import runs
from tl.ui.parts import keep_in_library as keep_question

LIBRARY, RUNS = "pages/4_Model_library.py", "pages/2_Runs.py"
TUNE = ArmConfig(name="full_finetuning", strategy="full_finetuning")


@pytest.fixture
def mine(home):
    """Weights of one's own."""
    return keep(home, library_lab.finished(home), "mine")


def test_an_empty_library_says_how_it_fills_and_what_is_here(open_page, home):
    said = unescaped(open_page(LIBRARY))
    assert (
        "Keep as a starting point" in said
        and "MobileNetV2: Tiny ImageNet, 202 classes" in said
        and "Comes with TL Lab" in said
    )


def test_a_finished_run_is_kept_from_its_menu_under_a_name_that_is_free(open_page, home, mine, monkeypatch):
    assert runs.KEEP in runs.ACTIONS["finished"]
    monkeypatch.setattr(runs.st, "menu_button", lambda *_, **about: runs.KEEP)  # no test of a page can open a menu
    app = open_page(RUNS)
    assert app.text_input(key=keep_question.NAME).value == "blossoms-test_resnet"
    assert "joins the model library, without its head" in unescaped(app) and "random weights" in unescaped(app)
    app.text_input(key=keep_question.NAME).set_value("second")
    app.button(key="confirm_keep").click().run()
    assert not app.exception and [entry.source.key for entry in library.entries(home)] == ["mine", "second"]


def test_use_fills_the_form(open_page, home, mine):
    app = open_page(LIBRARY)
    app.button(key="use_mine").click().run()
    assert not app.exception
    state = app.session_state
    assert (state[network.BACKBONE], state[network.WEIGHTS], state[network.RESOLUTION]) == (BACKBONE, "mine", SIDE)
    assert len(state[form_state.ARMS]) == 2


def test_a_card_tells_its_history_as_text_and_who_used_it(open_page, home, mine):
    path = mine.place.with_name("card.json")
    write_json(path, read_json(path) | {"source_data": "**Evil** <b>data</b> :tada:", "licence": "cc-by-nc-4.0"})
    page_lab.submit(home, arms=(TUNE,), backbone=BACKBONE, resolution=SIDE, weights="mine")
    app = open_page(LIBRARY)
    said = unescaped(app)
    assert "**Evil** <b>data</b> :tada: :small[(12 classes, 100 pictures)]" in said and "Used by 1 experiment" in said
    assert any("cc\\-by\\-nc\\-4\\.0" in warning.value for warning in app.warning)


def test_it_is_renamed_and_deleted_after_a_question_unless_it_is_in_use(open_page, home, mine):
    app = open_page(LIBRARY)
    app.button(key="rename_mine").click().run()
    app.text_input(key="library_new_name").set_value("no good")
    app.button(key="confirm_rename").click().run()
    assert "can't be a name" in app.session_state["library_rename_problem"]
    app.button(key="rename_mine").click().run()
    app.text_input(key="library_new_name").set_value("ours")
    app.button(key="confirm_rename").click().run()
    assert [entry.source.key for entry in library.entries(home)] == ["ours"]
    page_lab.submit(home, arms=(TUNE,), backbone=BACKBONE, resolution=SIDE, weights="ours")
    app = open_page(LIBRARY)
    app.button(key="delete_ours").click().run()
    app.button(key="confirm_delete").click().run()
    assert "is queued; they can't be deleted" in unescaped(app) and library.entries(home)
