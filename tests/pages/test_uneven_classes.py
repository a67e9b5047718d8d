"""The form says when classes are uneven, what that means for the verdict, and what can be done about it."""

import pytest

from tests.datasets.crafted import ingest, pictures, zipped
from tests.page_lab import unescaped
from tl import jobs


@pytest.fixture
def sets(home, tmp_path):
    """Nine times as many pictures in one class as in the other, and as many in both."""
    ingest(home, zipped(tmp_path / "x.zip", pictures("many", 90) | pictures("few", 10, seed=500)), "uneven")
    ingest(home, zipped(tmp_path / "y.zip", pictures("one", 20) | pictures("two", 20, seed=500)), "even")


def choose(app, name: str) -> str:
    """What the form says after this set was chosen."""
    app.selectbox(key="form_dataset").select(name).run()
    assert not app.exception
    return unescaped(app)


def test_the_form_says_how_uneven_classes_are_and_what_they_are_judged_by(open_page, sets):
    app = open_page()
    words = choose(app, "uneven")
    uneven = "The largest class has 9 times as many pictures as the smallest"
    assert f"{uneven}, so arms are judged by balanced accuracy unless you choose otherwise." in words
    assert f"{uneven}, so this set is judged by balanced accuracy." in words
    words = choose(app, "even")
    assert "times as many pictures as the smallest" not in words
    assert "Its classes are similar enough in size: this set is judged by accuracy." in words


def test_what_is_chosen_by_hand_needs_no_explanation_and_is_what_starts(open_page, home, sets):
    app = open_page()
    choose(app, "uneven")
    app.selectbox(key="form_judge_by").select("accuracy").run()
    app.selectbox(key="form_balance").select("loss").run()
    assert "this set is judged by" not in unescaped(app)
    app.button(key="form_start").click().run()
    assert not app.exception and not app.error
    experiment = jobs.experiment(home, jobs.list_runs(home)[0].experiment_id)["experiment"]
    assert (experiment.judge_by, experiment.balance) == ("accuracy", "loss")


def test_what_is_judged_by_balanced_accuracy_is_drawn_as_that(open_page, sets):
    app = open_page()
    choose(app, "even")
    app.button(key="form_start").click().run()
    assert "**Validation accuracy**" in unescaped(app)
    app = open_page()
    choose(app, "uneven")
    app.button(key="form_start").click().run()
    words = unescaped(app)
    assert not app.exception and "**Balanced validation accuracy**" in words and "**Validation accuracy**" not in words


def test_the_sweeps_form_says_it_too(open_page, sets):
    app = open_page("pages/1_Data_size.py")
    assert "this set is judged by balanced accuracy." in choose(app, "uneven")
