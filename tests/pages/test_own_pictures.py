"""Giving back pictures on the page: a button for one's own, a question before, what follows; ended runs stay readable."""

import pytest
from streamlit.testing.v1 import AppTest

from tests import page_lab
from tests.datasets.crafted import ingest, two_classes, zipped
from tests.page_lab import texts, unescaped
from tl import datasets, jobs
from tl.config import Experiment
from tl.jobs.measurements import speed
from tl.store.files import write_json

DELETE = "delete_set_x"


@pytest.fixture
def mine(home, tmp_path):
    """A home with pictures of one's own, named x."""
    ingest(home, zipped(tmp_path / "x.zip", two_classes("", 8)), "x")
    return home


def keys(app) -> list[str]:
    return [button.key for button in app.button]


def delete_x() -> None:
    from tl.store.home import Home
    from tl.ui.compose import own_pictures
    from tl.ui.parts.problems import show_kept

    own_pictures.delete(Home(), "x")
    show_kept(own_pictures.PROBLEM)


def test_only_ones_own_pictures_have_the_button_and_it_asks_first(open_page, mine):
    app = open_page()
    assert not [key for key in keys(app) if "delete_set" in key]
    app.selectbox(key="form_dataset").select("x").run()
    app.button(key=DELETE).click().run()
    assert "are permanently deleted. Runs trained on them keep their results" in texts(app) and datasets.has(mine, "x")


def test_own_pictures_begin_with_imagenet_weights_unless_something_was_changed(open_page, mine):
    app = open_page()
    assert app.selectbox(key="form_backbone").value == "resnet18_narrow"
    app.selectbox(key="form_dataset").select("x").run()
    assert not app.exception and app.selectbox(key="form_dataset").value == "x"
    chosen = [app.selectbox(key=f"form_{name}").value for name in ("backbone", "weights", "resolution")]
    assert chosen == ["efficientnet_lite0", "imagenet", 128]
    assert "ImageNet weights, no download" in texts(app)

    app = open_page()
    app.text_input(key="form_epochs").input("7").run()
    app.selectbox(key="form_dataset").select("x").run()
    assert app.selectbox(key="form_backbone").value == "resnet18_narrow"


@pytest.mark.parametrize(("pictures_per_second", "side"), [(20_000, 224), (0.01, 64)], ids=["fast", "slow"])
def test_own_pictures_begin_at_the_resolution_that_this_machine_is_fast_enough_for(
    open_page, mine, pictures_per_second, side
):
    names = ("train_images_per_second", "eval_images_per_second", "head_only_images_per_second", "startup_seconds")
    speeds = dict.fromkeys(names, pictures_per_second) | {"startup_seconds": 1.0, "time": 1.0}
    write_json(mine.probes_path, {speed._key("mobilenet_v2", 64, 32): speeds})
    app = open_page()
    app.selectbox(key="form_dataset").select("x").run()
    assert app.selectbox(key="form_resolution").value == side
    assert "ImageNet weights, no download" in texts(app), "it is still the preset"


def test_a_deleted_choice_falls_back_to_the_first_with_its_own_number(open_page, mine):
    app = open_page()
    app.selectbox(key="form_dataset").select("x").run()
    jobs.delete_dataset(mine, "x")
    app.run()
    assert not app.exception and app.selectbox(key="form_dataset").value == "blossoms"
    assert app.text_input(key="form_samples").value == "500"


def test_a_damaged_one_has_the_button_beside_its_sentence(open_page, mine):
    write_json(mine.dataset_dir("x") / "dataset.json", {})
    app = open_page()
    assert "dataset.json is damaged" in unescaped(app) and DELETE in keys(app)


def test_why_it_can_not_be_deleted_is_one_sentence(mine):
    jobs.submit(mine, Experiment(dataset="x", samples=4, epochs=1, arms=page_lab.ARMS))
    app = AppTest.from_function(delete_x, default_timeout=60).run()
    assert "is queued; stop it first" in unescaped(app) and len(app.error) == 1 and not app.exception
    assert datasets.has(mine, "x")


def test_what_learned_them_is_still_shown_and_resuming_is_refused_in_one_sentence(open_page, mine):
    experiment_id = jobs.submit(mine, Experiment(dataset="x", samples=4, epochs=6, arms=page_lab.ARMS))
    first, second = page_lab.rows(mine, experiment_id)
    page_lab.end(mine, first, "finished")
    page_lab.end(mine, second, "stopped", epochs=2)
    jobs.delete_dataset(mine, "x")
    app = open_page(experiment=experiment_id)
    assert "x (no longer here)" in unescaped(app)
    app.button(key=f"resume_{second.run_id}").click().run()
    assert "can't go on: its pictures, the data set 'x', were deleted" in unescaped(app) and not app.exception
    assert "x (no longer here)" in unescaped(open_page("pages/2_Runs.py"))
